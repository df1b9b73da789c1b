"""Bearer tokens, as hashes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, and_, bindparam, delete, insert, select

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

    def is_usable(self, now_us: int) -> bool:
        """Whether the token may be used then."""
        return self.enabled and (self.expires_us is None or self.expires_us > now_us)


_AT_ONCE: Final = 500
_HOLDERS = select(credential, resource.c.name, resource.c.spec, resource.c.deleting_us).select_from(
    credential.join(
        resource, and_(resource.c.tenant_uid == credential.c.tenant_uid, resource.c.uid == credential.c.user_uid)
    )
)
_HOLDER = _HOLDERS.where(credential.c.token_hash == bindparam("token_hash"))


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


def usable(tx: Tx, tokens: Collection[tuple[str, str]]) -> set[str]:
    """The uids of those of the tokens, by (tenant uid, token uid), that may be used still."""
    wanted: dict[str, list[str]] = {}
    for tenant_uid, token_uid in set(tokens):
        wanted.setdefault(tenant_uid, []).append(token_uid)
    found: set[str] = set()
    for tenant_uid, uids in wanted.items():
        for start in range(0, len(uids), _AT_ONCE):
            some = credential.c.token_uid.in_(uids[start : start + _AT_ONCE])
            rows = tx.conn.execute(_HOLDERS.where(credential.c.tenant_uid == tenant_uid, some))
            found |= {h.token_uid for h in map(_holder, rows) if h.is_usable(tx.now_us)}
    return found


def holder(tx: Tx, token: str) -> Holder | None:
    """Whose token this is, whether it may still be used or not; None for a token that nobody has."""
    row = tx.conn.execute(_HOLDER, {"token_hash": hashed(token)}).first()
    return None if row is None else _holder(row)


def _holder(row: Row[Any]) -> Holder:
    enabled = row.spec.get("enabled", True) and row.deleting_us is None
    return Holder(row.user_uid, row.name, row.tenant_uid, row.token_uid, enabled, row.expires_us)
