"""Databases with a new site in them, made once and copied: to make a site takes many times longer."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from pextra.store.database import Database
from tests.api.site import populate
from tests.labs.crdbish import Crdbish
from tests.labs.postgres import PostgresServer
from tests.store.clock import ManualClock

Tokens = dict[str, str]


def make_site(url: str) -> Tokens:
    """Make a new site in an empty database; the tokens of its users."""
    database = Database(url, clock=ManualClock(), durable=False)
    try:
        return populate(database)
    finally:
        database.close()


class SqliteTemplate:
    """A file to copy."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "template.db"
        self.tokens = make_site(f"sqlite:///{self._path}")

    def copy(self, path: Path) -> str:
        """Make a copy; its URL."""
        shutil.copy(self._path, path)
        return f"sqlite:///{path}"


class PostgresTemplate:
    """A database to copy, made directly or, as CockroachDB's dialect makes it, through the fault proxy."""

    def __init__(self, server: PostgresServer, *, through_proxy: bool) -> None:
        self._server = server
        self._name = f"template_{uuid.uuid4().hex}"
        server.create_database(self._name)
        if through_proxy:
            with Crdbish(server.address) as proxy:
                self.tokens = make_site(proxy.url(self._name))
        else:
            self.tokens = make_site(server.url(self._name))

    @property
    def url(self) -> str:
        """The template's own, for what is to be in each copy; nobody may be connected when one is made."""
        return self._server.url(self._name)

    @contextmanager
    def copy(self) -> Generator[str]:
        """The name of a copy, which is dropped at the end."""
        name = f"test_{uuid.uuid4().hex}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with psycopg.connect(self._server.url("postgres", driver="postgresql"), autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(self._name)))
        try:
            yield name
        finally:
            self._server.drop_database(name)

    def drop(self) -> None:
        """Remove the template."""
        self._server.drop_database(self._name)
