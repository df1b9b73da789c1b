"""Objects that refer to others of their own kind, which refer to others in turn."""

from __future__ import annotations

from pextra.declaration.kind import Kind
from pextra.services import bounds
from pextra.services.cloud import Context
from pextra.store import references


def possible(kind: Kind) -> bool:
    """Whether objects of the kind refer to others of it."""
    return any(facts.ref is not None and facts.ref.kind == kind.name for facts in kind.references)


def below(ctx: Context, kind: Kind, tenant_uid: str, uid: str) -> set[str]:
    """The uids of those of its kind that the object refers to, and so on."""
    found: set[str] = set()
    ahead = [(tenant_uid, uid)]
    while ahead:
        tenant_uid, uid = ahead.pop()
        with bounds.beyond(ctx.tx, {tenant_uid}):
            named = [r for r in references.of(ctx.tx, tenant_uid, uid) if r.target_kind == kind.name]
        ahead += [(r.target_tenant_uid, r.target_uid) for r in named if r.target_uid not in found]
        found.update(r.target_uid for r in named)
    return found
