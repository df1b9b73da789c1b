"""What goes along with an object that is deleted, told before it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from pextra.declaration.kind import Scope
from pextra.services import authorization, bounds
from pextra.services.cloud import Address, Context
from pextra.store import objects
from pextra.store.records import Record

SHOWN: Final = 1000
"""How many objects are named; all are counted."""


def taken_along(ctx: Context, record: Record) -> dict[str, Any]:
    """What goes along with the object, after its deletion in the present transaction, which is a dry run's.

    A tenant is emptied later by its controller; what that will take is looked up instead.

    Returns:
        `count`; `kinds`, how many of each; and `objects`, the first of them by kind, tenant, name and uid: those that
        the principal may read.
    """
    if record.kind == "tenant":
        return _of_tenant(ctx, record)
    others = [each for each in ctx.marked if each.uid != record.uid]
    paths = objects.tenant_paths(ctx.tx, ctx.cloud.site.uid, {each.tenant_uid for each in others})
    kinds = Counter(each.kind for each in others)
    return _told(ctx, kinds, ((each, paths.get(each.tenant_uid)) for each in others))


def _of_tenant(ctx: Context, record: Record) -> dict[str, Any]:
    below = objects.descendants(ctx.tx, ctx.cloud.site.uid, record.name)
    paths = dict([(record.uid, record.name), *below])
    with bounds.beyond(ctx.tx, paths):
        return _of_tenants(ctx, below, paths)


def _of_tenants(ctx: Context, below: list[tuple[str, str]], paths: dict[str, str]) -> dict[str, Any]:
    census = objects.census(ctx.tx, paths)
    kinds = Counter({"tenant": len(below)} if below else {})
    for (_, kind), number in census.items():
        kinds[kind] += number

    def each() -> Iterator[tuple[Record, str | None]]:
        tenants = objects.by_uids(ctx.tx, [(ctx.cloud.site.uid, uid) for uid, _ in below])
        yield from ((tenants[uid], None) for uid, _ in below)
        for kind in ctx.cloud.registry.order:
            for uid, path in paths.items():
                if (uid, kind.name) in census:
                    yield from ((found, path) for found in objects.of_kind(ctx.tx, uid, kind.name))

    return _told(ctx, kinds, each())


def _told(ctx: Context, kinds: Counter[str], found: Iterable[tuple[Record, str | None]]) -> dict[str, Any]:
    named: list[dict[str, Any]] = []
    for record, path in found:
        if len(named) == SHOWN:
            break
        kind = ctx.cloud.registry[record.kind]
        address = Address(kind, path if kind.scope is Scope.TENANT else None, record.name)
        if authorization.may_read(ctx, address, record):
            named.append({"kind": record.kind, "tenant": address.tenant, "name": record.name, "uid": record.uid})
    order = {kind.name: place for place, kind in enumerate(ctx.cloud.registry.order)}
    return {
        "count": kinds.total(),
        "kinds": {name: kinds[name] for name in sorted(kinds, key=order.__getitem__)},
        "objects": named,
    }
