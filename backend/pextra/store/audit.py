"""The audit log as it is written: noted with what it tells of, sealed into one chain a tenant afterwards.

`note` is part of the transaction that changes something. `seal` moves what was committed into the chains. It is run by
one leased loop; nothing is changed that was sealed before.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import Row, delete, func, select

from pextra.store.database import Tx
from pextra.store.records import timestamp
from pextra.store.tables import audit_chain, audit_entry, audit_head, audit_node, audit_pruned
from pextra.store.tables import pending_audit as pending
from pextra.transparency import chain
from pextra.transparency.canonical import canonical
from pextra.transparency.chain import Head
from pextra.transparency.tree import Reader, Tree, completed, leaf_hash

log = logging.getLogger("pextra.audit")

BATCH: Final = 500


class Signer(Protocol):
    """Signs heads."""

    public_hex: str

    def sign(self, message: bytes) -> bytes:
        """The signature."""
        ...

    def successions(self, previous: str) -> list[dict[str, str]]:
        """The signed steps from an earlier key to this one."""
        ...


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head and its signature, hex."""

    head: Head
    signature: str

    def as_dict(self) -> dict[str, Any]:
        """The wire form."""
        return {"head": self.head.as_dict(), "signature": self.signature}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tenant is, or was: its path, and the uid of the tenant above, None at the top or when it is not known."""

    path: str
    parent_uid: str | None


def note(tx: Tx, tenant_uid: str, *, generation: int, body: Mapping[str, Any]) -> None:
    """Note in this transaction, for the tenant's chain, what `body` tells."""
    uid = tx.new_uid()
    text = canonical({**body, "id": uid, "at": timestamp(tx.now_us)}).decode()
    tx.conn.execute(
        pending.insert().values(uid=uid, tenant_uid=tenant_uid, at_us=tx.now_us, generation=generation, body=text)
    )


def pending_any(tx: Tx) -> bool:
    """Whether something waits to be sealed."""
    return tx.conn.execute(select(pending.c.uid).limit(1)).first() is not None


def lag(tx: Tx) -> tuple[int, int]:
    """(number, age of the oldest in microseconds) of what is not sealed yet."""
    number, first = tx.conn.execute(select(func.count(), func.min(pending.c.at_us)).select_from(pending)).one()
    return number, max(0, tx.now_us - first) if first is not None else 0


def head(tx: Tx, site: str, tenant_uid: str) -> SignedHead | None:
    """The newest head of the chain; None when nothing was sealed into it."""
    row = tx.conn.execute(
        select(audit_head).where(audit_head.c.tenant_uid == tenant_uid).order_by(audit_head.c.size.desc()).limit(1)
    ).first()
    if row is None:
        return None
    return SignedHead(
        Head(site, tenant_uid, row.size, row.root, row.chain_hash, timestamp(row.at_us), row.key), row.signature
    )


def reader(tx: Tx, tenant_uid: str) -> Reader:
    """Where the tree of the tenant's chain gets its hashes from."""

    def read(level: int, first: int, count: int) -> Sequence[bytes]:
        leaves: list[bytes] = []
        if level == 0:
            rows = tx.conn.execute(
                select(audit_entry.c.leaf_hash)
                .where(
                    audit_entry.c.tenant_uid == tenant_uid,
                    audit_entry.c.sequence > first,
                    audit_entry.c.sequence <= first + count,
                )
                .order_by(audit_entry.c.sequence)
            )
            leaves = [bytes.fromhex(r[0]) for r in rows]
            if len(leaves) == count:
                return leaves
        # leaves are among the nodes once their entries were pruned, which takes the first ones first
        rows = tx.conn.execute(
            select(audit_node.c.hash)
            .where(
                audit_node.c.tenant_uid == tenant_uid,
                audit_node.c.level == level,
                audit_node.c.position >= first,
                audit_node.c.position < first + count,
            )
            .order_by(audit_node.c.position)
        )
        found = [*(bytes.fromhex(r[0]) for r in rows), *leaves]
        if len(found) != count:
            raise BrokenChain(f"of the chain of {tenant_uid}, {count - len(found)} hashes of level {level} lack")
        return found

    return read


class BrokenChain(Exception):
    """What is stored of a chain does not fit together: somebody tampered with the database, or it was damaged."""


# --- sealing ---


def seal(
    tx: Tx,
    site: str,
    signer: Signer,
    *,
    places: Callable[[Tx, set[str]], Mapping[str, Place]],
    broken: set[str],
    limit: int = BATCH,
) -> int:
    """Move at most `limit` pending entries into their chains, and sign a head for each that grew; tells how many.

    A chain whose stored head does not fit what is stored beneath it is left as it is, and its entries stay pending.

    Args:
        broken: tenants whose chains are left alone; those that are found to be so are added.
        places: where tenants are in the tree of tenants, by uid, as far as they exist.
    """
    waiting = select(pending).order_by(pending.c.at_us, pending.c.generation).limit(limit)
    if broken:
        waiting = waiting.where(pending.c.tenant_uid.not_in(sorted(broken)))
    rows = tx.conn.execute(waiting).all()
    by_tenant: dict[str, list[Row[Any]]] = {}
    for row in rows:
        by_tenant.setdefault(row.tenant_uid, []).append(row)
    known = _known(tx, by_tenant)
    where = places(tx, by_tenant.keys() - known)
    sealed: list[str] = []
    for tenant_uid, group in by_tenant.items():
        if tenant_uid not in known:
            place = where.get(tenant_uid) or Place(str(json.loads(group[0].body).get("tenant_path", "")), None)
            row = {"tenant_uid": tenant_uid, "path": place.path, "parent_uid": place.parent_uid, "since_us": tx.now_us}
            tx.insert(audit_chain, [row])
        try:
            _extend(tx, site, tenant_uid, group, signer)
        except BrokenChain as error:
            log.critical("audit entries are not sealed, and wait: %s", error)
            broken.add(tenant_uid)
            continue
        sealed += [row.uid for row in group]
    for start in range(0, len(sealed), 500):
        tx.conn.execute(delete(pending).where(pending.c.uid.in_(sealed[start : start + 500])))
    return len(sealed)


def _known(tx: Tx, tenants: Iterable[str]) -> set[str]:
    rows = tx.conn.execute(select(audit_chain.c.tenant_uid).where(audit_chain.c.tenant_uid.in_(list(tenants))))
    return {r[0] for r in rows}


def _extend(tx: Tx, site: str, tenant_uid: str, rows: Sequence[Row[Any]], signer: Signer) -> None:
    last = head(tx, site, tenant_uid)
    size = last.head.size if last is not None else 0
    stored = reader(tx, tenant_uid)
    before = bytes.fromhex(last.head.chain_hash) if last is not None else chain.origin(site, tenant_uid)
    if last is not None and Tree(size, stored).root().hex() != last.head.root:
        raise BrokenChain(f"the chain of {tenant_uid} does not have the root that its head {size} says")
    bodies: list[tuple[str, int, dict[str, Any]]] = [(r.uid, r.at_us, json.loads(r.body)) for r in rows]
    if last is None or last.head.key != signer.public_hex:
        bodies.insert(0, _key_entry(tx, last, signer))
    entries: list[dict[str, Any]] = []
    leaves: list[bytes] = []
    for sequence, (uid, at_us, body) in enumerate(bodies, size + 1):
        text = canonical({**body, "version": 1, "site": site, "tenant": tenant_uid, "sequence": sequence})
        leaves.append(leaf_hash(text))
        before = chain.link(before, leaves[-1])
        entries.append(_row(tenant_uid, sequence, uid, at_us, body, leaves[-1], before, text))
    tx.insert(audit_entry, entries)

    def read(level: int, first: int, count: int) -> Sequence[bytes]:
        if level > 0 or first + count <= size:
            return stored(level, first, count)
        old = list(stored(0, first, size - first)) if first < size else []
        return [*old, *leaves[max(first, size) - size : first + count - size]]

    grown = size + len(leaves)
    nodes = completed(size, grown, read)
    tx.insert(
        audit_node,
        [{"tenant_uid": tenant_uid, "level": n[0], "position": n[1], "hash": n[2].hex()} for n in nodes],
    )
    root = Tree(grown, read).root().hex()
    now = Head(site, tenant_uid, grown, root, before.hex(), timestamp(tx.now_us), signer.public_hex)
    tx.insert(
        audit_head,
        [
            {
                "tenant_uid": tenant_uid,
                "size": grown,
                "root": root,
                "chain_hash": now.chain_hash,
                "at_us": tx.now_us,
                "key": now.key,
                "signature": signer.sign(now.statement()).hex(),
            }
        ],
    )


def _key_entry(tx: Tx, last: SignedHead | None, signer: Signer) -> tuple[str, int, dict[str, Any]]:
    """The entry that names the key which signs from here on."""
    uid = tx.new_uid()
    body: dict[str, Any] = {
        "id": uid,
        "at": timestamp(tx.now_us),
        "action": "audit.key",
        "outcome": "succeeded",
        "principal": {"kind": "system", "name": "pextra"},
        "key": signer.public_hex,
    }
    if last is not None:
        body["previous_key"] = last.head.key
        body["successions"] = signer.successions(last.head.key)
    return uid, tx.now_us, body


def _row(
    tenant_uid: str, sequence: int, uid: str, at_us: int, body: dict[str, Any], leaf: bytes, link: bytes, text: bytes
) -> dict[str, Any]:
    principal: dict[str, Any] = body.get("principal", {})
    about: dict[str, Any] = body.get("object", {})
    return {
        "tenant_uid": tenant_uid,
        "sequence": sequence,
        "uid": uid,
        "at_us": at_us,
        "principal_uid": principal.get("uid", ""),
        "principal": principal.get("name", ""),
        "action": body["action"],
        "object_kind": about.get("kind", ""),
        "object_name": about.get("name", ""),
        "object_uid": about.get("uid", ""),
        "outcome": body["outcome"],
        "leaf_hash": leaf.hex(),
        "chain_hash": link.hex(),
        "body": text.decode(),
    }


# --- pruning, which only the owner of the tables may do ---


def prune(tx: Tx, tenant_uid: str, *, before_us: int, limit: int = 10_000) -> int:
    """Take away at most `limit` of the chain's oldest entries that were made before then; tells how many.

    Their leaf hashes stay among the nodes, so that every proof can still be made; the newest entry always stays.
    """
    first = pruned(tx, tenant_uid)[0]
    here = audit_entry.c.tenant_uid == tenant_uid
    rows = tx.conn.execute(
        select(audit_entry.c.sequence, audit_entry.c.at_us, audit_entry.c.leaf_hash, audit_entry.c.chain_hash)
        .where(here, audit_entry.c.sequence > first)
        .order_by(audit_entry.c.sequence)
        .limit(limit + 1)
    ).all()
    old: list[Row[Any]] = []
    for row in rows[:-1]:
        if row.at_us >= before_us:
            break
        old.append(row)
    if not old:
        return 0
    tx.insert(
        audit_node,
        [{"tenant_uid": tenant_uid, "level": 0, "position": r.sequence - 1, "hash": r.leaf_hash} for r in old],
    )
    last = old[-1]
    mark = {"tenant_uid": tenant_uid, "size": last.sequence, "chain_hash": last.chain_hash, "at_us": tx.now_us}
    tx.insert(audit_pruned, [mark])
    tx.conn.execute(delete(audit_entry).where(here, audit_entry.c.sequence <= last.sequence))
    return len(old)


def pruned(tx: Tx, tenant_uid: str) -> tuple[int, str | None]:
    """How many of the chain's first entries were pruned, and the link of the last of them."""
    row = tx.conn.execute(
        select(audit_pruned.c.size, audit_pruned.c.chain_hash)
        .where(audit_pruned.c.tenant_uid == tenant_uid)
        .order_by(audit_pruned.c.size.desc())
        .limit(1)
    ).first()
    return (row.size, row.chain_hash) if row is not None else (0, None)
