"""The networks that users logged in from."""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, select

from pextra.store.database import Tx
from pextra.store.tables import login_place as table

MOST: Final = 20
"""How many are remembered of one user; the one that was used last stays longest."""


def known(tx: Tx, tenant_uid: str, user_uid: str, network: str) -> bool:
    """Whether the user has logged in from there."""
    found = select(table.c.last_us).where(
        table.c.tenant_uid == tenant_uid, table.c.user_uid == user_uid, table.c.network == network
    )
    return tx.conn.execute(found).first() is not None


def remember(tx: Tx, tenant_uid: str, user_uid: str, network: str) -> None:
    """The user has logged in from there."""
    whose = {"tenant_uid": tenant_uid, "user_uid": user_uid}
    tx.upsert(table, [{**whose, "network": network, "last_us": tx.now_us}], update={"last_us": tx.now_us})
    places = select(table.c.network).where(table.c.tenant_uid == tenant_uid, table.c.user_uid == user_uid)
    old = tx.conn.execute(places.order_by(table.c.last_us.desc(), table.c.network)).scalars().all()[MOST:]
    if old:
        tx.conn.execute(
            delete(table).where(
                table.c.tenant_uid == tenant_uid, table.c.user_uid == user_uid, table.c.network.in_(old)
            )
        )


def forget(tx: Tx, tenant_uid: str, user_uid: str) -> None:
    """The user has gone."""
    tx.conn.execute(delete(table).where(table.c.tenant_uid == tenant_uid, table.c.user_uid == user_uid))
