"""The laboratories do what their users rely on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from tests.labs.cockroach import CockroachCluster
from tests.labs.crdbish import OVERTAKEN, REFUSED, Crdbish, Fault
from tests.labs.databases import fresh_database
from tests.labs.postgres import PostgresServer
from tests.labs.waiting import wait_until

LOST = (Fault.COMMIT_LOST_APPLIED, Fault.COMMIT_LOST_DROPPED)
AMBIGUOUS = (Fault.COMMIT_40003_APPLIED, Fault.COMMIT_40003_DROPPED)
APPLIED = (Fault.COMMIT_LOST_APPLIED, Fault.COMMIT_40003_APPLIED)
DROPPED = (Fault.COMMIT_LOST_DROPPED, Fault.COMMIT_40003_DROPPED)


@pytest.fixture
def behind_proxy(postgres_server: PostgresServer, crdbish: Crdbish) -> Iterator[str]:
    """A database with an empty table `k`; the URL leads through the proxy."""
    with fresh_database(postgres_server) as name:
        with psycopg.connect(postgres_server.url(name, driver="postgresql")) as connection:
            connection.execute("CREATE TABLE k (id int PRIMARY KEY)")
        yield crdbish.url(name)


@pytest.fixture
def engine(behind_proxy: str) -> Iterator[Engine]:
    """A SQLAlchemy engine behind the proxy, with CockroachDB's dialect."""
    engine = create_engine(behind_proxy)
    yield engine
    engine.dispose()


@pytest.fixture
def driver_url(behind_proxy: str) -> str:
    """The same place for psycopg alone."""
    return behind_proxy.replace("cockroachdb+psycopg", "postgresql")


def expected_sqlstate(fault: Fault) -> str | None:
    """What a client hears of a fault; a cut connection has no code."""
    if fault in LOST:
        return None
    return "40003" if fault in AMBIGUOUS else "40001"


# --- databases of each flavour -----------------------------------------------------------------------


def test_every_flavour_gives_a_fresh_empty_database(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE fresh (id int PRIMARY KEY)"))  # fails if somebody was here
        connection.execute(text("INSERT INTO fresh VALUES (1)"))
        assert connection.scalar(text("SELECT count(*) FROM fresh")) == 1
    engine.dispose()


# --- PostgreSQL --------------------------------------------------------------------------------------


def test_a_killed_server_keeps_what_it_acknowledged_and_its_port(private_postgres: PostgresServer) -> None:
    port = private_postgres.port
    url = private_postgres.url("postgres", driver="postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS n")
        private_postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert not private_postgres.running
    private_postgres.start()
    assert private_postgres.port == port
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT n FROM t").fetchone() == (1,)


def test_a_paused_server_answers_only_once_it_is_resumed(private_postgres: PostgresServer) -> None:
    answered = threading.Event()

    def ask() -> None:
        with psycopg.connect(private_postgres.url("postgres", driver="postgresql")):
            answered.set()

    private_postgres.pause()
    asking = threading.Thread(target=ask)
    asking.start()
    assert not answered.wait(0.2)
    private_postgres.resume()
    assert answered.wait(10)
    asking.join()


def test_a_restart_ends_sessions_in_order_and_keeps_the_data(private_postgres: PostgresServer) -> None:
    private_postgres.create_database("kept")
    private_postgres.restart()
    with psycopg.connect(private_postgres.url("kept", driver="postgresql")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_stopping_a_killed_server_leaves_nothing_behind() -> None:
    server = PostgresServer()
    server.start()
    segment = (server.directory / "data" / "postmaster.pid").read_text().splitlines()[6].split()[1]
    server.kill()
    assert segment in _memory_segments()
    server.stop()
    assert segment not in _memory_segments()
    assert not server.directory.exists()


def _memory_segments() -> set[str]:
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()}


# --- the fault proxy ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", list(Fault))
def test_each_fault_tells_psycopg_its_error_and_commits_or_not(crdbish: Crdbish, driver_url: str, fault: Fault) -> None:
    def insert() -> None:
        connection.execute("INSERT INTO k VALUES (%s)", (1,))
        connection.commit()

    with psycopg.connect(driver_url) as connection:
        crdbish.once(fault)
        with pytest.raises(psycopg.OperationalError) as caught:
            insert()
        assert caught.value.sqlstate == expected_sqlstate(fault)
        assert connection.closed == (fault in LOST)
    assert crdbish.stats == {fault: 1}
    with psycopg.connect(driver_url) as connection:
        rows = connection.execute("SELECT id FROM k").fetchall()
    assert rows == ([(1,)] if fault in APPLIED else [])


@pytest.mark.parametrize("fault", list(Fault))
def test_each_fault_tells_sqlalchemy_its_error_and_commits_or_not(
    crdbish: Crdbish, engine: Engine, fault: Fault
) -> None:
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW transaction_isolation")) == "serializable"
    crdbish.once(fault)
    with pytest.raises(DBAPIError) as caught, engine.begin() as connection:
        connection.execute(text("INSERT INTO k VALUES (:id)"), {"id": 1})  # and the COMMIT at the end
    assert getattr(caught.value.orig, "sqlstate", "absent") == expected_sqlstate(fault)
    assert caught.value.connection_invalidated == (fault in LOST)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM k")) == (1 if fault in APPLIED else 0)


def test_a_fault_on_a_statement_that_cannot_be_parsed_does_not_hang(crdbish: Crdbish, driver_url: str) -> None:
    crdbish.once(Fault.STMT_RETRY)
    with psycopg.connect(driver_url) as connection:
        with pytest.raises(psycopg.errors.SerializationFailure):
            connection.execute("NONSENSE %s", (1,))
        connection.rollback()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_commit_that_the_server_fails_by_itself_is_not_reported_as_ambiguous(
    crdbish: Crdbish, driver_url: str
) -> None:
    with psycopg.connect(driver_url) as connection:
        connection.execute("ALTER TABLE k ADD CONSTRAINT late UNIQUE (id) DEFERRABLE INITIALLY DEFERRED")
        connection.execute("ALTER TABLE k DROP CONSTRAINT k_pkey")
        connection.commit()
        connection.execute("INSERT INTO k VALUES (1), (1)")
        crdbish.once(Fault.COMMIT_40003_APPLIED)
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.commit()
    assert crdbish.stats == {OVERTAKEN: 1}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_xact_lock(1)",
        "LISTEN x",
        "NOTIFY x",
        "SELECT pg_notify('x', '')",
        "SELECT id FROM k FOR UPDATE SKIP LOCKED",
        "/* a comment */ LOCK TABLE k",
        "PREPARE TRANSACTION 'x'",
        "CREATE EXTENSION hstore",
        "SELECT xmin FROM k",
    ],
)
@pytest.mark.parametrize("bound", [False, True], ids=["simple", "bound"])
def test_what_cockroachdb_lacks_is_refused(
    crdbish: Crdbish, driver_url: str, statement: LiteralString, bound: bool
) -> None:
    with psycopg.connect(driver_url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="unimplemented on CockroachDB"):
            connection.execute(statement, binary=bound, prepare=bound)
        assert crdbish.stats == {REFUSED: 1}
        assert connection.execute("SELECT 'LISTEN, pg_notify(), SKIP LOCKED' -- xmin").rowcount == 1


def test_quiet_suspends_random_faults_only(crdbish: Crdbish, driver_url: str) -> None:
    crdbish.rates = {Fault.STMT_RETRY: 1.0}
    with psycopg.connect(driver_url, autocommit=True) as connection:
        with crdbish.quiet():
            assert connection.execute("SELECT 1").fetchone() == (1,)
            crdbish.once(Fault.STMT_RETRY)
            with pytest.raises(psycopg.errors.SerializationFailure):
                connection.execute("SELECT 1")
        with pytest.raises(psycopg.errors.SerializationFailure):
            connection.execute("SELECT 1")


def test_rates_must_be_probabilities(crdbish: Crdbish) -> None:
    with pytest.raises(ValueError, match="not probabilities"):
        crdbish.rates = {Fault.COMMIT_RETRY: 0.6, Fault.COMMIT_LOST_APPLIED: 0.6}


def test_a_stopped_proxy_cuts_its_connections(postgres_server: PostgresServer) -> None:
    with Crdbish(postgres_server.address) as proxy:
        connection = psycopg.connect(proxy.url("postgres", driver="postgresql"))
    with connection, pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")


def test_under_a_random_mix_no_acknowledged_row_is_lost_and_no_failed_one_is_there(
    crdbish: Crdbish, engine: Engine
) -> None:
    """The audit that the product's own tests repeat: acknowledged, failed and in doubt add up."""
    crdbish.rates = dict.fromkeys(Fault, 0.04)
    acknowledged, failed, in_doubt = set[int](), set[int](), set[int]()

    def insert(number: int) -> None:
        committing = False
        try:
            with engine.connect() as connection:
                connection.execute(text("INSERT INTO k VALUES (:id)"), {"id": number})
                committing = True
                connection.commit()
            acknowledged.add(number)
        except DBAPIError as error:
            doubtful = committing and getattr(error.orig, "sqlstate", None) in (None, "40003")
            (in_doubt if doubtful else failed).add(number)

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(insert, range(400)))
    with crdbish.quiet(), engine.connect() as connection:
        there = _numbers(connection)

    assert len(acknowledged) + len(failed) + len(in_doubt) == 400
    assert acknowledged <= there
    assert not failed & there
    assert len(in_doubt & there) == sum(crdbish.stats[fault] for fault in APPLIED) > 0
    assert len(in_doubt - there) == sum(crdbish.stats[fault] for fault in DROPPED) > 0


def _numbers(connection: Connection) -> set[int]:
    return set(connection.scalars(text("SELECT id FROM k")))


# --- CockroachDB -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cluster_answers_after_a_node_was_killed(private_cockroach: CockroachCluster) -> None:
    private_cockroach.create_database("kept")
    private_cockroach.wait_replicated()
    engines = [create_engine(private_cockroach.url("kept", node), poolclass=NullPool) for node in (0, 1)]
    with engines[0].begin() as connection:
        connection.execute(text("CREATE TABLE k (id int PRIMARY KEY)"))
        connection.execute(text("INSERT INTO k VALUES (1)"))
    private_cockroach.wait_replicated()
    private_cockroach.kill(0)

    def answers() -> bool:
        try:
            with engines[1].connect() as connection:
                return _numbers(connection) == {1}
        except DBAPIError:
            return False

    wait_until(answers, 60, "the survivors to answer")
