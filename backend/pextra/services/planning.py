"""Plans: what writes would do, found out by doing them in a transaction that is rolled back.

The plan is therefore the truth of the snapshot that it ran on: every check, reference, quota and conflict is the real
one. See backend/adr/0003-plans-are-rolled-back-transactions.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final, cast

from pextra.declaration.kind import Scope
from pextra.errors import PextraError, invalid
from pextra.services import chains, deleting, departing, placement, reading, tenancy, views, writing
from pextra.services.cloud import Address, Context, Preconditions, Written
from pextra.services.documents import mapping
from pextra.store import objects, quota

MAX_CHANGES: Final = 1000
ACTIONS: Final = ("create", "update", "restart", "replace", "delete", "none")


def one(ctx: Context, address: Address, work: Callable[[Context], Written]) -> dict[str, Any]:
    """The change that one write would make, with the object as it would be.

    Raises:
        PextraError: as the write itself would.
    """
    outcome = work(ctx)
    deletes = outcome.record is None or outcome.record.deleting
    change = _change(ctx, address, "delete" if deletes else "put", outcome)
    if outcome.record is not None:
        change["object"] = views.written(ctx.cloud, ctx.tx, outcome)
    if deletes and outcome.before is not None:
        change["takes_along"] = departing.taken_along(ctx, outcome.before)
    placement.preview(ctx, [(change, outcome)])
    return change


def batch(ctx: Context, body: Any) -> dict[str, Any]:
    """What a batch of changes would do, in the order in which they depend on one another.

    Raises:
        PextraError: `spec.invalid` when the batch itself cannot be read; what is wrong with one change is reported in
            that change.
    """
    document = mapping(body, "(body)", "plan")
    unknown = set(document) - {"changes", "prune"}
    if unknown:
        raise invalid([{"field": name[:80], "message": "there is no such field"} for name in sorted(unknown)], "plan")
    wanted = document.get("changes", [])
    if not isinstance(wanted, list) or len(cast("list[Any]", wanted)) > MAX_CHANGES:
        raise invalid([{"field": "changes", "message": f"must be a list of at most {MAX_CHANGES} changes"}], "plan")
    steps = [_step(ctx, i, item) for i, item in enumerate(cast("list[Any]", wanted))]
    pruned = _pruned(ctx, document["prune"], steps) if document.get("prune") is not None else []
    order = {kind.name: place for place, kind in enumerate(ctx.cloud.registry.order)}
    puts = sorted((s for s in steps if s[0] == "put"), key=lambda s: (order[s[1].kind.name], s[1].name.count(".")))
    deletes = pruned + [s for s in steps if s[0] == "delete"]
    deletes.sort(key=lambda s: (-order[s[1].kind.name], -s[1].name.count(".")))
    planned = [_plan(ctx, *step) for step in [*puts, *deletes]]
    placed = placement.preview(ctx, [(change, outcome) for change, outcome in planned if outcome is not None])
    changes = [change for change, _ in planned]
    summary = Counter(c["action"] for c in changes if not c["problems"])
    return {
        "changes": changes,
        "quota": _quota(ctx, changes),
        **({} if placed is None else {"placement": placed}),
        "summary": {a: summary[a] for a in ACTIONS} | {"problems": sum(bool(c["problems"]) for c in changes)},
    }


Step = tuple[str, Address, Any]


def _step(ctx: Context, index: int, item: Any) -> Step:
    where = f"changes[{index}]"
    change = mapping(item, where, "plan")
    verb, manifest = change.get("verb"), mapping(change.get("object"), f"{where}.object", "plan")
    if verb not in ("put", "delete"):
        raise invalid([{"field": f"{where}.verb", "message": "must be put or delete"}], "plan")
    return str(verb), address_of(ctx, manifest, f"{where}.object"), manifest


def address_of(ctx: Context, manifest: dict[str, Any], where: str) -> Address:
    """The address that a manifest names.

    Raises:
        PextraError: `spec.invalid`.
    """
    kind = ctx.cloud.registry.named(str(manifest.get("kind", "")))
    metadata = mapping(manifest.get("metadata"), f"{where}.metadata", "plan")
    name, tenant = metadata.get("name"), metadata.get("tenant")
    if not isinstance(name, str) or not name.isprintable():
        raise invalid([{"field": f"{where}.metadata.name", "message": "is required"}], "plan")
    if kind.scope is Scope.CLOUD:
        return Address(kind, None, name)
    if not isinstance(tenant, str) or not tenant.isprintable():
        raise invalid([{"field": f"{where}.metadata.tenant", "message": "is required"}], "plan")
    return Address(kind, tenant, name)


def _pruned(ctx: Context, prune: Any, steps: list[Step]) -> list[Step]:
    rules = mapping(prune, "prune", "plan")
    labels, tenant, kinds = rules.get("labels"), rules.get("tenant"), rules.get("kinds")
    if not isinstance(labels, str) or not labels or not isinstance(tenant, str):
        message = "needs `labels` and `tenant`, so that it cannot delete what is not meant"
        raise invalid([{"field": "prune", "message": message}], "plan")
    named = cast("list[Any]", kinds) if isinstance(kinds, list) else []
    if kinds is not None and (not named or not all(isinstance(k, str) and k in ctx.cloud.registry for k in named)):
        message = f"must be a list of kinds; there are {', '.join(k.name for k in ctx.cloud.registry)}"
        raise invalid([{"field": "prune.kinds", "message": message}], "plan")
    kept = {(s[1].kind.name, s[1].tenant, s[1].name) for s in steps}
    found: list[Step] = []
    for kind in ctx.cloud.registry:
        if kind.scope is Scope.CLOUD or not kind.writable or (kinds is not None and kind.name not in kinds):
            continue
        names = reading.names(ctx, reading.ListQuery(kind, tenant, labels=labels, limit=MAX_CHANGES))
        found += [("delete", Address(kind, tenant, n), None) for n in names if (kind.name, tenant, n) not in kept]
    return sorted(found, key=lambda step: -_height(ctx, step[1]))


def _height(ctx: Context, address: Address) -> int:
    """How many of its own kind an object that the caller may read stands on."""
    if address.tenant is None or not chains.possible(address.kind):
        return 0
    tenant = tenancy.find(ctx.cloud, ctx.tx, address.tenant)
    record = objects.by_name(ctx.tx, tenant.uid, address.kind.name, address.name) if tenant is not None else None
    return len(chains.below(ctx, address.kind, record.tenant_uid, record.uid)) if record is not None else 0


def _plan(ctx: Context, verb: str, address: Address, manifest: Any) -> tuple[dict[str, Any], Written | None]:
    try:
        with ctx.tx.savepoint():
            ctx.unknown.clear()
            ctx.levels.clear()
            if verb == "put":
                outcome = writing.put(ctx, address, manifest, Preconditions())
            else:
                uid = mapping(manifest, "object", "plan").get("metadata", {}).get("uid") if manifest else None
                outcome = deleting.delete(ctx, address, Preconditions(uid=uid), cascade=False)
            return _change(ctx, address, verb, outcome), outcome
    except PextraError as error:
        if verb == "delete" and error.code == "object.not_found":
            return _nothing(address, verb, []), None
        if error.code.startswith("store."):
            raise
        return _nothing(address, verb, [error.problem()]), None


def _nothing(address: Address, verb: str, problems: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "verb": verb,
        "kind": address.kind.name,
        "tenant": address.tenant,
        "name": address.name,
        "action": "none",
        "fields": [],
        "quota": {},
        "unknown": [],
        "problems": problems,
        "preconditions": {},
    }


def _change(ctx: Context, address: Address, verb: str, outcome: Written) -> dict[str, Any]:
    change = _nothing(address, verb, [])
    before = outcome.before
    if before is not None:
        change["uid"] = before.uid
        change["preconditions"] = {"uid": before.uid, "etag": before.etag}
    else:
        change["preconditions"] = {"absent": True}
    change["action"] = _action(verb, outcome)
    change["fields"] = list(outcome.fields)
    change["quota"] = outcome.charge
    change["unknown"] = list(ctx.unknown)
    return change


def _action(verb: str, outcome: Written) -> str:
    if verb == "delete" or outcome.record is None or (outcome.record.deleting and outcome.changed):
        return "delete" if outcome.changed else "none"
    if outcome.before is None:
        return "create"
    if not outcome.changed:
        return "none"
    effects = {f["effect"] for f in outcome.fields}
    return next((e for e in ("replace", "restart") if e in effects), "update")


def _quota(ctx: Context, changes: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, int | None]]]:
    """For each tenant that a change charges: limit, used before and used after."""
    deltas: dict[str, Counter[str]] = {}
    for change in changes:
        if change["quota"]:
            deltas.setdefault(change["tenant"], Counter()).update(change["quota"])
    result: dict[str, dict[str, dict[str, int | None]]] = {}
    for path, delta in deltas.items():
        tenant = tenancy.find(ctx.cloud, ctx.tx, path)
        if tenant is None:
            continue
        now = quota.usage(ctx.tx, tenant.uid)
        result[path] = {
            name: {
                "limit": now[name].ceiling if name in now else 0,
                "used": (now[name].used if name in now else 0) - amount,
                "after": now[name].used if name in now else 0,
            }
            for name, amount in delta.items()
        }
    return result
