"""What tenants may use and do use, exact in every transaction.

For each tenant and countable: a ceiling, what the tenant's own objects use, and what is granted to its children.
`used + granted <= ceiling` always holds. A write touches only the counters of its own tenant that it changes, and a
grant those of the parent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, insert, or_, select, update

from pextra.errors import PextraError
from pextra.store.database import Tx
from pextra.store.tables import quota_usage as table

_AMOUNT: Final = bindparam("amount", type_=table.c.used.type)
_COUNTER: Final = update(table).where(
    table.c.tenant_uid == bindparam("at_tenant"), table.c.countable == bindparam("of_countable")
)
_IF_IT_FITS: Final = _COUNTER.where(
    or_(table.c.ceiling.is_(None), table.c.used + table.c.granted + _AMOUNT <= table.c.ceiling)
)
_MORE_USED: Final = _IF_IT_FITS.values(used=table.c.used + _AMOUNT)
_LESS_USED: Final = _COUNTER.values(used=table.c.used + _AMOUNT)
_MORE_GRANTED: Final = _IF_IT_FITS.values(granted=table.c.granted + _AMOUNT)
_LESS_GRANTED: Final = _COUNTER.values(granted=table.c.granted + _AMOUNT)


@dataclass(frozen=True, slots=True)
class Usage:
    """One counter; `ceiling` None is unlimited."""

    ceiling: int | None
    used: int
    granted: int

    def as_dict(self) -> dict[str, int | None]:
        """The wire form."""
        left = None if self.ceiling is None else self.ceiling - self.used - self.granted
        return {"limit": self.ceiling, "used": self.used, "granted": self.granted, "available": left}


def usage(tx: Tx, tenant_uid: str) -> dict[str, Usage]:
    """Every counter of the tenant."""
    rows = tx.conn.execute(
        select(table.c.countable, table.c.ceiling, table.c.used, table.c.granted).where(
            table.c.tenant_uid == tenant_uid
        )
    )
    return {r[0]: Usage(r[1], r[2], r[3]) for r in rows}


def charge(
    tx: Tx, tenant_uid: str, tenant: str, delta: Mapping[str, int], *, unlisted: Callable[[str], int | None]
) -> None:
    """Add `delta` to what the tenant uses; negative amounts give back.

    Args:
        tenant: the tenant's path, for the message.
        unlisted: gives the ceiling of a countable that has no counter yet.

    Raises:
        PextraError: `quota.exceeded`; the transaction is then to be rolled back.
    """
    for countable, amount in sorted(delta.items()):
        if amount == 0:
            continue
        here = {"at_tenant": tenant_uid, "of_countable": countable, "amount": amount}
        if tx.conn.execute(_LESS_USED if amount < 0 else _MORE_USED, here).rowcount == 1:
            continue
        _begin(tx, tenant_uid, tenant, countable, amount, unlisted, column="used")


def exceeded(tenant: str, countable: str, now: Usage, amount: int) -> PextraError:
    """The refusal that names the limit, the level and the remedy."""
    granted = f" and {now.granted} granted to its children" if now.granted else ""
    return PextraError(
        "quota.exceeded",
        f"Tenant {tenant!r} may have {now.ceiling} {countable}; {now.used} in use{granted}, {amount} more asked for. "
        "Free some, or have the parent tenant's administrator raise the quota.",
        tenant=tenant,
        countable=countable,
        limit=now.ceiling,
        used=now.used,
        granted=now.granted,
        requested=amount,
    )


def grant(
    tx: Tx, parent_uid: str, parent: str, delta: Mapping[str, int], *, unlisted: Callable[[str], int | None]
) -> None:
    """Add `delta` to what the parent has granted to its children.

    Raises:
        PextraError: `quota.exceeded` at the parent's level.
    """
    for countable, amount in sorted(delta.items()):
        if amount == 0:
            continue
        here = {"at_tenant": parent_uid, "of_countable": countable, "amount": amount}
        if tx.conn.execute(_LESS_GRANTED if amount < 0 else _MORE_GRANTED, here).rowcount == 1:
            continue
        _begin(tx, parent_uid, parent, countable, amount, unlisted, column="granted")


def _begin(
    tx: Tx,
    tenant_uid: str,
    tenant: str,
    countable: str,
    amount: int,
    unlisted: Callable[[str], int | None],
    *,
    column: str,
) -> None:
    """Begin a counter that is not there yet; refuse when it is there, for then it was full."""
    found = usage(tx, tenant_uid).get(countable)
    ceiling = found.ceiling if found is not None else unlisted(countable)
    if found is not None or (ceiling is not None and amount > ceiling):
        raise exceeded(tenant, countable, found or Usage(ceiling, 0, 0), amount)
    counters = {"used": 0, "granted": 0, column: amount}
    tx.conn.execute(insert(table).values(tenant_uid=tenant_uid, countable=countable, ceiling=ceiling, **counters))


def set_ceilings(tx: Tx, tenant_uid: str, tenant: str, ceilings: Mapping[str, int | None]) -> None:
    """Set the tenant's ceilings.

    Raises:
        PextraError: `quota.below_use`, naming the countable.
    """
    present = usage(tx, tenant_uid)
    for countable, ceiling in sorted(ceilings.items()):
        now = present.get(countable, Usage(0, 0, 0))
        if ceiling is not None and now.used + now.granted > ceiling:
            raise PextraError(
                "quota.below_use",
                f"Tenant {tenant!r} uses {now.used} {countable} and has granted {now.granted}: "
                f"its limit cannot be {ceiling}.",
                tenant=tenant,
                countable=countable,
                limit=ceiling,
                used=now.used,
                granted=now.granted,
            )
        if countable in present:
            if present[countable].ceiling != ceiling:
                tx.conn.execute(
                    update(table)
                    .where(table.c.tenant_uid == tenant_uid, table.c.countable == countable)
                    .values(ceiling=ceiling)
                )
        else:
            tx.conn.execute(
                insert(table).values(tenant_uid=tenant_uid, countable=countable, ceiling=ceiling, used=0, granted=0)
            )


def first_unlimited(tx: Tx, tenant_uids: Iterable[str], countables: Sequence[str]) -> tuple[str, str] | None:
    """(tenant uid, countable) of a counter of these tenants that has no ceiling, if there is one."""
    uids = list(tenant_uids)
    for start in range(0, len(uids), 500):
        row = tx.conn.execute(
            select(table.c.tenant_uid, table.c.countable)
            .where(
                table.c.tenant_uid.in_(uids[start : start + 500]),
                table.c.countable.in_(list(countables)),
                table.c.ceiling.is_(None),
            )
            .order_by(table.c.tenant_uid, table.c.countable)
            .limit(1)
        ).first()
        if row is not None:
            return row[0], row[1]
    return None


def forget(tx: Tx, tenant_uid: str) -> None:
    """Remove the counters of a tenant that has gone."""
    tx.conn.execute(table.delete().where(table.c.tenant_uid == tenant_uid))
