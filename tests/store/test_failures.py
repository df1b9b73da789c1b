"""What each error of a database means for the transaction that met it."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from pextra.store.failures import Failure, classify


def met(orig: Exception, *, cut: bool = False) -> DBAPIError:
    """The error as SQLAlchemy passes it on."""
    wrapper = {
        psycopg.IntegrityError: IntegrityError,
        sqlite3.IntegrityError: IntegrityError,
        psycopg.InterfaceError: InterfaceError,
        psycopg.OperationalError: OperationalError,
        sqlite3.OperationalError: OperationalError,
    }
    kind = next((w for base, w in wrapper.items() if isinstance(orig, base)), DBAPIError)
    return kind("COMMIT", {}, orig, connection_invalidated=cut)


@pytest.mark.parametrize(
    ("state", "failure"),
    [
        ("40001", Failure.RETRY),
        ("40P01", Failure.RETRY),
        ("55P03", Failure.RETRY),
        ("23505", Failure.RETRY),
        ("40003", Failure.AMBIGUOUS),
        ("53100", Failure.FULL),
        ("53300", Failure.UNREACHABLE),
        ("57P01", Failure.UNREACHABLE),
        ("57P03", Failure.UNREACHABLE),
        ("57014", Failure.RETRY),
        ("08006", Failure.UNREACHABLE),
        ("25006", Failure.UNREACHABLE),
        ("42P01", Failure.FATAL),
        ("42703", Failure.FATAL),
        ("22P02", Failure.FATAL),
    ],
)
def test_a_statement_is_judged_by_its_sqlstate(state: str, failure: Failure) -> None:
    assert classify(met(errors.lookup(state)("…")), committing=False) is failure


@pytest.mark.parametrize("state", ["57P01", "08006", "57014"])
def test_a_server_that_goes_away_during_commit_leaves_doubt(state: str) -> None:
    assert classify(met(errors.lookup(state)("…")), committing=True) is Failure.AMBIGUOUS


@pytest.mark.parametrize("state", ["40001", "40P01", "23505"])
def test_a_commit_that_the_server_refuses_leaves_no_doubt(state: str) -> None:
    assert classify(met(errors.lookup(state)("…")), committing=True) is Failure.RETRY


@pytest.mark.parametrize(
    ("committing", "failure"), [(False, Failure.UNREACHABLE), (True, Failure.AMBIGUOUS)], ids=["before", "during"]
)
def test_a_cut_connection_leaves_doubt_only_during_commit(committing: bool, failure: Failure) -> None:
    cut = met(psycopg.OperationalError("server closed the connection unexpectedly"), cut=True)
    assert classify(cut, committing=committing) is failure


@pytest.mark.parametrize(
    ("code", "text", "failure"),
    [
        (sqlite3.SQLITE_BUSY, "database is locked", Failure.RETRY),
        (sqlite3.SQLITE_LOCKED, "database table is locked: resource", Failure.RETRY),
        (sqlite3.SQLITE_FULL, "database or disk is full", Failure.FULL),
        (sqlite3.SQLITE_IOERR, "disk I/O error", Failure.UNREACHABLE),
        (sqlite3.SQLITE_CANTOPEN, "unable to open database file", Failure.UNREACHABLE),
        (sqlite3.SQLITE_READONLY, "attempt to write a readonly database", Failure.UNREACHABLE),
        (sqlite3.SQLITE_ERROR, "no such table: resource", Failure.FATAL),
    ],
)
@pytest.mark.parametrize("committing", [False, True])
def test_sqlite_knows_what_became_of_a_commit(code: int, text: str, failure: Failure, committing: bool) -> None:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    assert classify(met(error), committing=committing) is failure
