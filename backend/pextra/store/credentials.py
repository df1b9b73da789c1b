"""Bearer tokens, as hashes."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, bindparam, delete, insert, select

from pextra.store.database import Tx
from pextra.store.tables import credential, resource

PREFIX: Final = "pxt_"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose token it is."""

    user_uid: str
    user: str
    tenant_uid: str
    token_uid: str
    enabled: bool
    expires_us: int | None


_HOLDER = (
    select(credential, resource.c.name, resource.c.spec, resource.c.deleting_us)
    .select_from(
        credential.join(
            resource, and_(resource.c.tenant_uid == credential.c.tenant_uid, resource.c.uid == credential.c.user_uid)
        )
    )
    .where(credential.c.token_hash == bindparam("token_hash"))
)


def mint() -> str:
    """A new token: 256 bits of chance in URL-safe letters."""
    return PREFIX + secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """How a token is stored. A plain digest suffices: there is nothing to guess in 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def add(tx: Tx, token: str, *, tenant_uid: str, token_uid: str, user_uid: str, expires_us: int | None) -> None:
    """Make a token valid."""
    tx.conn.execute(
        insert(credential).values(
            token_hash=hashed(token),
            tenant_uid=tenant_uid,
            token_uid=token_uid,
            user_uid=user_uid,
            expires_us=expires_us,
        )
    )


def expire(tx: Tx, tenant_uid: str, token_uid: str, expires_us: int | None) -> None:
    """Change when a token stops being accepted."""
    tx.conn.execute(
        credential.update()
        .where(credential.c.tenant_uid == tenant_uid, credential.c.token_uid == token_uid)
        .values(expires_us=expires_us)
    )


def revoke(tx: Tx, tenant_uid: str, token_uid: str) -> None:
    """Stop accepting a token."""
    tx.conn.execute(
        delete(credential).where(credential.c.tenant_uid == tenant_uid, credential.c.token_uid == token_uid)
    )


def holder(tx: Tx, token: str) -> Holder | None:
    """Whose token this is, whether it may still be used or not; None for a token that nobody has."""
    row = tx.conn.execute(_HOLDER, {"token_hash": hashed(token)}).first()
    if row is None:
        return None
    enabled = row.spec.get("enabled", True) and row.deleting_us is None
    return Holder(row.user_uid, row.name, row.tenant_uid, row.token_uid, enabled, row.expires_us)
