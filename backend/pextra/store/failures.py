"""What a database error means for the transaction that met it.

Source: SQLSTATE classes of PostgreSQL (appendix A) and CockroachDB (transaction retry and ambiguous-result
errors); result codes of SQLite.
"""

from __future__ import annotations

import sqlite3
from enum import Enum

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError


class Failure(Enum):
    """What to do after an error."""

    RETRY = "nothing was committed: run it again"
    AMBIGUOUS = "the commit may have landed: ask for its key row"
    UNREACHABLE = "nothing was committed, and the database is not there"
    FULL = "nothing was committed: no room to write"
    FATAL = "a mistake in this program"


_CANCELED = "57014"
_RETRY = frozenset({"40001", "40P01", "55P03", _CANCELED, "CR000"})
_FULL = frozenset({"53100", "53400"})


def classify(error: DBAPIError, *, committing: bool) -> Failure:
    """What `error` means; `committing` says that COMMIT had been sent."""
    state = getattr(error.orig, "sqlstate", None) or ""
    text = str(error.orig).lower()
    if isinstance(error, IntegrityError):
        return Failure.RETRY  # two writers met at a unique key: run again and see the other's row
    if state == "40003" or "result is ambiguous" in text:
        return Failure.AMBIGUOUS
    if (
        (state in _RETRY and not (committing and state == _CANCELED))
        or "restart transaction" in text
        or "database is locked" in text
        or "database table is locked" in text
    ):
        return Failure.RETRY
    if state in _FULL or "disk is full" in text or "no space left" in text:
        return Failure.FULL
    if (
        error.connection_invalidated
        or state[:2] in ("08", "57")
        or state in ("25006", "53300")
        or (not state and isinstance(error, OperationalError | InterfaceError))
    ):
        if isinstance(error.orig, sqlite3.Error):
            code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_IOERR)
            return Failure.FATAL if code == sqlite3.SQLITE_ERROR else Failure.UNREACHABLE
        return Failure.AMBIGUOUS if committing else Failure.UNREACHABLE
    return Failure.FATAL
