"""Who users are at identity providers, and which provider an issuer's token is for."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import ColumnElement, delete, select

from pextra.store.database import Tx
from pextra.store.tables import outside_identity, resource_reference, trusted_issuer

_AT_ONCE: Final = 500


def user_of(tx: Tx, tenant_uid: str, provider_uid: str, subject: str) -> str | None:
    """The uid of the user who is that at the provider, or None."""
    return tx.conn.execute(
        select(outside_identity.c.user_uid).where(
            outside_identity.c.tenant_uid == tenant_uid,
            outside_identity.c.provider_uid == provider_uid,
            outside_identity.c.subject_hash == _hash(subject),
        )
    ).scalar_one_or_none()


def keep(tx: Tx, tenant_uid: str, user_uid: str, identity: tuple[str, str] | None) -> bool:
    """Make this, the provider's uid and the subject, the user's only identity; False: it is another user's."""
    if identity is not None:
        owner = user_of(tx, tenant_uid, *identity)
        if owner is not None:
            return owner == user_uid
    forget_user(tx, tenant_uid, user_uid)
    if identity is not None:
        provider_uid, subject = identity
        row = {"tenant_uid": tenant_uid, "provider_uid": provider_uid, "subject_hash": _hash(subject)}
        tx.insert(outside_identity, [row | {"user_uid": user_uid}])
    return True


def forget_user(tx: Tx, tenant_uid: str, user_uid: str) -> None:
    """The user is nobody outside any more."""
    tx.conn.execute(
        delete(outside_identity).where(
            outside_identity.c.tenant_uid == tenant_uid, outside_identity.c.user_uid == user_uid
        )
    )


def users_and_groups(tx: Tx, tenant_uid: str, provider_uid: str) -> list[tuple[str, str]]:
    """(tenant uid, uid) of everybody whom the provider vouches for, and of the groups that they are members of."""
    rows = tx.conn.execute(
        select(outside_identity.c.user_uid).where(
            outside_identity.c.tenant_uid == tenant_uid, outside_identity.c.provider_uid == provider_uid
        )
    )
    users = [row[0] for row in rows]
    found = {(tenant_uid, uid) for uid in users}
    for start in range(0, len(users), _AT_ONCE):
        joined = select(resource_reference.c.target_tenant_uid, resource_reference.c.target_uid).where(
            resource_reference.c.source_tenant_uid == tenant_uid,
            resource_reference.c.source_uid.in_(users[start : start + _AT_ONCE]),
            resource_reference.c.target_kind == "group",
        )
        found.update((row[0], row[1]) for row in tx.conn.execute(joined.distinct()))
    return sorted(found)


def trust(tx: Tx, tenant_uid: str, provider_uid: str, issuer: str, audiences: Collection[str]) -> None:
    """Let tokens of the issuer for these audiences, and no others, be for the provider.

    What it was registered for before keeps its place before those who came later.
    """
    wanted = {_hash(f"{issuer}\0{audience}") for audience in audiences}
    rows = tx.conn.execute(select(trusted_issuer.c.audience_hash).where(*_of(tenant_uid, provider_uid)))
    present = {row[0] for row in rows}
    for gone in sorted(present - wanted):
        tx.conn.execute(
            delete(trusted_issuer).where(*_of(tenant_uid, provider_uid), trusted_issuer.c.audience_hash == gone)
        )
    place = {"since_us": tx.now_us, "tenant_uid": tenant_uid, "provider_uid": provider_uid}
    tx.insert(trusted_issuer, [place | {"audience_hash": each} for each in sorted(wanted - present)])


def distrust(tx: Tx, tenant_uid: str, provider_uid: str) -> None:
    """No token is for the provider any more."""
    tx.conn.execute(delete(trusted_issuer).where(*_of(tenant_uid, provider_uid)))


def provider_for(tx: Tx, issuer: str, audiences: Sequence[str]) -> tuple[str, str] | None:
    """(tenant uid, uid) of the provider that was registered first for one of these audiences, or None."""
    table = trusted_issuer.c
    row = tx.conn.execute(
        select(table.tenant_uid, table.provider_uid)
        .where(table.audience_hash.in_([_hash(f"{issuer}\0{audience}") for audience in audiences]))
        .order_by(table.since_us, table.tenant_uid, table.provider_uid)
        .limit(1)
    ).first()
    return None if row is None else (row[0], row[1])


def _of(tenant_uid: str, provider_uid: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return trusted_issuer.c.tenant_uid == tenant_uid, trusted_issuer.c.provider_uid == provider_uid


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
