"""Database roles as an operator makes them: one for what serves requests, one for the loops."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, NullPool, create_engine, text

from pextra.store.database import Database
from pextra.store.roles import BOOKKEEPING
from pextra.store.tables import metadata
from tests.store.conftest import Opener


@contextmanager
def new_roles(url: URL) -> Iterator[tuple[str, str]]:
    """Two roles of the test's own; they belong to the server, and go with the test."""
    names = tuple(f"{part}_{uuid.uuid4().hex[:12]}" for part in ("api", "loops"))
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            for name in names:
                connection.execute(text(f"CREATE ROLE {name} LOGIN"))
        yield names[0], names[1]
    finally:
        with engine.connect() as connection:
            for name in names:
                _take_rights(connection, name)
                connection.execute(text(f"DROP ROLE {name}"))
        engine.dispose()


def _take_rights(connection: Connection, role: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"DROP OWNED BY {role}"))  # policies that name it, too
        return
    connection.execute(text(f"REVOKE ALL ON TABLE {', '.join((*metadata.tables, BOOKKEEPING))} FROM {role}"))
    connection.execute(text(f"REVOKE ALL ON SCHEMA public FROM {role}"))


def as_role(database_url: str, role: str, opener: Opener) -> Database:
    """The database as that role reaches it."""
    made = opener(database_url)
    made.url = made.url.set(username=role)
    return made
