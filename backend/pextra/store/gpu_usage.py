"""How long guests had GPUs: sums over the intervals that `store.gpus` begins and ends, for bills."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Column, case, func, literal, literal_column, select, tuple_

from pextra.store.database import Tx
from pextra.store.tables import gpu_usage

_COLUMNS: Final[Mapping[str, Sequence[Column[Any]]]] = {
    "tenant": (gpu_usage.c.tenant_uid,),
    "model": (gpu_usage.c.model,),
    "profile": (gpu_usage.c.mode, gpu_usage.c.profile, gpu_usage.c.milli),
    "instance": (gpu_usage.c.tenant_uid, gpu_usage.c.consumer_uid),
}
DIMENSIONS: Final = tuple(_COLUMNS)
"""By what can be summed, in the order in which sums are told."""

_LOW_BITS: Final = 20
_LOW: Final = (1 << _LOW_BITS) - 1


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time: from `since_us` on and before `until_us`."""

    since_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose intervals are summed.

    Attributes:
        tenants: uids; None: everybody's, also of tenants that are gone.
        but: uids of those whose are not.
    """

    tenants: Collection[str] | None
    but: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Sum:
    """How long guests had GPUs within a window.

    Attributes:
        key: the values of the columns that `columns_of` names, in its order.
        parts: how many intervals there are: a guest with two GPUs has two.
        held_us: the sum of their lengths.
        milli_us: the same, each multiplied by the thousandths that it was of a GPU.
    """

    key: tuple[str | int, ...]
    parts: int
    held_us: int
    milli_us: int


def columns_of(by: Collection[str]) -> tuple[str, ...]:
    """The names of the columns that make the keys of sums by these dimensions."""
    return tuple(column.name for column in _columns(by))


def _columns(by: Collection[str]) -> list[Column[Any]]:
    return list(dict.fromkeys(column for name in DIMENSIONS if name in by for column in _COLUMNS[name]))


def sums(
    tx: Tx,
    whose: Whose,
    window: Window,
    by: Collection[str],
    *,
    after: tuple[str | int, ...] | None = None,
    limit: int,
) -> list[Sum]:
    """The sums by these dimensions, in the order of their keys.

    Intervals count as far as they are within the window; one that has not ended counts to the window's end.

    Args:
        by: some of `DIMENSIONS`, at least one.
        after: only behind this key.
        limit: at most so many.
    """
    u, columns = gpu_usage.c, _columns(by)
    since, until = literal(window.since_us, BigInteger), literal(window.until_us, BigInteger)
    begun = case((u.started_us < since, since), else_=u.started_us)
    ended = case((u.ended_us.is_(None), until), (u.ended_us > until, until), else_=u.ended_us)
    length = ended - begun
    # Milli-microseconds of a large fleet's year pass 64 bits, where SQLite stops: summed in two parts they do not.
    # How far is shifted is written out: PostgreSQL has no shift by a bound number of 64 bits.
    high, low = length.op(">>")(literal_column(str(_LOW_BITS))) * u.milli, length.op("&")(_LOW) * u.milli
    wanted = (
        select(*columns, func.count(), func.sum(length), func.sum(high), func.sum(low))
        .where(u.started_us < until, (u.ended_us.is_(None)) | (u.ended_us > since))
        .group_by(*columns)
        .order_by(*columns)
        .limit(limit)
    )
    if whose.tenants is not None:
        wanted = wanted.where(u.tenant_uid.in_(whose.tenants))
    if whose.but:
        wanted = wanted.where(u.tenant_uid.not_in(whose.but))
    if after is not None:
        last = [literal(value, column.type) for value, column in zip(after, columns, strict=True)]
        wanted = wanted.where(tuple_(*columns) > tuple_(*last))
    found: list[Sum] = []
    for row in tx.conn.execute(wanted):
        *key, parts, held, upper, lower = row
        found.append(Sum(tuple(key), parts, int(held), (int(upper) << _LOW_BITS) + int(lower)))
    return found
