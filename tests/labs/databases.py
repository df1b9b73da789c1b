"""The databases that the product must behave the same on, and a fresh one for each test."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from typing import Protocol

from tests.labs import cockroach, postgres


class Flavour(StrEnum):
    """A kind of database, by the name under which a test appears with it."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"
    CRDBISH = "crdbish"
    """PostgreSQL behind the fault proxy, through CockroachDB's dialect: every session SERIALIZABLE."""
    COCKROACH = "cockroach"


class DatabaseServer(Protocol):
    """A server on which databases come and go."""

    def create_database(self, name: str) -> None:
        """Makes an empty database."""
        ...

    def drop_database(self, name: str) -> None:
        """Removes a database, if it is there."""
        ...


def reason_unavailable(flavour: Flavour) -> str | None:
    """Why a flavour cannot be had here, in words for a skip; None if it can."""
    match flavour:
        case Flavour.SQLITE:
            return None
        case Flavour.POSTGRES | Flavour.CRDBISH:
            return postgres.reason_unavailable()
        case Flavour.COCKROACH:
            return cockroach.reason_unavailable()


@contextmanager
def fresh_database(server: DatabaseServer) -> Generator[str]:
    """The name of a new, empty database, which is dropped at the end."""
    name = f"test_{uuid.uuid4().hex}"
    server.create_database(name)
    try:
        yield name
    finally:
        server.drop_database(name)
