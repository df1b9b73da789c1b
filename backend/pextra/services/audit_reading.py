"""Reading the audit log: entries, heads and proofs of a tenant's chain, also of a tenant that is gone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from pextra.errors import PextraError
from pextra.pki.audit_key import public_pem
from pextra.services import authorization, bounds
from pextra.services.cloud import Context, Principal, Tenant
from pextra.store import audit
from pextra.store import audit_reading as store
from pextra.store.audit import SignedHead
from pextra.store.audit_reading import Chain, Filter
from pextra.store.database import Tx
from pextra.tenancy import actions
from pextra.transparency.tree import Tree

MOST_EXPORTED: Final = 10_000
"""How many entries one export answers with; the caller goes on behind them."""
PART: Final = 200


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose chain is asked for: a tenant's path, and the uid of one that had it where there were several."""

    path: str
    uid: str | None = None


def _absent(whose: Whose) -> NoReturn:
    raise PextraError("object.not_found", f"There is no audit log of tenant {whose.path!r}.")


def chain_of(ctx: Context, whose: Whose) -> Chain:
    """The chain, if the caller may do `audit.read` there.

    Nothing is looked up for who does not reach the path. Of a tenant that is gone only those above it can be meant, and
    they are recognised by their uids: a path is used again, by others.

    Raises:
        PextraError: `object.not_found`, `auth.denied`.
    """
    if not ctx.principal.reaches(whose.path):
        _absent(whose)
    living = authorization.tenant_at(ctx, whose.path)
    if living is not None and whose.uid in (None, living.uid):
        authorization.require_action(ctx, actions.AUDIT_READ, whose.path)
        bounds.enter(ctx, living)
        return store.chain(ctx.tx, living.uid) or Chain(living.uid, living.path, None)
    if not any(g.covers(whose.path) and actions.AUDIT_READ in g.actions for g in ctx.principal.grants):
        _absent(whose)
    for chain in store.chains_at(ctx.tx, whose.path):
        if whose.uid in (None, chain.tenant_uid) and _was_below(ctx.tx, ctx.principal, chain):
            bounds.enter(ctx, Tenant(chain.tenant_uid, chain.path, True))
            return chain
    _absent(whose)


def _was_below(tx: Tx, principal: Principal, chain: Chain) -> bool:
    if principal.is_cloud:
        return True
    above = chain.parent_uid
    while above is not None:
        if above == principal.tenant_uid:
            return True
        parent = store.chain(tx, above)
        above = parent.parent_uid if parent is not None else None
    return False


def _head(ctx: Context, chain: Chain) -> SignedHead:
    found = audit.head(ctx.tx, ctx.cloud.site.uid, chain.tenant_uid)
    if found is None:
        raise PextraError("object.not_found", f"Nothing of tenant {chain.path!r} is sealed yet: try again in a moment.")
    return found


def listed(
    ctx: Context, whose: Whose, wanted: Filter, *, newest_first: bool, page: str | None, limit: int
) -> dict[str, Any]:
    """A page of entries.

    Raises:
        PextraError: `object.not_found`, `request.parameter`.
    """
    chain = chain_of(ctx, whose)
    newest = audit.head(ctx.tx, ctx.cloud.site.uid, chain.tenant_uid)
    size = newest.head.size if newest is not None else 0
    start = _start(page)
    found, following = store.page(
        ctx.tx, chain.tenant_uid, wanted, newest_first=newest_first, start=start, size=size, limit=limit
    )
    body: dict[str, Any] = {
        "kind": "audit_entry_list",
        "items": [json.loads(entry.body) for entry in found],
        "size": size,
    }
    if following is not None:
        body["next_page"] = str(following)
    return body


def _start(page: str | None) -> int | None:
    if page is None:
        return None
    if not (page.isascii() and page.isdigit() and len(page) <= 18):
        raise PextraError("request.parameter", "page: is not a page token that this server gave.")
    return int(page)


def head(ctx: Context, whose: Whose) -> dict[str, Any]:
    """The newest signed head.

    Raises:
        PextraError: `object.not_found`.
    """
    chain = chain_of(ctx, whose)
    return _with_key(_head(ctx, chain)) | {"type": "head", "tenant_path": chain.path}


def _with_key(signed: SignedHead) -> dict[str, Any]:
    return signed.as_dict() | {"public_key": public_pem(signed.head.key)}


def _sized(ctx: Context, chain: Chain, size: int | None, parameter: str) -> SignedHead:
    newest = _head(ctx, chain)
    if size is None or size == newest.head.size:
        return newest
    found = store.head_of_size(ctx.tx, ctx.cloud.site.uid, chain.tenant_uid, size)
    if found is None:
        raise PextraError(
            "request.parameter",
            f"{parameter}: no head of size {size} was signed; the newest has {newest.head.size} entries.",
        )
    return found


def inclusion(ctx: Context, whose: Whose, sequence: int, size: int | None) -> dict[str, Any]:
    """The proof that an entry is in the chain.

    Raises:
        PextraError: `object.not_found`, `request.parameter`.
    """
    chain = chain_of(ctx, whose)
    signed = _sized(ctx, chain, size, "size")
    if sequence > signed.head.size:
        raise PextraError("request.parameter", f"sequence: the chain has {signed.head.size} entries, not {sequence}.")
    read = audit.reader(ctx.tx, chain.tenant_uid)
    path = Tree(signed.head.size, read).inclusion(sequence - 1)
    entry = store.span(ctx.tx, chain.tenant_uid, sequence, sequence, limit=1)
    return {
        "type": "inclusion",
        "sequence": sequence,
        "leaf_hash": read(0, sequence - 1, 1)[0].hex(),
        "path": [p.hex() for p in path],
        **({"entry": json.loads(entry[0].body)} if entry else {}),
        **_with_key(signed),
    }


def consistency(ctx: Context, whose: Whose, earlier: int, later: int | None) -> dict[str, Any]:
    """The proof that the chain of the later size begins with that of the earlier.

    Raises:
        PextraError: `object.not_found`, `request.parameter`.
    """
    chain = chain_of(ctx, whose)
    signed = _sized(ctx, chain, later, "to")
    if earlier > signed.head.size:
        raise PextraError("request.parameter", f"from: the chain has {signed.head.size} entries, not {earlier}.")
    path = Tree(signed.head.size, audit.reader(ctx.tx, chain.tenant_uid)).consistency(earlier)
    return {"type": "consistency", "from": earlier, "path": [p.hex() for p in path], **_with_key(signed)}


@dataclass(frozen=True, slots=True)
class Export:
    """An export that can begin.

    Attributes:
        start: what its first line says.
    """

    chain: Chain
    start: dict[str, Any]
    first: int
    last: int


def export(ctx: Context, whose: Whose, first: int | None, last: int | None) -> Export:
    """Which entries an export holds, and what its receiver needs to continue the chain with them.

    Raises:
        PextraError: `object.not_found`, `request.parameter`.
    """
    chain = chain_of(ctx, whose)
    size = _head(ctx, chain).head.size
    pruned = store.pruned_size(ctx.tx, chain.tenant_uid)
    first = pruned + 1 if first is None else first
    last = size if last is None else last
    if first <= pruned:
        raise PextraError("request.parameter", f"from: the entries up to {pruned} were pruned.")
    if not first <= last + 1 <= size + 1:
        raise PextraError("request.parameter", f"from and to: the chain has the entries {pruned + 1} to {size}.")
    peaks = Tree(first - 1, audit.reader(ctx.tx, chain.tenant_uid)).peaks()
    start: dict[str, Any] = {
        "type": "start",
        "version": 1,
        "site": ctx.cloud.site.uid,
        "tenant": chain.tenant_uid,
        "tenant_path": chain.path,
        "size": first - 1,
        "peaks": [p.hex() for p in peaks],
    }
    if first > 1:
        start["chain_hash"] = store.link_at(ctx.tx, chain.tenant_uid, first - 1)
    return Export(chain, start, first, min(last, first + MOST_EXPORTED - 1))


def part(ctx: Context, whose: Whose, export: Export, first: int) -> list[str]:
    """The next lines of an export, each a JSON document; the caller's right is looked at again.

    Raises:
        PextraError: `object.not_found`.
    """
    chain_of(ctx, Whose(whose.path, export.chain.tenant_uid))
    entries = store.span(ctx.tx, export.chain.tenant_uid, first, export.last, limit=PART)
    return [f'{{"type":"entry","chain_hash":"{e.chain_hash}","entry":{e.body}}}' for e in entries]
