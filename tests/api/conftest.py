"""Sites to call.

* `site`: on SQLite, for what the database has no part in.
* `any_site`: the same on every flavour of database.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pextra.store.database import Database
from tests.api.site import Site, populate
from tests.store.clock import ManualClock


@pytest.fixture(scope="session")
def populated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The SQLite file of a new site, to be copied, and its tokens."""
    path = tmp_path_factory.mktemp("site") / "pextra.db"
    database = Database(f"sqlite:///{path}", clock=ManualClock(), durable=False)
    tokens = populate(database)
    database.close()
    return path, tokens


@pytest.fixture
def open_site() -> Iterator[Callable[[str, dict[str, str] | None], Site]]:
    """Opens the site in a database, made if there is none, and closes it after the test."""
    opened: list[Database] = []

    def open_(url: str, tokens: dict[str, str] | None = None) -> Site:
        clock = ManualClock()
        clock.advance(60.0)
        database = Database(url, clock=clock, rng=random.Random(url), durable=False)
        opened.append(database)
        return Site(database, clock, tokens or populate(database))

    yield open_
    for database in opened:
        database.close()


@pytest.fixture
def site(
    populated: tuple[Path, dict[str, str]], tmp_path: Path, open_site: Callable[[str, dict[str, str] | None], Site]
) -> Site:
    """A new site on SQLite."""
    template, tokens = populated
    copy = tmp_path / "site.db"
    shutil.copy(template, copy)
    return open_site(f"sqlite:///{copy}", tokens)


@pytest.fixture
def any_site(database_url: str, open_site: Callable[[str, dict[str, str] | None], Site]) -> Site:
    """A new site; once for each flavour of database."""
    return open_site(database_url, None)
