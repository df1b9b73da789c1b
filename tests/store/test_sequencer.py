"""Every committed change gets its place in its stream: none is skipped, in whatever order transactions commit."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert

from pextra.errors import PextraError
from pextra.store import events
from pextra.store.database import Database, Tx
from pextra.store.events import BATCH
from pextra.store.tables import pending_event
from tests.labs.crdbish import Crdbish, Fault
from tests.store import records
from tests.store.streams import drain, is_dense, revisions, stream_of

TWO_WRITERS_AT_ONCE = pytest.mark.parametrize("flavour", ["postgres", "crdbish", "cockroach"], indirect=True)


@pytest.fixture
def tenant(database: Database) -> str:
    return database.new_uid()


def test_changes_stand_in_the_stream_in_the_order_in_which_they_were_made(database: Database, tenant: str) -> None:
    record = records.volume(database, tenant)
    database.write(lambda tx: records.create(tx, record))
    database.write(lambda tx: records.update(tx, tenant, record.uid))
    database.write(lambda tx: records.touch(tx, tenant, record.uid))
    assert drain(database) == 3
    stream = stream_of(database, tenant)
    assert [(e.position, e.type, e.revision) for e in stream] == [
        (1, "created", 1),
        (2, "updated", 2),
        (3, "status", 3),
    ]
    assert {(e.kind, e.name, e.object_uid) for e in stream} == {("volume", "data", record.uid)}


def test_each_stream_counts_for_itself(database: Database, tenant: str) -> None:
    other = database.new_uid()
    for owner in (tenant, other, tenant):
        record = records.volume(database, owner, f"v-{database.new_uid()}")
        database.write(lambda tx, r=record: records.create(tx, r))
    drain(database)
    assert [len(stream_of(database, owner)) for owner in (tenant, other)] == [2, 1]
    assert is_dense(stream_of(database, tenant))
    assert is_dense(stream_of(database, other))
    assert database.read(lambda tx: events.positions(tx, [tenant, other])) == {tenant: 2, other: 1}


def test_numbering_twice_numbers_once(database: Database, tenant: str) -> None:
    database.write(lambda tx: records.create(tx, records.volume(database, tenant)))
    assert (drain(database), drain(database)) == (1, 0)
    assert len(stream_of(database, tenant)) == 1


def test_a_change_that_was_rolled_back_is_in_no_stream(database: Database, tenant: str) -> None:
    def work(tx: Tx) -> None:
        records.create(tx, records.volume(database, tenant))
        raise KeyError

    with pytest.raises(KeyError):
        database.write(work)
    assert drain(database) == 0
    assert stream_of(database, tenant) == []


@TWO_WRITERS_AT_ONCE
@pytest.mark.parametrize("order", ["first first", "second first"])
def test_a_change_that_commits_late_comes_behind_and_is_not_skipped(
    processes: list[Database], tenant: str, order: str
) -> None:
    """Two transactions are open at once; the sequencer runs after each commit, in either order of the commits."""
    database = processes[0]
    begun = {name: threading.Event() for name in ("first", "second")}
    may_commit = {name: threading.Event() for name in ("first", "second")}

    def write(process: Database, name: str) -> None:
        record = records.volume(database, tenant, name)

        def work(tx: Tx) -> None:
            records.create(tx, record)
            begun[name].set()
            assert may_commit[name].wait(10)

        process.write(work)

    with ThreadPoolExecutor(2) as pool:
        done = {}
        for process, name in zip(processes[1:], ("first", "second"), strict=False):
            done[name] = pool.submit(write, process, name)
            assert begun[name].wait(10)
        assert drain(database) == 0
        names = ["first", "second"] if order == "first first" else ["second", "first"]
        for number, name in enumerate(names, start=1):
            may_commit[name].set()
            done[name].result()
            assert drain(database) == 1
            assert [e.name for e in stream_of(database, tenant)] == names[:number]
    assert is_dense(stream_of(database, tenant))


def write_at_random(database: Database, tenant: str, seed: int, rounds: int, shared: str) -> list[tuple[str, int]]:
    """Change a shared object and new ones at random; the acknowledged (object, revision)s."""
    rng, acknowledged = random.Random(seed), list[tuple[str, int]]()
    for _ in range(rounds):
        try:
            if rng.random() < 0.4:
                record = records.volume(database, tenant, f"v-{database.new_uid()}")
                database.write(lambda tx, r=record: records.create(tx, r))
            else:
                change = rng.choice([records.update, records.touch])
                record = database.write(lambda tx, c=change: c(tx, tenant, shared))
        except PextraError:
            continue
        acknowledged.append((record.uid, record.revision))
    return acknowledged


def test_among_concurrent_writers_and_sequencers_nothing_is_skipped_doubled_or_out_of_order(
    processes: list[Database], tenant: str
) -> None:
    write_number_and_follow(processes, tenant, None)


@pytest.mark.parametrize("flavour", ["crdbish"], indirect=True)
def test_in_a_storm_of_faults_nothing_is_skipped_doubled_or_out_of_order(
    processes: list[Database], tenant: str, crdbish: Crdbish
) -> None:
    crdbish.rates = dict.fromkeys(Fault, 0.01)
    write_number_and_follow(processes, tenant, crdbish)
    assert sum(crdbish.stats[fault] for fault in Fault) > 10


def write_number_and_follow(processes: list[Database], tenant: str, proxy: Crdbish | None) -> None:
    """Three writers, two sequencers and a reader that follows the stream: what each has seen must add up."""
    database = processes[0]
    shared = records.volume(database, tenant)
    database.write(lambda tx: records.create(tx, shared))
    finished, followed = threading.Event(), list[tuple[str, int]]()

    def sequence(process: Database) -> None:
        while not finished.is_set():
            try:
                process.write(events.sequence)
            except PextraError:
                continue

    def follow() -> None:
        position = 0
        while True:
            last = finished.is_set()
            try:
                batch = database.read(lambda tx, p=position: events.after(tx, tenant, p, limit=7))
            except PextraError:
                continue
            followed.extend((e.object_uid, e.revision) for e in batch)
            position = batch[-1].position if batch else position
            if last and not batch:
                return

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(write_at_random, processes[n], tenant, n, 20, shared.uid) for n in range(3)]
        others = [pool.submit(sequence, process) for process in processes[2:]]
        following = pool.submit(follow)
        try:
            acknowledged = [pair for writer in writers for pair in writer.result()]
            if proxy is not None:
                proxy.rates = {}
            drain(database)
        finally:
            finished.set()
        for other in [*others, following]:
            other.result()

    stream = stream_of(database, tenant)
    assert is_dense(stream)
    assert all(r == list(range(1, len(r) + 1)) for r in revisions(stream).values())
    there = [(e.object_uid, e.revision) for e in stream]
    assert len(set(there)) == len(there)
    assert set(acknowledged) <= set(there)
    assert followed == there
    assert database.read(events.lag)[0] == 0


def test_an_event_can_be_seen_from_its_commit_on_before_and_after_it_is_numbered(
    database: Database, tenant: str
) -> None:
    def work(tx: Tx) -> str:
        records.create(tx, records.volume(database, tenant))
        assert tx.last_event is not None
        return tx.last_event

    uid = database.write(work)
    assert database.read(lambda tx: events.visible(tx, uid))
    drain(database)
    assert database.read(lambda tx: events.visible(tx, uid))
    assert not database.read(lambda tx: events.visible(tx, database.new_uid()))


def pending_rows(database: Database, stream: str, order: list[tuple[str, int, int]]) -> None:
    """Note (object, revision, time in microseconds), as writers with clocks of their own do."""
    rows = [
        {
            "uid": database.new_uid(),
            "stream": stream,
            "type": "updated",
            "kind": "volume",
            "object_uid": uid,
            "name": "v",
            "revision": revision,
            "at_us": at_us,
        }
        for uid, revision, at_us in order
    ]
    database.write(lambda tx: tx.conn.execute(insert(pending_event), rows))


def test_the_order_of_revisions_holds_when_the_clocks_of_writers_disagree(database: Database, tenant: str) -> None:
    uid = database.new_uid()
    pending_rows(database, tenant, [(uid, 1, 30), (uid, 2, 10), (uid, 3, 20)])
    drain(database)
    assert revisions(stream_of(database, tenant)) == {uid: [1, 2, 3]}


def test_a_revision_that_is_late_by_its_clock_holds_up_neither_itself_nor_others(
    sqlite_database: Database,
) -> None:
    """The first revision of a busy object bears a time behind more events than one batch holds."""
    tenant, uid = sqlite_database.new_uid(), sqlite_database.new_uid()
    late = [(uid, 1, 10_000_000)]
    busy = [(uid, revision, revision) for revision in range(2, BATCH + 50)]
    pending_rows(sqlite_database, tenant, [*busy, *late])
    assert drain(sqlite_database) == BATCH + 49
    assert revisions(stream_of(sqlite_database, tenant)) == {uid: list(range(1, BATCH + 50))}


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_revisions_holds_over_many_batches_and_wild_clocks(sqlite_database: Database, seed: int) -> None:
    rng, tenant = random.Random(seed), sqlite_database.new_uid()
    uids = [sqlite_database.new_uid() for _ in range(20)]
    order = [(uid, revision, rng.randrange(10**6)) for uid in uids for revision in range(1, 80)]
    rng.shuffle(order)
    pending_rows(sqlite_database, tenant, order)
    assert drain(sqlite_database) == len(order)
    stream = stream_of(sqlite_database, tenant)
    assert is_dense(stream)
    assert revisions(stream).keys() == set(uids)
    assert all(found == list(range(1, 80)) for found in revisions(stream).values())
