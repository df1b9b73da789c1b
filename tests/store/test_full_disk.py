"""A disk without room stops writes with a code of its own, harms nothing that is stored, and is got over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from pextra.errors import PextraError
from pextra.store import schema
from pextra.store.database import Database, Tx
from tests.store import notes
from tests.store.clock import ManualClock
from tests.store.conftest import Opener

LARGE = "x" * 200_000


class Bounded:
    """An SQLite database that may grow by few pages only."""

    def __init__(self, path: Path, open_database: Opener, clock: ManualClock) -> None:
        schema.migrate(open_database(f"sqlite:///{path}"))
        self.database: Database = open_database(f"sqlite:///{path}", pool_size=1, clock=clock)
        event.listen(self.database.engine, "connect", self._bound)
        self._room = 20

    def _bound(self, connection: Any, record: Any) -> None:
        del record
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + self._room}")

    def free_space(self) -> None:
        """Give the disk as much room as it may want."""
        self._room = 1_000_000
        self.database.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def disk(tmp_path: Path, open_database: Opener, clock: ManualClock) -> Bounded:
    return Bounded(tmp_path / "pextra.db", open_database, clock)


def test_a_write_without_room_is_told_as_full_at_once_and_stores_nothing(disk: Bounded, clock: ManualClock) -> None:
    def work(tx: Tx) -> None:
        notes.add(tx, "small")
        notes.add(tx, "large", LARGE)

    disk.database.write(lambda tx: notes.add(tx, "before"))
    with pytest.raises(PextraError, match="free space") as caught:
        disk.database.write(work)
    assert caught.value.code == "store.full"
    assert clock.slept == []  # to wait makes no room
    assert set(notes.stored(disk.database)) == {"before"}


def test_small_writes_and_reads_go_on_while_large_ones_find_no_room(disk: Bounded) -> None:
    with pytest.raises(PextraError, match="free space"):
        disk.database.write(lambda tx: notes.add(tx, "large", LARGE))
    disk.database.write(lambda tx: notes.add(tx, "small"))
    assert set(notes.stored(disk.database)) == {"small"}


def test_once_there_is_room_the_same_write_goes_through(disk: Bounded) -> None:
    with pytest.raises(PextraError, match="free space"):
        disk.database.write(lambda tx: notes.add(tx, "large", LARGE))
    disk.free_space()
    disk.database.write(lambda tx: notes.add(tx, "large", LARGE))
    assert set(notes.stored(disk.database)) == {"large"}
