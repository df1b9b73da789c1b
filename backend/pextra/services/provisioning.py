"""Users that are made when they come: of somebody whom an identity provider knows, and no user names."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from pextra.services import bootstrap, bounds, tenancy, writing
from pextra.services.cloud import Address, Cloud, Context, Preconditions, lineage
from pextra.store import authority, identities, objects
from pextra.store.database import Tx
from pextra.store.records import Record

_UNFIT: Final = re.compile(r"[^a-z0-9]+")
_MOST_NAME: Final = 40


def ensure_user(cloud: Cloud, provider: Record, subject: str, called: str) -> None:
    """Make a user of somebody whom none names; without any rights but those of the provider's groups.

    Args:
        subject: who they are at the provider.
        called: what they are called there; no proof of anything.

    Raises:
        PextraError: `quota.exceeded`: the tenant has no room for another user.
    """

    def known(tx: Tx) -> bool:
        return identities.user_of(tx, provider.tenant_uid, provider.uid, subject) is not None

    def make(tx: Tx) -> None:
        tenant = tenancy.by_uid(cloud, tx, provider.tenant_uid)
        if tenant is None or tenant.deleting or known(tx):
            return  # what comes next tells why not, or finds the user
        if any(level.suspended for level in authority.levels(tx, cloud.site.uid, lineage(tenant.path))):
            return
        bounds.only(tx, provider.tenant_uid)
        ctx = Context(cloud, tx, bootstrap.root_principal(cloud))
        ctx.reason = f"identity provider {tenant.path}/{provider.name} makes users"
        spec = {
            "display_name": "".join(c for c in called if c.isprintable())[:120],
            "identity": {"provider": provider.name, "subject": subject},
        }
        name = _free_name(tx, provider, subject, called)
        writing.put(ctx, Address(cloud.registry["user"], tenant.path, name), {"spec": spec}, Preconditions())

    if not cloud.database.read(known):
        cloud.database.write(make)


def _free_name(tx: Tx, provider: Record, subject: str, called: str) -> str:
    """A name like the one that they have there; one that is taken gets letters behind it that stay the same."""
    plain = _UNFIT.sub("-", called.partition("@")[0].lower()).strip("-")[:_MOST_NAME].strip("-")
    name = plain if plain[:1].isalpha() else f"user-{plain}".strip("-")
    if plain and objects.by_name(tx, provider.tenant_uid, "user", name) is None:
        return name
    return f"{name}-{hashlib.sha256(f'{provider.uid} {subject}'.encode()).hexdigest()[:12]}"
