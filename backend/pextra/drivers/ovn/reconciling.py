"""What has to change in the database so that an owner's rows are as its document says; and making it so.

The comparison is made inside the transaction, with what the replica holds then. Columns that no document names stay as
they are, rows of others are never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ovs.db import error as ovs_error
from ovs.db.data import Datum
from ovsdbapp.backend.ovs_idl import Backend
from ovsdbapp.backend.ovs_idl.command import BaseCommand

from pextra.drivers.interface import NotFound, Permanent
from pextra.drivers.ovn.holdings import Holding, Holdings, Place
from pextra.drivers.ovn.rows import NAME, OWNER, SITE, STRONG, Document, Membership, Ref, Row, Value


@dataclass(frozen=True, slots=True)
class Insert:
    """A row that is missing."""

    place: Place
    columns: Mapping[str, Any]
    name: str


@dataclass(frozen=True, slots=True)
class Update:
    """A column that is not as it should be."""

    place: Place
    column: str
    was: Any
    value: Any
    name: str


@dataclass(frozen=True, slots=True)
class Delete:
    """A row that is too much."""

    place: Place


@dataclass(frozen=True, slots=True)
class Join:
    """A row that should be in a set."""

    holding: Holding
    member: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Leave:
    """A row that should not be in a set."""

    holding: Holding
    member: UUID


Change = Insert | Update | Delete | Join | Leave


class Comparison:
    """Compares documents with the database.

    Args:
        site: the cloud's uid.
        tables: of the replica, by name.
        holdings: who holds what in it.
    """

    def __init__(self, site: str, tables: Any, holdings: Holdings) -> None:
        self._site = UUID(site)
        self._tables = tables
        self._holdings = holdings

    def changes(self, document: Document, coming: frozenset[Place] = frozenset()) -> Iterator[Change]:
        """What has to change; nothing where all is as it should be.

        Args:
            coming: rows that other documents of the same transaction make.

        Raises:
            NotFound: a set that a row should be in is not there.
            Permanent: `PartInvalid`: a value that the schema does not take.
        """
        wanted: dict[Place, Row] = {self._place(row.ref): row for row in document.rows}
        for place, row in wanted.items():
            yield from self._row(place, row, document.owner)
        yield from self._memberships(document, wanted, coming)
        for place in self._holdings.owned(document.owner):
            if place not in wanted and place[1] in self._tables[place[0]].rows:
                yield from self._removal(place)

    def all_changes(self, documents: Iterable[Document]) -> Iterator[tuple[Document, Change]]:
        """The changes of several documents, of which who is needed by others comes first."""
        coming: set[Place] = set()
        for document in documents:
            found = list(self.changes(document, frozenset(coming)))
            coming.update(change.place for change in found if isinstance(change, Insert))
            yield from ((document, change) for change in found)

    def _place(self, ref: Ref) -> Place:
        return ref.table, ref.uuid(self._site)

    def _row(self, place: Place, row: Row, owner: str) -> Iterator[Change]:
        table = self._tables[place[0]]
        values = {column: self._plain(value) for column, value in row.columns.items()}
        ids = {SITE: str(self._site), OWNER: owner, NAME: row.ref.name}
        data = {column: _datum(table, column, value) for column, value in values.items()}
        there = table.rows.get(place[1])
        if there is None:
            yield Insert(place, {**values, "external_ids": ids}, row.ref.name)
            return
        for column, datum in data.items():
            was = getattr(there, column)
            if _datum(table, column, was) != datum:
                yield Update(place, column, was, values[column], row.ref.name)
        now: dict[str, str] = there.external_ids
        if any(now.get(key) != value for key, value in ids.items()):
            yield Update(place, "external_ids", now, {**now, **ids}, row.ref.name)

    def _memberships(
        self, document: Document, wanted: Mapping[Place, Row], coming: frozenset[Place]
    ) -> Iterator[Change]:
        held: dict[UUID, set[Holding]] = {place[1]: set() for place in wanted}
        for membership in document.memberships:
            table, uuid = self._place(membership.holder)
            holding = (table, uuid, membership.column)
            member = self._place(membership.member)[1]
            held[member].add(holding)
            there = (table, uuid) in wanted or (table, uuid) in coming or uuid in self._tables[table].rows
            if not there:
                raise _lacking(membership)
            if holding not in self._holdings.holders(member) or uuid not in self._tables[table].rows:
                yield Join(holding, member, membership.member.name)
        for member, holdings in held.items():
            for holding in self._held(member):
                if holding not in holdings:
                    yield Leave(holding, member)

    def _removal(self, place: Place) -> Iterator[Change]:
        strong = [holding for holding in self._held(place[1]) if (holding[0], holding[2]) in STRONG]
        for holding in strong:
            yield Leave(holding, place[1])
        if not strong:
            yield Delete(place)

    def _held(self, member: UUID) -> list[Holding]:
        """The sets of this cloud's rows that hold a row."""
        return [
            holding
            for holding in self._holdings.holders(member)
            if holding[1] in self._tables[holding[0]].rows and self._holdings.is_ours(holding[:2])
        ]

    def _plain(self, value: Value) -> Any:
        """A value as the library takes it."""
        if isinstance(value, Ref):
            return value.uuid(self._site)
        if isinstance(value, frozenset):
            return [self._plain(each) for each in sorted(value, key=str)]
        if value is None:
            return []
        return dict(value) if isinstance(value, Mapping) else value


class Reconcile(BaseCommand):
    """The command that makes owners' rows as their documents say.

    Args:
        backend: of the connection.
        holdings: who holds what in its replica.
        site: the cloud's uid.
        documents: of different owners; who is needed by others comes first.
    """

    def __init__(self, backend: Backend, holdings: Holdings, site: str, documents: Sequence[Document]) -> None:
        super().__init__(backend)
        self._holdings = holdings
        self._site = site
        self._documents = documents

    def __str__(self) -> str:
        return f"Reconcile({', '.join(document.owner for document in self._documents)})"

    def run_idl(self, txn: Any) -> None:
        """See `BaseCommand`; called anew for each try of the transaction."""
        comparison = Comparison(self._site, self.api.tables, self._holdings)
        changes = [change for _, change in comparison.all_changes(self._documents)]
        self.result = len(changes)
        _carry_out(txn, self.api.tables, changes)


def _carry_out(txn: Any, tables: Any, changes: Sequence[Change]) -> None:
    going = {change.place for change in changes if isinstance(change, Delete)}
    made: dict[Place, Any] = {}
    joined: dict[Holding, list[UUID]] = {}
    for change in changes:
        match change:
            case Insert(place=(table, uuid), columns=columns):
                row = txn.insert(tables[table], uuid, persist_uuid=True)
                made[table, uuid] = row
                for column, value in columns.items():
                    setattr(row, column, value)
            case Update(place=(table, uuid), column=column, value=value):
                setattr(tables[table].rows[uuid], column, value)
            case Leave(holding=(table, uuid, column), member=member):
                if (table, uuid) not in going:
                    tables[table].rows[uuid].delvalue(column, member)
            case Delete():
                pass
            case Join(holding=holding, member=member):
                joined.setdefault(holding, []).append(member)
    for (table, uuid, column), members in joined.items():
        if (table, uuid) in made:
            setattr(made[table, uuid], column, members)
            continue
        for member in members:
            tables[table].rows[uuid].addvalue(column, member)
    for table, uuid in going:
        tables[table].rows[uuid].delete()


def _datum(table: Any, column: str, value: Any) -> Any:
    try:
        return Datum.from_python(table.columns[column].type, value, _uuid_of)
    except ovs_error.Error as error:
        raise Permanent("PartInvalid", f"{table.name}.{column}: {error}") from error


def _uuid_of(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | UUID) else value.uuid


def _lacking(membership: Membership) -> NotFound:
    what = f"{membership.holder.table} {membership.holder.name}"
    return NotFound(membership.lack, f"{membership.member.name} belongs to {what}, which is not there")
