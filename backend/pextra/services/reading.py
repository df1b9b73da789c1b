"""GET of one object and of lists."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pextra.declaration.kind import Kind, Scope
from pextra.errors import PextraError
from pextra.services import authorization, bounds, positions, resolution, selectors, views
from pextra.services.cloud import SYSTEM, Address, Context, Tenant
from pextra.store import events, objects
from pextra.store.objects import Condition
from pextra.store.records import Record


@dataclass(frozen=True, slots=True)
class Found:
    """An object and its tenant's path."""

    record: Record
    tenant_path: str | None


def get(ctx: Context, address: Address) -> Found:
    """The object at the address, if the caller may read it; a tenant's object that is shared with the caller's too.

    Raises:
        PextraError: `object.not_found`.
    """
    kind, site_uid = address.kind, ctx.cloud.site.uid
    if kind.scope is Scope.CLOUD:
        authorization.require(ctx, address, authorization.READ)
        record = objects.by_name(ctx.tx, site_uid, kind.name, address.name)
        if record is None or not authorization.may_read(ctx, address, record):
            authorization.absent(address)
        return Found(record, None)
    assert address.tenant is not None
    tenant = authorization.tenant_at(ctx, address.tenant)
    # the same queries whether the tenant, the object or only the right to it is missing
    owner_uid = bounds.owner_uid(ctx, tenant, address.tenant, kind)
    record = objects.by_name(ctx.tx, owner_uid, kind.name, address.name)
    if record is not None and record.tenant_uid != owner_uid:
        record = None
    if not ctx.principal.reaches(address.tenant):
        home = ctx.principal.tenant_path
        shared = resolution.shared_with(ctx.tx, owner_uid, kind.name, address.name, home)
        at_home = authorization.may_read(ctx, Address(kind, home, address.name))
        record = record if shared and at_home else None
    elif record is not None:
        authorization.require(ctx, address, authorization.READ, record)
    else:
        authorization.require(ctx, address, authorization.READ)
    if record is None:
        authorization.absent(address)
    return Found(record, address.tenant)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list is asked for."""

    kind: Kind
    tenant: str | None
    labels: str | None = None
    filters: Sequence[str] = ()
    recursive: bool = False
    limit: int = 100
    page: str | None = None


def names(ctx: Context, query: ListQuery) -> list[str]:
    """The names of the objects that the query finds in its tenant.

    Raises:
        PextraError: as `listed`.
    """
    tenants = _tenants(ctx, query)
    records = objects.page(
        ctx.tx,
        [tenants[0].uid],
        query.kind.name,
        conditions=_conditions(query),
        after=None,
        limit=query.limit,
    )
    return [r.name for r in authorization.readable(ctx, query.kind, query.tenant, records)]


def _conditions(query: ListQuery) -> list[Condition]:
    terms = selectors.labels(query.labels) if query.labels else []
    terms += selectors.fields(query.kind, query.filters)
    return [objects.indexed(query.kind.name, t.key, t.values, negate=t.negate) for t in terms]


def listed(ctx: Context, query: ListQuery) -> dict[str, Any]:
    """A page of objects in the order of tenant and name, with the position from which a watch goes on.

    Raises:
        PextraError: `object.not_found` for a tenant that the caller does not reach; `request.parameter`.
    """
    kind = query.kind
    tenants = _tenants(ctx, query)
    conditions = _conditions(query)
    if kind.name == "tenant":
        conditions.extend(_reached_tenants(ctx))
    uids = [t.uid for t in tenants]
    paths = {t.uid: t.path for t in tenants}
    shown = _shown(ctx, query, paths, conditions)
    more, shown = len(shown) > query.limit, shown[: query.limit]
    body: dict[str, Any] = {
        "kind": f"{kind.name}_list",
        "items": [views.view(ctx.cloud, ctx.tx, r, paths[r.tenant_uid]) for r in shown],
        "position": positions.encode(dict.fromkeys(uids, 0) | events.positions(ctx.tx, uids)),
    }
    if more:
        body["next_page"] = _page_end(shown[-1])
    return body


def _shown(ctx: Context, query: ListQuery, paths: dict[str, str], conditions: list[Condition]) -> list[Record]:
    """What the caller may read of the page, and one more if there is: a page ends with nothing that is hidden.

    Otherwise its end would tell the name, and short pages the number, of what the caller may not read.
    """
    kind, in_tenant = query.kind, query.kind.scope is Scope.TENANT
    found: list[Record] = []
    after, size = _page_start(query.page), query.limit + 1
    while True:
        records = objects.page(ctx.tx, list(paths), kind.name, conditions=conditions, after=after, limit=size)
        for record in records:
            path = paths[record.tenant_uid] if in_tenant else None
            if authorization.may_read(ctx, Address(kind, path, record.name), record):
                found.append(record)
        if len(found) > query.limit or len(records) < size:
            return found
        after, size = (records[-1].tenant_uid, records[-1].name), _BEHIND_HIDDEN


def _reached_tenants(ctx: Context) -> list[Condition]:
    """Which tenants a list looks at; what it shows of them is decided one by one."""
    principal = ctx.principal
    roots = {principal.tenant_path, *(grant.path for grant in principal.grants)}
    return [] if SYSTEM in roots else [objects.below_any(sorted(roots))]


def _tenants(ctx: Context, query: ListQuery) -> list[Tenant]:
    authorization.require_list(ctx, query.kind, query.tenant)
    if query.kind.scope is Scope.CLOUD:
        return [Tenant(ctx.cloud.site.uid, "", False)]
    assert query.tenant is not None
    tenant = authorization.tenant_at(ctx, query.tenant)
    if tenant is None:
        raise PextraError("object.not_found", f"There are no {query.kind.plural} of tenant {query.tenant!r}.")
    below = objects.descendants(ctx.tx, ctx.cloud.site.uid, tenant.path) if query.recursive else []
    tenants = [tenant, *(Tenant(uid, path, False) for uid, path in below)]
    bounds.enter(ctx, *tenants)
    return tenants


_BEHIND_HIDDEN: Final = 500
"""How many objects are looked at in one go when a page would hold less than was asked for."""
_PAGE: Final = re.compile(r"([0-9a-f-]{36})/([a-z0-9.-]{1,253})")
_NO_PAGE: Final = "page: is not a page token that this server gave."


def _page_end(last: Record) -> str:
    return base64.urlsafe_b64encode(f"{last.tenant_uid}/{last.name}".encode()).decode().rstrip("=")


def _page_start(token: str | None) -> tuple[str, str] | None:
    if token is None:
        return None
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    except (ValueError, binascii.Error) as error:
        raise PextraError("request.parameter", _NO_PAGE) from error
    found = _PAGE.fullmatch(text)
    if found is None:
        raise PextraError("request.parameter", _NO_PAGE)
    return found[1], found[2]
