"""A migrated database of each flavour, and one on SQLite alone for what does not depend on the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pextra.store import schema
from pextra.store.database import Database

Opener = Callable[..., Database]


@pytest.fixture
def open_database() -> Iterator[Opener]:
    """Opens databases by URL and closes them after the test."""
    opened: list[Database] = []

    def open_(url: str, **options: Any) -> Database:
        opened.append(Database(url, durable=False, **options))
        return opened[-1]

    yield open_
    for database in opened:
        database.close()


@pytest.fixture
def database(database_url: str, open_database: Opener) -> Database:
    """An empty database at the present schema; once for each flavour."""
    made = open_database(database_url)
    schema.migrate(made)
    return made


@pytest.fixture
def processes(database: Database, database_url: str, open_database: Opener) -> list[Database]:
    """The same database as four processes have it open: writers of one process may take turns, these do not."""
    return [database, *(open_database(database_url) for _ in range(3))]


@pytest.fixture
def sqlite_database(tmp_path: Path, open_database: Opener) -> Database:
    """An empty SQLite database at the present schema."""
    made = open_database(f"sqlite:///{tmp_path / 'pextra.db'}")
    schema.migrate(made)
    return made
