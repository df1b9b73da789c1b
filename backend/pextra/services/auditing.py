"""What the audit log is told: every mutation in its own transaction, every refusal in one of its own.

Whose chain: that of the tenant whose object it is. Tenants themselves are told of in the chain of the tenant above,
other cloud-wide objects in that of the cloud's own tenant. A refusal is told in the chain of the tenant that was
addressed when the caller reaches it, else in the caller's own, whoever owns what was addressed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pextra.declaration.kind import Scope
from pextra.services import bounds, tenancy
from pextra.services.cloud import Cloud, Context, Origin, Principal
from pextra.store import audit, audit_reading, objects
from pextra.store.audit import Place
from pextra.store.database import Tx
from pextra.store.records import Record

MOST_BYTES: Final = 32_768
"""How large the changes or arguments of one entry may be, as JSON; of larger ones, values give way to their digests."""
MOST_CHANGES: Final = 500
MOST_TEXT: Final = 253


def changed(
    ctx: Context,
    verb: str,
    record: Record,
    tenant_path: str | None,
    *,
    changes: Sequence[Mapping[str, Any]] = (),
    arguments: Mapping[str, Any] | None = None,
    operation: str | None = None,
    minted: bool = False,
    cause: str = "",
) -> None:
    """Note that something was done to the object; part of the transaction that does it. Plans leave nothing.

    Args:
        record: the object as it is afterwards.
        tenant_path: its tenant's; looked up when it is not known.
        changes: the wire form of each field that changed, with secrets masked.
        operation: uid of the operation that carries it out.
        minted: a credential was shown.
        cause: what else was being deleted.
    """
    if ctx.planning:
        return
    chain_uid, path = _chain_of(ctx, record, tenant_path)
    entry = _entry(f"{record.kind}.{verb}", ctx.principal, ctx.origin) | {
        "object": _object(record, path if record.tenant_uid == chain_uid else None),
        "outcome": "succeeded",
        "reason": ctx.reason or "the product itself",
        "tenant_path": path,
    }
    if changes:
        entry["changes"] = _bounded(changes)
    if arguments:
        entry["arguments"] = arguments if _size(arguments) <= MOST_BYTES else _digest(arguments)
    if operation is not None:
        entry["operation"] = operation
    if minted:
        entry["minted"] = True
    if cause:
        entry["cause"] = f"{cause} is being deleted"
    with bounds.beyond(ctx.tx, {chain_uid}):  # that of the tenant above, when it is a tenant
        audit.note(ctx.tx, chain_uid, generation=record.generation, body=entry)


def agent_did(cloud: Cloud, tx: Tx, action: str, host: Record, origin: Origin, reason: str) -> None:
    """Note what the agent of a host was given."""
    entry: dict[str, Any] = {
        "action": action,
        "principal": {"kind": "agent", "uid": host.uid, "name": host.name},
        "object": _object(host, None),
        "outcome": "succeeded",
        "reason": reason,
        "minted": True,
        "tenant_path": "system",
        **_from(origin),
    }
    audit.note(tx, cloud.site.system_uid, generation=host.generation, body=entry)


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused.

    Attributes:
        principal: None when nobody was recognised.
        action: such as `instance.delete`.
        tenant: the tenant's path as it was addressed.
        error: the stable code.
        reason: which rule refused it; empty when the code says all.
        chain: uid and path of the tenant in whose chain it is told, when that is not the caller's.
    """

    principal: Principal | None
    origin: Origin
    action: str
    kind: str
    tenant: str | None
    name: str
    error: str
    reason: str = ""
    chain: tuple[str, str] | None = None


def refused(cloud: Cloud, tx: Tx, what: Refused, *, count: int = 1) -> None:
    """Note a refusal, or several that were alike since the one that was noted before.

    What was addressed is told in the caller's words alone. Whether it exists is looked up only where the caller may
    know it, so that neither the entry nor the time that it takes tells a stranger more than the refusal did.
    """
    principal = what.principal
    chain_uid, path = what.chain or (cloud.site.system_uid, "system")
    if principal is not None:
        chain_uid, path = principal.tenant_uid, principal.tenant_path
        if what.tenant is not None and what.tenant != path and principal.reaches(what.tenant):
            found = tenancy.find(cloud, tx, what.tenant)
            if found is not None:
                chain_uid, path = found.uid, found.path
    addressed = {"kind": what.kind, "tenant": what.tenant, "name": what.name}
    entry = _entry(_shown(what.action), principal, what.origin) | {
        "object": {name: _shown(value) for name, value in addressed.items() if value},
        "outcome": "refused",
        "error": what.error,
        "tenant_path": path,
    }
    if what.reason:
        entry["reason"] = what.reason
    if count > 1:
        entry["count"] = count
    bounds.only(tx, chain_uid)
    audit.note(tx, chain_uid, generation=0, body=entry)


def prune(cloud: Cloud, older_than: timedelta) -> int:
    """Take the entries of every chain away that are older, and note in each that it was done; tells how many."""
    total = 0
    for chain in cloud.database.read(audit_reading.chains):

        def work(tx: Tx, uid: str = chain.tenant_uid, path: str = chain.path) -> int:
            before_us = tx.now_us - int(older_than.total_seconds() * 1_000_000)
            taken = audit.prune(tx, uid, before_us=before_us)
            if taken:
                entry = {"action": "audit.prune", "principal": {"kind": "system", "name": "pextra"}}
                told = {"outcome": "succeeded", "arguments": {"entries": taken, "older_than_days": older_than.days}}
                audit.note(tx, uid, generation=0, body={**entry, **told, "tenant_path": path})
            return taken

        while taken := cloud.database.write(work):
            total += taken
    return total


def places(tx: Tx, site_uid: str, uids: set[str]) -> dict[str, Place]:
    """Where tenants are, by uid, as far as they exist."""
    found: dict[str, Place] = {}
    for uid, path in objects.tenant_paths(tx, site_uid, uids).items():
        above = path.rpartition(".")[0]
        parent = objects.by_name(tx, site_uid, "tenant", above) if above else None
        found[uid] = Place(path, parent.uid if parent is not None else None)
    return found


def _shown(text: str) -> str:
    """A stranger's words, bounded, and without what a database or a terminal would stumble over."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:MOST_TEXT])


def _entry(action: str, principal: Principal | None, origin: Origin) -> dict[str, Any]:
    if principal is None:
        who: dict[str, Any] = {"kind": "anonymous"}
    elif not principal.uid:
        who = {"kind": "system", "name": principal.name}
    else:
        who = {
            "kind": principal.kind,
            "uid": principal.uid,
            "name": principal.name,
            "tenant": principal.tenant_path,
        }
        who |= {"credential": principal.token_uid} if principal.token_uid else {}  # a password is no object
        who |= {"groups": list(principal.groups)} if principal.groups else {}
    return {"action": action[:127], "principal": who, **_from(origin)}


def _from(origin: Origin) -> dict[str, Any]:
    source = {"address": origin.address, "user_agent": origin.user_agent}
    entry: dict[str, Any] = {}
    if any(source.values()):
        entry["source"] = {name: value for name, value in source.items() if value}
    if origin.request_id:
        entry["request"] = origin.request_id
    return entry


def _object(record: Record, path: str | None) -> dict[str, Any]:
    where = {"tenant": path} if path is not None else {}
    return {"kind": record.kind, **where, "name": record.name, "uid": record.uid, "generation": record.generation}


def _chain_of(ctx: Context, record: Record, path: str | None) -> tuple[str, str]:
    """Uid and path of the tenant in whose chain a change of the object is told."""
    cloud = ctx.cloud
    if cloud.registry[record.kind].scope is Scope.TENANT:
        if path is None:
            owner = tenancy.by_uid(cloud, ctx.tx, record.tenant_uid)
            path = owner.path if owner is not None else ""
        return record.tenant_uid, path
    above = record.name.rpartition(".")[0] if record.kind == "tenant" else ""
    parent = tenancy.find(cloud, ctx.tx, above) if above else None
    return (parent.uid, parent.path) if parent is not None else (cloud.site.system_uid, "system")


def _bounded(changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    shown = [{"path": c["path"], "before": c["before"], "after": c["after"]} for c in changes[:MOST_CHANGES]]
    if _size(shown) > MOST_BYTES:
        most = MOST_BYTES // (2 * len(shown))
        for change in shown:
            for side in ("before", "after"):
                if _size(change[side]) > most:
                    change[side] = _digest(change[side])
    if len(changes) > MOST_CHANGES:
        rest = [dict(c) for c in changes[MOST_CHANGES:]]
        shown.append({"path": f"({len(rest)} more)", "before": None, "after": _digest(rest)})
    return shown


def _size(value: Any) -> int:
    return len(json.dumps(value))


def _digest(value: Any) -> dict[str, Any]:
    """What stands for a value that is too large: enough to recognise it by."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    return {"sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)}
