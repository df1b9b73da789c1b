"""What a process knows of the hosts is what the database says, though it reads only those that have changed."""

from __future__ import annotations

import random
from typing import Any, Final

import pytest
from sqlalchemy import event

from pextra.scheduling.gpus.devices import Mode
from pextra.scheduling.gpus.wishes import GpuRequest, Wish
from pextra.scheduling.groups import Group, Rule
from pextra.scheduling.place import place
from pextra.scheduling.request import Request, Storage
from pextra.scheduling.resources import Resources
from pextra.services import placement
from pextra.services.hosts_in_view import HostsInView
from pextra.store import allocations
from pextra.store.allocations import Amounts, Boarded
from pextra.store.database import Database
from pextra.store.gpus import Claim, Gpu

KIND: Final[dict[str, Any]] = {"model": "h100", "shareable": True, "slices": []}
SMALL: Final = Resources(1, 1_024, 10)
CELL: Final = {"vcpus": 8, "memory_mib": 8_192, "dedicated_threads": 4, "hugepages_2m": 0, "hugepages_1g": 0}
TENANT: Final = "00000000-0000-7000-8000-000000000001"
GROUP: Final = "00000000-0000-7000-8000-000000000002"
PROBES: Final = [
    Request("plain", TENANT, SMALL),
    Request("large", TENANT, Resources(12, 8_192, 20)),
    Request("apart", TENANT, SMALL, group=Group(GROUP, Rule.ANTI_AFFINITY)),
    Request("stored", TENANT, SMALL, storage=Storage(frozenset({"shared"}))),
    Request("zoned", TENANT, SMALL, zone="a"),
    Request("threads", TENANT, Resources(0, 1_024, 10, dedicated_threads=3)),
    Request("gpus", TENANT, SMALL, gpus=GpuRequest(count=2, numa=Wish.REQUIRED)),
    Request("share", TENANT, SMALL, gpus=GpuRequest(mode=Mode.SHARE, milli=300)),
]


class Site:
    """Hosts and guests that change at random."""

    def __init__(self, database: Database, chance: random.Random) -> None:
        self.database = database
        self.chance = chance
        self.hosts: dict[str, str] = {}
        self.guests: list[str] = []
        self.given = 0

    def state(self, uid: str, name: str) -> None:
        """A host says what it is, at its first time or anew."""
        chance = self.chance
        boards = [Gpu(uid, f"gpu-{n}", n, KIND, n // 2, chance.random() < 0.9) for n in range(chance.choice((0, 4)))]
        self.hosts[uid] = name
        self.database.write(
            lambda tx: allocations.set_host(
                tx,
                uid,
                name=name,
                zone=chance.choice("ab"),
                pool=chance.choice(("shared", "shared", name)),
                pool_shared=False,
                labels={},
                ready=chance.random() < 0.9,
                schedulable=True,
                capacity=Amounts(16, 16_384, chance.choice((100, 200)), dedicated_threads=8),
                gpus=Boarded(tuple(boards), None) if chance.random() < 0.7 else None,
                cells=dict.fromkeys(range(2), CELL) if chance.random() < 0.7 else None,
            )
        )

    def give(self) -> None:
        """A guest gets something of a host, if it is there."""
        host, guest, chance = self.chance.choice(list(self.hosts)), self.database.new_uid(), self.chance
        claims = [Claim(f"gpu-{chance.randrange(4)}", "share", "", 300)] if chance.random() < 0.4 else []
        group, amounts = (
            chance.choice((None, GROUP)),
            Amounts(chance.randint(1, 4), 1_024, 10, chance.choice((0, 0, 2))),
        )
        if self.database.write(
            lambda tx: allocations.take(tx, host, TENANT, guest, amounts, placement_group_uid=group, gpus=claims)
        ):
            self.guests.append(guest)
            self.given += 1

    def change(self) -> None:
        """Something happens."""
        database, chance = self.database, self.chance
        match chance.choice(("state", "state anew", "state anew", "close", *["take"] * 5, "resize", "release", "go")):
            case "state" if len(self.hosts) < 6:
                uid = database.new_uid()
                self.state(uid, f"h{uid[-6:]}")
            case "state anew" if self.hosts:
                self.state(*chance.choice(list(self.hosts.items())))
            case "close" if self.hosts:
                host = chance.choice(list(self.hosts))
                database.write(lambda tx: allocations.close_host(tx, host))
            case "take" if self.hosts:
                self.give()
            case "resize" if self.guests:
                guest = chance.choice(self.guests)
                held = database.read(lambda tx: allocations.of(tx, TENANT, guest))
                assert held is not None
                database.write(lambda tx: allocations.resize(tx, held, Amounts(chance.randint(1, 6), 512, 10)))
            case "release" if self.guests:
                guest = self.guests.pop(chance.randrange(len(self.guests)))
                database.write(lambda tx: allocations.release(tx, TENANT, guest))
            case "go":
                for host in list(self.hosts):
                    if not database.read(lambda tx, host=host: allocations.on(tx, host)):
                        database.write(lambda tx, host=host: allocations.remove_host(tx, host))
                        del self.hosts[host]
                        break
            case _:
                pass


@pytest.mark.parametrize("seed", range(3))
def test_it_places_as_one_that_reads_all_hosts_again(database: Database, seed: int) -> None:
    site, seldom, often = Site(database, random.Random(seed)), HostsInView(), HostsInView()
    for step in range(80):
        site.change()
        often.look(database, [])
        if step % 7 == 0:
            seldom.look(database, [])
            hosts = database.read(allocations.hosts)
            for view in (often, seldom):
                fresh = placement.snapshot(hosts, view.workload)
                expected = [place(fresh, probe) for probe in PROBES]
                assert [place(view.snapshot, probe) for probe in PROBES] == expected
            for host in hosts:
                assert often[host.uid] == seldom[host.uid] == host
    assert site.given > 5


def test_hosts_that_have_not_changed_are_not_read_again(sqlite_database: Database) -> None:
    site, hosts = Site(sqlite_database, random.Random(4)), HostsInView()
    for number in range(5):
        site.state(sqlite_database.new_uid(), f"h{number}")
    hosts.look(sqlite_database, [])
    asked: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(sqlite_database.engine, "before_cursor_execute", note)
    hosts.look(sqlite_database, [])
    assert len([statement for statement, _ in asked if "host_capacity" in statement]) == 1
    changed = next(iter(site.hosts))
    sqlite_database.write(lambda tx: allocations.close_host(tx, changed))
    asked.clear()
    hosts.look(sqlite_database, [])
    whole = [parameters for statement, parameters in asked if "host_capacity.labels" in statement]
    assert whole == [(changed,)]
    assert not hosts[changed].schedulable
