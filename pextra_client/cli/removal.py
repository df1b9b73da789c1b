"""Deleting several objects, each when nothing refers to it any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pextra_client.cli.output import Output
from pextra_client.cli.progress import Awaited, wait_for_all
from pextra_client.client import Client
from pextra_client.discovery import Kind
from pextra_client.errors import ApiError
from pextra_client.waiting import Until

_GONE = frozenset({"object.not_found", "object.uid_mismatch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One object to delete.

    Args:
        kind: of the object.
        name: of the object.
        tenant: whose it is; None for cloud-wide kinds.
        uid: to tell it from a namesake.
        missing_ok: whether it may have gone already.
    """

    kind: Kind
    name: str
    tenant: str | None
    uid: str | None = None
    missing_ok: bool = True


def remove(
    client: Client,
    removals: Sequence[Removal],
    out: Output,
    *,
    cascade: bool = False,
    wait: bool,
    timeout_s: float,
    deleted: Callable[[Removal, str], None],
) -> None:
    """Deletes objects in the order given, kind by kind.

    Deleting takes time, and what still goes may refer to what goes next. So all of one kind have gone before
    the next kind's turn, whether or not the end is waited for.

    Args:
        client: whom to ask.
        removals: referrers before what they refer to.
        out: where progress is shown.
        cascade: take along what depends on them.
        wait: whether to wait until the last have gone.
        timeout_s: for each kind's.
        deleted: called with each object and `deleting`, `deleted` or `absent`.

    Raises:
        ApiError: `object.in_use`, `object.not_found` unless it may be missing, …
        WaitTimeoutError: something does not go in time.
    """
    going: list[Awaited] = []
    for removal in removals:
        if going and going[-1].kind != removal.kind:
            wait_for_all(client, going, out, timeout_s=timeout_s)
            going = []
        try:
            remains = client.delete(removal.kind, removal.name, tenant=removal.tenant, uid=removal.uid, cascade=cascade)
        except ApiError as error:
            if error.code not in _GONE or not removal.missing_ok:
                raise
            deleted(removal, "absent")
            continue
        deleted(removal, "deleted" if remains is None else "deleting")
        if remains is not None:
            going.append(
                Awaited(
                    kind=removal.kind,
                    name=removal.name,
                    tenant=removal.tenant,
                    until=Until.DELETED,
                    uid=remains["metadata"].get("uid"),
                )
            )
    if wait and going:
        wait_for_all(client, going, out, timeout_s=timeout_s)
