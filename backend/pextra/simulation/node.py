"""One control-plane process: it serves requests and runs the loops, stands still, dies, and comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from pextra.api.app import create_app
from pextra.controllers.floating_ips import FloatingIpController
from pextra.controllers.hosts import HostController
from pextra.controllers.images import ImageController
from pextra.controllers.instances import InstanceController
from pextra.controllers.loop import Loop
from pextra.controllers.operations import OperationController
from pextra.controllers.outcome import Controller, Outcome
from pextra.controllers.sequencer import Sequencer
from pextra.controllers.sweep import Sweep
from pextra.controllers.tenants import TenantController
from pextra.controllers.volumes import VolumeController
from pextra.resources import REGISTRY
from pextra.services.bootstrap import open_cloud
from pextra.services.cloud import Cloud
from pextra.simulation.clock import SimClock
from pextra.simulation.database import SimDatabase
from pextra.simulation.drivers import SimFleet
from pextra.simulation.stage import Stage
from pextra.store.work import Item
from pextra_client.messages import Answer, Request

DEEPEST: Final = 6
"""How many activities may stand still at a time, one on top of the other."""


LONGEST_LOOK_S: Final = 4.0
"""For how long processes stand still while one acts on hosts; what such a pause lets run may pause again."""


class Crash(BaseException):
    """The process dies here. Not an `Exception`, for nothing in the process can handle it."""


class Looking:
    """A controller whose looks are known to be under way."""

    def __init__(self, stage: Stage, controller: Controller) -> None:
        self._stage = stage
        self._controller = controller

    def look(self, cloud: Cloud, items: Sequence[Item]) -> list[Outcome]:
        """See `Controller.look`."""
        self._stage.looks.append(self._stage.schedule.now)
        try:
            return self._controller.look(cloud, items)
        finally:
            self._stage.looks.pop()


@dataclass(frozen=True, slots=True, eq=False)
class Life:
    """What a process has in memory from its start to its death."""

    loop: Loop
    sequencer: Sequencer
    sweep: Sweep


class Node:
    """A machine on which the process is started again after each death.

    The HTTP application and the database's connections are kept over a death, for the sake of speed: they hold
    nothing that a death could lose.
    """

    def __init__(self, name: str, stage: Stage, url: str) -> None:
        self.name = name
        self._stage = stage
        self._rng = Random(f"{stage.seed} {name}")
        self._life: Life | None = None
        self._lives = 0
        self._frames: list[Life] = []
        skew_s = stage.hazards.weather.skew_s * self._rng.uniform(-1, 1)
        self._database = SimDatabase(
            url,
            clock=SimClock(stage.schedule, skew_s=skew_s),
            rng=self._rng,
            pool_size=2,
            point=self.point,
            durable=False,
        )
        self._cloud, _ = open_cloud(self._database, REGISTRY)
        self._client = create_app(self._cloud).test_client(use_cookies=False)

    @property
    def up(self) -> bool:
        """Whether the process lives."""
        return self._life is not None

    def start(self) -> None:
        """Start the process with an empty memory."""
        if self._life is not None:
            return
        self._lives += 1
        holder = f"{self.name}-{self._lives}"
        fleet = SimFleet(self._stage, self.point)
        controllers: dict[str, Controller] = {
            "tenant": TenantController(),
            "host": HostController(fleet),
            "image": ImageController(fleet),
            "volume": VolumeController(fleet),
            "instance": InstanceController(fleet),
            "operation": OperationController(fleet),
            "floating_ip": FloatingIpController(),
        }
        life = Life(
            Loop(self._cloud, {k: Looking(self._stage, c) for k, c in controllers.items()}, holder=holder),
            Sequencer(self._cloud, holder=holder),
            Sweep(self._cloud, fleet),
        )
        self._life = life
        self._stage.note(self.name, "starts", count="start")
        self._repeat(life, "loop", life.loop.step, busy_s=0.05, idle_s=1.0)
        self._repeat(life, "sequencer", life.sequencer.step, busy_s=0.3, idle_s=1.5)
        self._repeat(life, "sweep", lambda: life.sweep.run(life.loop.shards), busy_s=3.0, idle_s=4.0)

    def stop(self) -> None:
        """End the process in good order, its leases given back."""
        life = self._life
        if life is None or life in self._frames:
            return
        if self._within(life, life.loop.release):
            self._stage.note(self.name, "stops", count="stop")
            self._die()

    def kill(self) -> None:
        """End the process at once, wherever it stands."""
        if self._life is not None:
            self._stage.note(self.name, "is killed", count="kill")
            self._die()

    def serve(self, request: Request) -> Answer | None:
        """The answer to a request; None when the process died of it, or before."""
        life = self._life
        if life is None:
            return None
        answers: list[Answer] = []

        def answer() -> None:
            response = self._client.open(
                request.target, method=request.method, data=request.body, headers=dict(request.headers)
            )
            headers = {name.lower(): value for name, value in response.headers.items()}
            answers.append(Answer(response.status_code, headers, response.get_data()))

        return answers[0] if self._within(life, answer) else None

    def point(self, name: str) -> None:
        """A step of the process at which it may die, or stand still while others go on.

        Raises:
            Crash: it dies here, or died while it stood still.
        """
        self._check_alive()
        hazards = self._stage.hazards
        if self._frames and hazards.crashes():
            self._stage.note(self.name, f"dies at {name}", count=f"death at {name.partition(' ')[0]}")
            self._die()
            raise Crash
        if name == "commit" or not self._frames or self._stage.schedule.depth >= DEEPEST:
            return  # a transaction is open, or enough activities stand still
        looks = self._stage.looks
        if looks and self._stage.schedule.now - looks[0] > LONGEST_LOOK_S:
            return  # it would outlast its lease
        pause_s = hazards.pause_s(looking=bool(looks))
        if pause_s:
            self._stage.note(self.name, f"stands still at {name} for {pause_s:.3f} s", count="pause")
            self._stage.schedule.run_until(self._stage.schedule.now + pause_s)
            self._check_alive()

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    def _check_alive(self) -> None:
        if self._frames and self._frames[-1] is not self._life:
            raise Crash

    def _die(self) -> None:
        self._life = None
        self._stage.schedule.after(self._stage.hazards.downtime_s(), self.start)

    def _within(self, life: Life, act: Callable[[], object]) -> bool:
        """Run a part of the life; tells whether the process survived it."""
        self._frames.append(life)
        try:
            act()
        except Crash:
            return False
        finally:
            self._frames.pop()
        return self._life is life

    def _repeat(self, life: Life, what: str, act: Callable[[], int], *, busy_s: float, idle_s: float) -> None:
        """Do it again and again as long as the life lasts, sooner when there was something to do."""

        def once() -> None:
            if self._life is not life:
                return
            done: list[int] = []
            if not self._within(life, lambda: done.append(act())):
                return
            if done[0]:
                self._stage.note(self.name, f"{what} did {done[0]}")
            wait_s = busy_s if done[0] else idle_s
            self._stage.schedule.after(wait_s * self._rng.uniform(0.7, 1.3), once)

        self._stage.schedule.after(self._rng.uniform(0.0, idle_s), once)
