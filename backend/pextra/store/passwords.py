"""Passwords of users, as Argon2 hashes, and who is meant by a name at a login."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, select, update

from pextra.store.database import Tx
from pextra.store.tables import resource, user_password

NOBODY: Final = "00000000-0000-0000-0000-000000000000"
"""The uid of no object."""


@dataclass(frozen=True, slots=True)
class Password:
    """What is stored of one password.

    Attributes:
        must_change: it is good for setting another one only.
        expires_us: when even that ends; None: never.
    """

    hash: str = field(repr=False)
    must_change: bool = False
    expires_us: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who is meant by the names that were given at a login, as far as they are there.

    Attributes:
        tenant_uid: None: there is no such tenant, or it is being deleted.
        user_uid: None: there is no such user, or it is being deleted.
        spec: the user's, as stored.
        password: None: the user has none.
    """

    tenant: str
    user: str
    tenant_uid: str | None = None
    user_uid: str | None = None
    spec: dict[str, Any] = field(default_factory=dict[str, Any])
    password: Password | None = None


_tenant, _user = resource.alias("tenant"), resource.alias("subject")
_CANDIDATE: Final = (
    select(
        _tenant.c.uid, _user.c.uid, _user.c.spec,
        user_password.c.hash, user_password.c.must_change, user_password.c.expires_us,
    )
    .select_from(
        _tenant.outerjoin(
            _user,
            and_(
                _user.c.tenant_uid == _tenant.c.uid,
                _user.c.kind == "user",
                _user.c.name == bindparam("user"),
                _user.c.deleting_us.is_(None),
            ),
        ).outerjoin(
            user_password,
            and_(user_password.c.tenant_uid == _tenant.c.uid, user_password.c.user_uid == _user.c.uid),
        )
    )
    .where(
        _tenant.c.tenant_uid == bindparam("site_uid"),
        _tenant.c.kind == "tenant",
        _tenant.c.name == bindparam("tenant"),
        _tenant.c.deleting_us.is_(None),
    )
)  # fmt: skip


def candidate(tx: Tx, site_uid: str, tenant: str, user: str) -> Candidate:
    """Who is meant by these names; one statement, whatever of them is there."""
    row = tx.conn.execute(_CANDIDATE, {"site_uid": site_uid, "tenant": tenant, "user": user}).first()
    if row is None:
        return Candidate(tenant, user)
    tenant_uid, user_uid, spec, hash_, must_change, expires_us = row
    stored = Password(hash_, must_change, expires_us) if hash_ is not None else None
    return Candidate(tenant, user, tenant_uid, user_uid, spec or {}, stored)


def of(tx: Tx, tenant_uid: str, user_uid: str) -> Password | None:
    """The user's password, or None."""
    row = tx.conn.execute(
        select(user_password.c.hash, user_password.c.must_change, user_password.c.expires_us).where(
            user_password.c.tenant_uid == tenant_uid, user_password.c.user_uid == user_uid
        )
    ).first()
    return None if row is None else Password(*row)


def put(tx: Tx, tenant_uid: str, user_uid: str, password: Password) -> None:
    """Store the user's password in place of the one before."""
    values = {
        "hash": password.hash,
        "must_change": password.must_change,
        "expires_us": password.expires_us,
        "set_us": tx.now_us,
    }
    tx.upsert(user_password, [{"tenant_uid": tenant_uid, "user_uid": user_uid, **values}], update=values)


def rehash(tx: Tx, tenant_uid: str, user_uid: str, new: str) -> None:
    """Store the same password under other parameters."""
    tx.conn.execute(
        update(user_password)
        .where(user_password.c.tenant_uid == tenant_uid, user_password.c.user_uid == user_uid)
        .values(hash=new)
    )


def forget(tx: Tx, tenant_uid: str, user_uid: str) -> None:
    """The user has gone."""
    tx.conn.execute(
        delete(user_password).where(user_password.c.tenant_uid == tenant_uid, user_password.c.user_uid == user_uid)
    )
