"""What was measured last of an object."""

from __future__ import annotations

from typing import Any

from pextra.errors import PextraError
from pextra.services import reading
from pextra.services.cloud import Address, Context
from pextra.store import samples
from pextra.store.records import timestamp


def latest(ctx: Context, address: Address) -> dict[str, Any]:
    """The latest sample of the object at the address, if the caller may read it.

    Raises:
        PextraError: `object.not_found`; `route.not_found` where nothing is measured of such objects.
    """
    kind = address.kind
    if kind.sample is None:
        raise PextraError("route.not_found", "There is no such route.")
    record = reading.get(ctx, address).record
    host_uid = record.status.get("host_uid", "")
    found = samples.of(ctx.tx, host_uid, record.uid) if host_uid else None
    measured = {} if found is None else {**found.counters, "at": timestamp(found.at_us)}
    return kind.sample.model_validate({**measured, "uid": record.uid}).model_dump(mode="json")
