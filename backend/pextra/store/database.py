"""Transactions: opened, repeated when the database says so, resolved by key when a commit was ambiguous."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.schema import Table

from pextra.clock import Clock, SystemClock, uid_source
from pextra.errors import PextraError
from pextra.store import fence
from pextra.store.database_tls import check_protected
from pextra.store.failures import Failure, classify
from pextra.store.fence import Bounds
from pextra.store.tables import request_key
from pextra.store.turns import Turns

T = TypeVar("T")

ATTEMPTS: Final = 40
BASE_DELAY_S: Final = 0.002
MAX_DELAY_S: Final = 0.05
PATIENCE_S: Final = 8.0
"""How long a caller waits for a database that is not there or too busy."""

_NOTICE_SILENCE: Final = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""libpq's own bounds, in seconds and milliseconds: a server that has gone without a word is noticed."""

ROWS: Final = 200
"""How many rows one statement inserts; databases bound the number of parameters."""
_FEW: Final = 8

LOOPS: Final = "loops"
"""Scope of the keys that the product's own transactions make."""


@dataclass(frozen=True, slots=True)
class Key:
    """Names a transaction so that an ambiguous commit can be resolved, and a request so that it can be replayed."""

    scope: str
    key: str
    request_hash: str = ""


class Tx:
    """One attempt at a transaction. Functions of this package take it first.

    Attributes:
        now: seconds since the epoch when the attempt began.
        now_us: the same in microseconds.
        attempt: names this attempt among all attempts of all runs under its key.
        bounds: whose rows it may see and write where the database is fenced; None: it is not, or not for this role.
    """

    def __init__(
        self,
        conn: Connection,
        now: float,
        new_uid: Callable[[], str],
        attempt: int,
        key: Key | None,
        bounds: Bounds | None = None,
    ) -> None:
        self.conn = conn
        self.now = now
        self.now_us = int(now * 1_000_000)
        self.new_uid = new_uid
        self.attempt = attempt
        self.key = key
        self.last_event: str | None = None
        self.bounds = bounds
        self._answered = False

    def tell(self, bounds: Bounds) -> None:
        """Tell the database these bounds from here on; see `store.fence`. Costs nothing where they hold already."""
        if self.bounds is not None and self.bounds != bounds:
            self.conn.execute(fence.TELL, bounds.settings())
            self.bounds = bounds

    def identify(self, key: Key) -> None:
        """Make this transaction the one that `key` names; before its first write."""
        self.key = key

    def insert(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows, which have the same columns, many in each statement."""
        if 0 < len(rows) <= _FEW:  # statements of several rows are put together anew each time, which takes longer
            self.conn.execute(table.insert(), list(rows))
            return
        for start in range(0, len(rows), ROWS):
            self.conn.execute(table.insert().values(list(rows[start : start + ROWS])))

    def upsert(self, table: Table, rows: Sequence[dict[str, Any]], *, update: dict[str, Any]) -> None:
        """Insert rows; where their primary key is there, set `update` instead."""
        insert = sqlite.insert if self.conn.dialect.name == "sqlite" else postgresql.insert
        for start in range(0, len(rows), ROWS):
            statement = insert(table).values(list(rows[start : start + ROWS]))
            self.conn.execute(
                statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=update)
            )

    @contextmanager
    def savepoint(self) -> Generator[None]:
        """Undo only the enclosed statements when the block raises, and the bounds that it told."""
        before = self.bounds
        try:
            with self.conn.begin_nested():
                yield
        except BaseException:
            self.bounds = before
            raise

    def answer(self, answer: dict[str, Any] | None) -> None:
        """Store this transaction's key row, with the answer that a replay gets."""
        if self.key is not None and not self._answered:
            self._answered = True
            self.conn.execute(
                request_key.insert().values(
                    scope=self.key.scope,
                    key=self.key.key,
                    request_hash=self.key.request_hash,
                    attempt=self.attempt,
                    answer=answer,
                    created_us=self.now_us,
                )
            )


class Rollback(Exception):
    """Raised by a callback to end its transaction without storing anything; `Database.write` returns `result`."""

    def __init__(self, result: Any) -> None:
        super().__init__("rolled back on purpose")
        self.result = result


def _no_point(name: str) -> None:
    """The default of `Database.point`."""


class Database:
    """The store's connection to its database.

    Args:
        url: `sqlite:///path`, `postgresql+psycopg://…` or `cockroachdb+psycopg://…`.
        point: called with the name of each step ("begin", "commit", "committed"); simulation crashes there.
        durable: False trades durability for speed on SQLite; for simulation only.
        everything: the process acts for nobody who has bounds, such as that which hosts' agents speak to. All others
            tell each transaction's bounds where the database is fenced for their role.

    Raises:
        DatabaseUnprotected: it is on another machine, whose certificate would not be verified.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        pool_size: int = 8,
        point: Callable[[str], None] = _no_point,
        durable: bool = True,
        everything: bool = False,
    ) -> None:
        self.clock = clock or SystemClock()
        self.rng = rng or random.SystemRandom()
        self.new_uid = uid_source(self.clock, self.rng)
        self.point = point
        self.url = make_url(url)
        check_protected(self.url)
        self._durable = durable
        self._sqlite = self.url.get_backend_name() == "sqlite"
        self._turns = Turns(self.file)
        self._pool_size = pool_size
        self._everything = everything
        self.fenced = False
        """Whether the database is fenced for our role, and transactions have bounds; known once we are connected."""

    @cached_property
    def engine(self) -> Engine:
        """The connection pool, made on first use so that each worker process has its own."""
        if self._sqlite:
            return self._sqlite_engine()
        engine = create_engine(
            self.url,
            isolation_level="SERIALIZABLE",
            pool_size=self._pool_size,
            max_overflow=0,
            pool_timeout=PATIENCE_S,
            connect_args={"connect_timeout": 4, "application_name": "pextra"} | _NOTICE_SILENCE,
        )

        def configure(connection: Any, record: Any) -> None:
            del record
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = '10s'")
                cursor.execute("SET idle_in_transaction_session_timeout = '30s'")
                if engine.dialect.name == "postgresql":
                    # A sequential scan of a small table locks all of it for serialisable neighbours.
                    # Source: PostgreSQL's documentation, section 13.2.3.
                    cursor.execute("SET enable_seqscan = off")
                    self._look_at_fence(cursor)
            connection.commit()

        event.listen(engine, "connect", configure)
        return engine

    def _look_at_fence(self, cursor: Any) -> None:
        if self._everything:
            cursor.execute(fence.TELL_EVERYTHING)
        else:
            cursor.execute(fence.BINDS)
            self.fenced = bool(cursor.fetchone()[0])

    def _sqlite_engine(self) -> Engine:
        engine = create_engine(
            self.url,
            poolclass=QueuePool,
            pool_size=self._pool_size,
            max_overflow=0,
            pool_timeout=PATIENCE_S,
            connect_args={"check_same_thread": False, "timeout": PATIENCE_S},
        )
        synchronous = "FULL" if self._durable else "OFF"

        def configure(connection: sqlite3.Connection, record: Any) -> None:
            del record
            connection.isolation_level = None  # we begin transactions ourselves
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute("PRAGMA foreign_keys = ON")

        def begin(connection: Connection) -> None:
            writes = connection.get_execution_options().get("pextra_writes", True)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        event.listen(engine, "connect", configure)
        event.listen(engine, "begin", begin)
        return engine

    def read(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in a transaction of one snapshot and roll it back.

        Raises:
            PextraError: `store.unavailable`, `store.contention`.
        """
        return self._run(work, writes=False, key=None)

    def write(self, work: Callable[[Tx], T], *, key: Key | None = None) -> T:
        """Run `work` in one transaction and commit it; the result is that of the attempt that landed.

        `work` has no outside effects, for it may run several times. An ambiguous commit is repeated under the
        transaction's key, whose unique row is part of it, so that it lands once.

        Raises:
            PextraError: `store.unavailable`, `store.contention`, `store.full`; and whatever `work` raises.
        """
        if key is None and not self._sqlite:
            key = Key(LOOPS, self.new_uid())
        return self._run(work, writes=True, key=key)

    def _run(self, work: Callable[[Tx], T], *, writes: bool, key: Key | None) -> T:
        deadline = self.clock.monotonic() + PATIENCE_S
        doubt = _Doubt[T](key)
        # Two runs of one request may meet under its key; their attempts must not be taken for each other's.
        first = self.rng.getrandbits(25) * 64 if writes else 0
        for attempt in range(ATTEMPTS):
            try:
                with self._turn(writes, attempt):
                    return self._attempt(work, writes=writes, doubt=doubt, attempt=first + attempt)
            except _Retry as retry:
                failure, cause = retry.failure, retry.__cause__
            if failure is Failure.FULL:
                raise PextraError(
                    "store.full",
                    "The database cannot write because its disk is full: free space; nothing was changed.",
                ) from cause
            delay = min(MAX_DELAY_S, BASE_DELAY_S * 2**attempt) * (0.5 + self.rng.random())
            if failure is Failure.UNREACHABLE:
                delay = max(delay, 0.1)
            if attempt == ATTEMPTS - 1 or self.clock.monotonic() + delay > deadline:
                if failure is Failure.UNREACHABLE or doubt.results:
                    raise PextraError(
                        "store.unavailable",
                        "The database cannot be reached: try again in a moment.",
                        retry_after_s=2,
                    ) from cause
                raise PextraError(
                    "store.contention",
                    "Too many writers met at this object: try again in a moment.",
                    retry_after_s=1,
                ) from cause
            self.clock.sleep(delay)
        raise AssertionError("unreachable")

    def _attempt(self, work: Callable[[Tx], T], *, writes: bool, doubt: _Doubt[T], attempt: int) -> T:
        self.point("begin")
        committing = False
        try:
            with self.engine.connect().execution_options(**self._options(writes)) as conn:
                transaction = conn.begin()
                try:
                    bounds = Bounds() if self.fenced else None
                    tx = Tx(conn, self.clock.now(), self.new_uid, attempt, doubt.key, bounds)
                    if doubt.results and (landed := self._landed(tx)) in doubt.results:
                        return doubt.results[landed]
                    result = work(tx)
                    if not writes:
                        return result
                    tx.answer(None)
                    self.point("commit")
                    committing = True
                    try:
                        transaction.commit()
                    except DBAPIError as error:
                        if classify(error, committing=True) is Failure.AMBIGUOUS:
                            doubt.key, doubt.results[attempt] = tx.key, result
                        raise
                except Rollback as rollback:
                    return rollback.result
                finally:
                    if transaction.is_active:
                        transaction.rollback()
        except DBAPIError as error:
            failure = classify(error, committing=committing)
            if failure is Failure.FATAL:
                raise
            raise _Retry(failure) from error
        except PoolTimeout as error:  # the pool is exhausted
            raise _Retry(Failure.RETRY) from error
        self.point("committed")
        return result

    def _turn(self, writes: bool, attempt: int) -> AbstractContextManager[None]:
        """The turn that an attempt waits for: see backend/adr/0008-writers-take-turns.md.

        On SQLite and PostgreSQL all writers of the process take turns, elsewhere those that met others before.
        """
        if writes and (attempt > 0 or self.url.get_backend_name() in ("sqlite", "postgresql")):
            return self._turns.take(PATIENCE_S)
        return nullcontext()

    def _options(self, writes: bool) -> dict[str, Any]:
        if not writes and self.engine.dialect.name == "postgresql":
            # a snapshot is all that a read needs, and it takes no predicate locks that writers would run into
            return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return {"pextra_writes": writes}

    @staticmethod
    def _landed(tx: Tx) -> int | None:
        """The attempt that left the key's row; one of another run when that came in between."""
        key = tx.key
        if key is None:
            return None
        tx.tell(Bounds(principal=key.scope))  # nothing else is told yet: who asks is found out again
        return tx.conn.execute(
            select(request_key.c.attempt).where(request_key.c.scope == key.scope, request_key.c.key == key.key)
        ).scalar()

    @property
    def file(self) -> Path | None:
        """The file of an embedded database; None of one that is a server."""
        return Path(self.url.database) if self._sqlite and self.url.database else None

    def overwrite_freed(self) -> None:
        """Overwrite what deleted rows left in the file. Only SQLite can be told to; others clean up by themselves.

        Nobody else may use the database meanwhile.
        """
        if not self._sqlite:
            return
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.close()
        finally:
            connection.close()

    def close(self) -> None:
        """Close every connection."""
        if "engine" in self.__dict__:
            self.engine.dispose()


class _Doubt(Generic[T]):
    """The attempts whose commit was ambiguous, and the key whose row tells which one landed."""

    def __init__(self, key: Key | None) -> None:
        self.key = key
        self.results: dict[int, T] = {}


class _Retry(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure
