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
    """Whose token it is.

    Attributes:
        subject: the user or service account.
        token: the object that stands for the token.
        tenant_path: the tenant of both.
        break_glass: no policy binds it.
    """

    subject: Named
    token: Named
    tenant_uid: str
    tenant_path: str
    expires_us: int | None
    break_glass: bool

    def is_usable(self, now_us: int) -> bool:
        """Whether the token may be used then."""
        return self.subject.spec.get("enabled", True) and (self.expires_us is None or self.expires_us > now_us)


@dataclass(frozen=True, slots=True)
class Named:
    """What an object says of itself, without its status."""

    uid: str
    kind: str
    name: str
    spec: dict[str, Any]
    labels: dict[str, str]
    resolved: dict[str, Any]


_AT_ONCE: Final = 500
_subject, _token, _tenant = resource.alias("subject"), resource.alias("token"), resource.alias("tenant")
_HOLDERS = (
    select(
        credential.c.tenant_uid, credential.c.expires_us, credential.c.break_glass, _tenant.c.name,
        *(column for each in (_subject, _token)
          for column in (each.c.uid, each.c.kind, each.c.name, each.c.spec, each.c.labels, each.c.resolved)),
    )
    .select_from(
        credential
        .join(_subject, and_(_subject.c.tenant_uid == credential.c.tenant_uid, _subject.c.uid == credential.c.user_uid))
        .join(_token, and_(_token.c.tenant_uid == credential.c.tenant_uid, _token.c.uid == credential.c.token_uid))
        .join(_tenant, and_(_tenant.c.tenant_uid == bindparam("site_uid"), _tenant.c.uid == credential.c.tenant_uid))
    )
    .where(_subject.c.deleting_us.is_(None), _tenant.c.deleting_us.is_(None))
)  # fmt: skip
_HOLDER = _HOLDERS.where(credential.c.token_hash == bindparam("token_hash"))


def mint() -> str:
    """A new token: 256 bits of chance in URL-safe letters."""
    return PREFIX + secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """How a token is stored. A plain digest suffices: there is nothing to guess in 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def add(
    tx: Tx,
    token: str,
    *,
    tenant_uid: str,
    token_uid: str,
    user_uid: str,
    expires_us: int | None,
) -> None:
    """Make a token valid."""
    tx.conn.execute(
        insert(credential).values(
            token_hash=hashed(token),
            tenant_uid=tenant_uid,
            token_uid=token_uid,
            user_uid=user_uid,
            expires_us=expires_us,
            break_glass=False,
        )
    )


def expire(tx: Tx, tenant_uid: str, token_uid: str, expires_us: int | None) -> None:
    """Change when a token stops being accepted."""
    tx.conn.execute(
        credential.update()
        .where(credential.c.tenant_uid == tenant_uid, credential.c.token_uid == token_uid)
        .values(expires_us=expires_us)
    )


def break_glass(tx: Tx, tenant_uid: str, token_uid: str, expires_us: int) -> None:
    """Let no policy bind a token, which expires then."""
    tx.conn.execute(
        credential.update()
        .where(credential.c.tenant_uid == tenant_uid, credential.c.token_uid == token_uid)
        .values(expires_us=expires_us, break_glass=True)
    )


def revoke(tx: Tx, tenant_uid: str, token_uid: str) -> None:
    """Stop accepting a token."""
    tx.conn.execute(
        delete(credential).where(credential.c.tenant_uid == tenant_uid, credential.c.token_uid == token_uid)
    )


def holders(tx: Tx, site_uid: str, tokens: Collection[tuple[str, str]]) -> list[Holder]:
    """Those who hold the tokens, by (tenant uid, token uid), that may be used still."""
    wanted: dict[str, list[str]] = {}
    for tenant_uid, token_uid in set(tokens):
        wanted.setdefault(tenant_uid, []).append(token_uid)
    found: list[Holder] = []
    for tenant_uid, uids in wanted.items():
        for start in range(0, len(uids), _AT_ONCE):
            some = credential.c.token_uid.in_(uids[start : start + _AT_ONCE])
            rows = tx.conn.execute(_HOLDERS.where(credential.c.tenant_uid == tenant_uid, some), {"site_uid": site_uid})
            found += [h for h in map(_holder, rows) if h.is_usable(tx.now_us)]
    return found


def holder(tx: Tx, site_uid: str, token: str) -> Holder | None:
    """Whose token this is, whether it may be used still or not; None: nobody's, or its holder or tenant is going."""
    row = tx.conn.execute(_HOLDER, {"site_uid": site_uid, "token_hash": hashed(token)}).first()
    return None if row is None else _holder(row)


def _holder(row: Row[Any]) -> Holder:
    tenant_uid, expires_us, break_glass, tenant_path, *rest = row
    return Holder(Named(*rest[:6]), Named(*rest[6:]), tenant_uid, tenant_path, expires_us, break_glass)


def expired(tx: Tx, kind: str, before_us: int, *, limit: int) -> list[tuple[str, str]]:
    """(tenant uid, uid) of objects of the kind whose tokens stopped being accepted before."""
    rows = tx.conn.execute(
        select(credential.c.tenant_uid, credential.c.token_uid)
        .join(_token, and_(_token.c.tenant_uid == credential.c.tenant_uid, _token.c.uid == credential.c.token_uid))
        .where(credential.c.expires_us < before_us, _token.c.kind == kind, _token.c.deleting_us.is_(None))
        .order_by(credential.c.expires_us)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]
