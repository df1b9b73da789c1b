"""Why an instance is where it is, or on no host."""

from __future__ import annotations

from typing import Any

from pextra.declaration import conditions
from pextra.declaration.kind import Spec
from pextra.errors import PextraError
from pextra.scheduling.filters import FILTERS
from pextra.scheduling.place import NoPlacement, place
from pextra.scheduling.request import Request
from pextra.services import placement, reading
from pextra.services.cloud import Address, Context
from pextra.store.records import Record


def explain(ctx: Context, address: Address) -> dict[str, Any]:
    """Why the object at the address is on its host, or what would be decided of it now.

    Of a placed one it is what was written down when it was placed, of one that waits a decision on the present hosts,
    which changes nothing. A tenant is told counts and reasons; which host comes closest, and what it lacks, only who
    runs the cloud.

    Raises:
        PextraError: `object.not_found`; `route.not_found` where objects are not placed.
    """
    kind = address.kind
    if not kind.placed:
        raise PextraError("route.not_found", "There is no such route.")
    record = reading.get(ctx, address).record
    host: str = record.status.get("host", "")
    answer: dict[str, Any] = {"uid": record.uid, "host": host, "waits": not host, "filters": []}
    if host:
        return answer | {"decision": record.status.get("placement", {}), "message": f"Placed on host {host}."}
    ready = conditions.find(record.status.get("conditions", []), "ready")
    answer["message"] = ready["message"] if ready is not None else ""
    asked = _asked(ctx, record, kind.effective(record.spec, record.spec_version))
    if record.deleting or asked is None:
        return answer
    decision = place(placement.present(ctx, [asked]), asked)
    rejected = decision.explanation.rejected
    answer["filters"] = [
        {"name": one.name, "rejected": rejected[one.name], "why": one.why(asked)}
        for one in FILTERS
        if one.name in rejected
    ]
    answer["decision"] = placement.explained(decision, for_operator=ctx.principal.is_cloud)
    if isinstance(decision, NoPlacement):
        answer["message"] = decision.explanation.why
        closest = decision.explanation.as_dict().get("closest")
        if closest is not None and ctx.principal.is_cloud:
            answer["closest"] = closest
    else:
        answer["message"] = f"It can be placed, and will be soon: {decision.explanation.why}."
    return answer


def _asked(ctx: Context, record: Record, spec: Spec) -> Request | None:
    """What is wanted of a host; None while that is not known: the object's conditions say what it waits for first."""
    if not placement.needed_first(spec) <= record.resolved.keys():
        return None
    try:
        bound = placement.bound_now(ctx, record, spec)
    except ValueError:
        return None
    return placement.request_of(record, spec, bound) if bound is not None else None
