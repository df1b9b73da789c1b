"""One run from its seed: a cloud is founded, used and abused, left in peace, looked at, and taken down."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from pextra.drivers.sim.world import Latency, SimWorld
from pextra.drivers.sim.world_file import WorldDocument
from pextra.encryption.key_file import KeyFile
from pextra.resources import REGISTRY
from pextra.services.bootstrap import open_cloud
from pextra.simulation.agent_node import AgentNode
from pextra.simulation.audit import Audit
from pextra.simulation.clock import SimClock
from pextra.simulation.founding import TENANTS, Founder, found
from pextra.simulation.guard import Guard
from pextra.simulation.hazards import Hazards, weather_of
from pextra.simulation.ledger import Ledger
from pextra.simulation.link import Link
from pextra.simulation.nature import Nature
from pextra.simulation.node import Node
from pextra.simulation.report import Report
from pextra.simulation.schedule import START_S, Schedule
from pextra.simulation.stage import Stage, Violated
from pextra.simulation.trace import Trace, TraceHandler
from pextra.simulation.user import ADMINISTRATOR, MEMBER, User
from pextra.simulation.watcher import Watcher
from pextra.simulation.wishes.mind import Mind
from pextra.store import schema
from pextra.store.database import Database

STEPS: Final = 2500
EVERY: Final = 4
TAIL: Final = 200
PATIENCE_S: Final = 900.0
"""How long a cloud that is left in peace may take to settle."""
STILL_S: Final = 90.0
"""How long nothing may be written before the cloud counts as settled; more than the longest time between two looks."""
LATENCY: Final = Latency(boot_s=1.5, shutdown_s=2.5)
_SCRATCH: Final = Path("/dev/shm")  # noqa: S108  # a folder with a name of its own is made in it


def run(seed: int, *, steps: int = STEPS, every: int = EVERY, tail: int = TAIL, agents: bool | None = None) -> Report:
    """Run the simulation of this seed; the same arguments give the same report.

    Args:
        steps: how many events run before the cloud is left in peace.
        every: after how many events the promises are checked; this does not change what happens.
        tail: how many lines of the trace the report keeps.
        agents: whether the hosts have agents; None: as the seed says.
    """
    stage = _stage(seed, agents)
    violation: str | None = None
    with ExitStack() as opened:
        scratch = _SCRATCH if _SCRATCH.is_dir() else None
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="pextra-sim-", dir=scratch))
        opened.enter_context(_logged(stage.trace))
        try:
            _Run(stage, Path(folder) / "pextra.db", opened, every).play(steps)
        except Violated as broken:
            violation = str(broken)
    return Report(
        seed=seed,
        steps=steps,
        events=stage.schedule.ran,
        virtual_s=stage.schedule.now - START_S,
        counts=stage.counts,
        digest=stage.trace.digest,
        violation=violation,
        trace=stage.trace.tail(tail),
    )


def _stage(seed: int, agents: bool | None) -> Stage:
    schedule = Schedule()
    document = WorldDocument()
    ledger = Ledger()
    return Stage(
        seed=seed,
        schedule=schedule,
        trace=Trace(schedule),
        hazards=Hazards(weather_of(seed, agents=agents), Random(f"{seed} hazards")),
        world=SimWorld(clock=lambda: schedule.now, latency=LATENCY, document=document),
        document=document,
        ledger=ledger,
        guard=Guard(ledger),
    )


@contextmanager
def _logged(trace: Trace) -> Generator[None]:
    """What the product logs goes into the trace, and nowhere else."""
    logger, handler = logging.getLogger("pextra"), TraceHandler(trace)
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = before
        logger.removeHandler(handler)


class _Run:
    """The parts of one run."""

    def __init__(self, stage: Stage, path: Path, opened: ExitStack, every: int) -> None:
        self._stage = stage
        url = f"sqlite:///{path}"
        database = Database(url, clock=SimClock(stage.schedule), rng=Random(f"{stage.seed} site"), durable=False)
        schema.migrate(database)
        keeper = KeyFile(path.with_name("keys.json"))
        _, token = open_cloud(database, REGISTRY, keeper)
        assert token is not None
        database.close()
        self._token = token
        self._watcher = Watcher(stage, path, every=every)
        opened.callback(self._watcher.close)
        stage.guard.watch(path)
        opened.callback(stage.guard.close)
        self._nodes = [Node(f"n{i + 1}", stage, url, keeper) for i in range(stage.hazards.weather.nodes)]
        for node in self._nodes:
            opened.callback(node.close)
        self._link = Link(stage, Audit(stage.ledger))
        self._agents: list[AgentNode] = []
        self._nature = Nature(stage, self._nodes, self._agents)
        mind = Mind("system", TENANTS, Random(f"{stage.seed} founder"))
        self._founder = Founder(stage, self._nodes, self._agents, token, mind, count())
        self._users: list[User] = []

    def play(self, steps: int) -> None:
        """Run everything.

        Raises:
            Violated: a promise was broken.
        """
        hazards, schedule = self._stage.hazards, self._stage.schedule
        self._stage.note("stage", str(hazards.weather))
        hazards.calm = True
        for node in self._nodes:
            node.start()
        tokens = found(self._founder)
        self._users = self._populate(tokens)
        schedule.after_each = self._watcher.glance
        hazards.calm = False
        for user in self._users:
            user.think()
        self._nature.brood()
        while schedule.ran < steps:
            schedule.step()
        self._stage.note("stage", "peace")
        self._calm_down()
        self._settle()
        self._watcher.look_closely()
        self._stage.note("stage", "taken down")
        self._founder.take_down()
        self._settle()
        self._founder.take_down_pools()
        self._settle()
        self._watcher.look_closely()
        self._watcher.look_for_nothing()

    def _populate(self, tokens: dict[str, str]) -> list[User]:
        users = [
            User(
                name,
                self._stage,
                self._link,
                self._nodes,
                token,
                self._mind(name),
                MEMBER,
                pace_s=1.5,
            )
            for name, token in tokens.items()
        ]
        administrator = User(
            "system/admin",
            self._stage,
            self._link,
            self._nodes,
            self._token,
            self._founder.mind,
            ADMINISTRATOR,
            pace_s=8.0,
        )
        return [*users, administrator]

    def _mind(self, name: str) -> Mind:
        tenant = name.partition("/")[0]
        strangers = tuple(t for t in TENANTS if t != tenant)
        return Mind(tenant, strangers, Random(f"{self._stage.seed} mind of {name}"))

    def _calm_down(self) -> None:
        """Let users finish what they began, and let nothing go wrong any more."""
        self._stage.hazards.calm = True
        self._nature.relent()
        for user in self._users:
            user.retired = True
        schedule = self._stage.schedule
        while (
            self._link.under_way
            or any(u.busy for u in self._users)
            or any(a.link.under_way for a in self._agents)
            or not all(p.up for p in (*self._nodes, *self._agents))
        ):
            schedule.run_until(schedule.now + 1.0)

    def _settle(self) -> None:
        """Wait until nothing is written any more.

        Raises:
            Violated: something still is after `PATIENCE_S`.
        """
        schedule = self._stage.schedule
        deadline = schedule.now + PATIENCE_S
        rows, since = self._watcher.everything(), schedule.now
        while schedule.now - since < STILL_S:
            schedule.run_until(schedule.now + 5.0)
            now = self._watcher.everything()
            if now != rows:
                if schedule.now > deadline:
                    changed = [table for table in now if now[table] != rows.get(table)]
                    self._watcher.look_closely()
                    raise Violated(f"tables {changed} are written without end")
                rows, since = now, schedule.now
