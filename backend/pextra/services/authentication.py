"""Who is asking."""

from __future__ import annotations

from pextra.errors import PextraError
from pextra.services.cloud import Cloud, Principal
from pextra.store import credentials, objects
from pextra.store.database import Tx


def unauthenticated() -> PextraError:
    """The refusal of a token, the same whatever is wrong with it."""
    return PextraError(
        "auth.unauthenticated", "A valid bearer token is required: it is missing, unknown, expired or revoked."
    )


def authenticate(cloud: Cloud, tx: Tx, token: str | None) -> Principal:
    """The principal that the bearer token stands for.

    It is looked up in this transaction, so that a revoked token is refused at once.

    Raises:
        PextraError: `auth.unauthenticated`; the same for a token that is unknown, expired, revoked or of a disabled
        user.
    """
    holder = credentials.holder(tx, token) if token else None
    if holder is None or not holder.is_usable(tx.now_us):
        raise unauthenticated()
    is_cloud = holder.tenant_uid == cloud.site.system_uid
    tenant = objects.by_uid(tx, cloud.site.uid, holder.tenant_uid)
    if tenant is None or tenant.deleting:
        raise PextraError("auth.unauthenticated", "The token's tenant is being deleted.")
    return Principal(
        uid=holder.user_uid,
        name=holder.user,
        tenant_uid=holder.tenant_uid,
        tenant_path=tenant.name,
        token_uid=holder.token_uid,
        is_cloud=is_cloud,
    )
