"""Who owns which rows of the database, and whose sets hold them; kept up from what the database tells.

Without it, to change one port would mean to look through all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from pextra.drivers.ovn.rows import MEMBER_COLUMNS, OWNER, SITE

Place = tuple[str, UUID]
"""A row: its table and uuid."""
Holding = tuple[str, UUID, str]
"""A set: table, row, column."""

_NOTHING: Final[frozenset[UUID]] = frozenset()


class Holdings:
    """See the module. What is asked may name rows that are gone: ask the tables, too.

    Args:
        site: the cloud's uid.
    """

    def __init__(self, site: str) -> None:
        self._site = site
        self._owners: dict[Place, str] = {}
        self._owned: dict[str, set[Place]] = defaultdict(set)
        self._members: dict[Holding, frozenset[UUID]] = {}
        self._holders: dict[UUID, set[Holding]] = defaultdict(set)
        self._touched: set[str] = set()

    def take_touched(self) -> set[str]:
        """Whose rows were made, changed, removed, or put into sets or out of them, by anybody, since the last call."""
        touched, self._touched = self._touched, set()
        return touched

    def note(self, row: Any) -> None:
        """A row was made or changed."""
        table = _table_of(row)
        ids: dict[str, str] = row.external_ids
        self._own((table, row.uuid), ids.get(OWNER) if ids.get(SITE) == self._site else None)
        for column in MEMBER_COLUMNS.get(table, ()):
            self._hold((table, row.uuid, column), frozenset(member.uuid for member in getattr(row, column)))

    def forget(self, row: Any) -> None:
        """A row is gone."""
        table = _table_of(row)
        self._own((table, row.uuid), None)
        for column in MEMBER_COLUMNS.get(table, ()):
            self._hold((table, row.uuid, column), _NOTHING)

    def owned(self, owner: str) -> list[Place]:
        """The rows of an owner."""
        return sorted(self._owned.get(owner, ()))

    def owners(self) -> Iterator[str]:
        """Everybody who has rows."""
        return (owner for owner, places in self._owned.items() if places)

    def holders(self, member: UUID) -> list[Holding]:
        """The sets that hold a row."""
        return sorted(self._holders.get(member, ()))

    def members(self, holding: Holding) -> frozenset[UUID]:
        """The rows that a set holds."""
        return self._members.get(holding, _NOTHING)

    def owner(self, table: str, uuid: UUID) -> str | None:
        """Whose a row is; None for one that is not this cloud's."""
        return self._owners.get((table, uuid))

    def is_ours(self, place: Place) -> bool:
        """Whether a row is this cloud's."""
        return place in self._owners

    def _own(self, place: Place, owner: str | None) -> None:
        before = self._owners.pop(place, None)
        if before is not None:
            _drop(self._owned, before, place)
            self._touched.add(before)
        if owner is not None:
            self._owners[place] = owner
            self._owned[owner].add(place)
            self._touched.add(owner)

    def _hold(self, holding: Holding, members: frozenset[UUID]) -> None:
        before = self._members.pop(holding, _NOTHING)
        if members:
            self._members[holding] = members
        table = MEMBER_COLUMNS[holding[0]][holding[2]]
        self._touched.update(owner for member in before ^ members if (owner := self.owner(table, member)) is not None)
        for member in before - members:
            _drop(self._holders, member, holding)
        for member in members - before:
            self._holders[member].add(holding)


def _table_of(row: Any) -> str:
    name: str = row._table.name  # noqa: SLF001 (the library has no other way)
    return name


def _drop(sets: dict[Any, set[Any]], key: Any, value: Any) -> None:
    """Take a value out of a set, and the set away with its last."""
    sets[key].discard(value)
    if not sets[key]:
        del sets[key]
