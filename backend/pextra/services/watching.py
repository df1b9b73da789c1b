"""What a watch may see, and how an event reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pextra.declaration.kind import Scope
from pextra.errors import PextraError
from pextra.services import authorization, bounds, positions, views
from pextra.services.cloud import Address, Context, Tenant
from pextra.store import events, objects
from pextra.store.events import Event
from pextra.store.records import Record, timestamp


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched: a tenant's objects, or with a cloud-wide kind the cloud's."""

    kind: str | None = None
    tenant: str | None = None
    recursive: bool = False
    position: str | None = None


def open_watch(ctx: Context, watch: Watch) -> dict[str, int]:
    """The streams that the watch follows, each with the position behind which it goes on.

    Raises:
        PextraError: `object.not_found` for a tenant that the caller does not reach, `watch.expired`,
        `request.parameter`.
    """
    streams = _streams(ctx, watch)
    heads = events.positions(ctx.tx, streams)
    if watch.position is None:
        return {stream: heads.get(stream, 0) for stream in streams}
    given = positions.decode(watch.position)
    start = {stream: given.get(stream, 0) for stream in streams}
    for stream, position in start.items():
        if position + 1 < events.oldest(ctx.tx, stream):
            raise PextraError(
                "watch.expired",
                "Events behind this position are no longer kept: list again and watch from there.",
            )
    return start


def _streams(ctx: Context, watch: Watch) -> list[str]:
    kind = ctx.cloud.registry.named(watch.kind) if watch.kind is not None else None
    if watch.tenant is None:
        if kind is None or kind.scope is not Scope.CLOUD:
            raise PextraError("request.parameter", "tenant: name the tenant to watch, or a cloud-wide kind.")
        authorization.require_list(ctx, kind, None)
        return [ctx.cloud.site.uid]
    tenant = authorization.tenant_at(ctx, watch.tenant)
    if tenant is None or not ctx.principal.reaches(tenant.path):
        raise PextraError("object.not_found", f"There is no tenant {watch.tenant!r}.")
    if kind is not None:
        authorization.require_list(ctx, kind, watch.tenant)
    below = objects.descendants(ctx.tx, ctx.cloud.site.uid, tenant.path) if watch.recursive else []
    bounds.enter(ctx, tenant, *(Tenant(uid, path, False) for uid, path in below))
    return [tenant.uid, *(uid for uid, _ in below)]


def shows(
    ctx: Context, watch: Watch, event: Event, tenant_path: str | None, record: Record | None, *, sent: bool
) -> bool:
    """Whether the caller sees this event of its streams.

    Args:
        record: the object as it is now; None when it has gone.
        sent: whether the caller was told of the object before. Where a policy decides by what the object is, only
            then is it told that it has gone.
    """
    if watch.kind is not None and event.kind != watch.kind:
        return False
    address = Address(ctx.cloud.registry[event.kind], tenant_path, event.name)
    if record is None and not sent and authorization.depends_on_object(ctx, address, authorization.READ):
        return False
    return authorization.may_read(ctx, address, record)


def paths(ctx: Context, streams: Iterable[str]) -> dict[str, str]:
    """The tenants' paths by stream."""
    return objects.tenant_paths(ctx.tx, ctx.cloud.site.uid, streams)


def line(ctx: Context, event: Event, record: Record | None, tenant_path: str | None, position: str) -> dict[str, Any]:
    """The wire form of an event; `position` is the watch's after it."""
    shown: dict[str, Any] = {
        "type": event.type,
        "position": position,
        "kind": event.kind,
        "tenant": tenant_path,
        "name": event.name,
        "uid": event.object_uid,
        "revision": event.revision,
        "at": timestamp(event.at_us),
    }
    if record is not None and event.type != "deleted":
        shown["object"] = views.view(ctx.cloud, ctx.tx, record, tenant_path)
    return shown
