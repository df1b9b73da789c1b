"""One control-plane process: it serves requests and runs the loops, stands still, dies, and comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pextra import agent_protocol as protocol
from pextra.api.agents import create_agents_app
from pextra.api.app import create_app
from pextra.controllers.by_kind import controllers_of
from pextra.controllers.loop import Loop
from pextra.controllers.outcome import Controller, Outcome
from pextra.controllers.sequencer import Sequencer
from pextra.controllers.sweep import Sweep
from pextra.encryption.wrapping import KeyKeeper
from pextra.pki.audit_key import AuditKey
from pextra.resources import REGISTRY
from pextra.services.bootstrap import open_cloud
from pextra.services.cloud import Cloud
from pextra.simulation.clock import SimClock
from pextra.simulation.database import SimDatabase
from pextra.simulation.drivers import SimFleet
from pextra.simulation.process import Process
from pextra.simulation.stage import Stage
from pextra.store.work import Item
from pextra_client.messages import Answer, Request

AUDIT_KEY = AuditKey.from_seed(bytes(32))
"""Signs every simulated site's audit log."""


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


class Node(Process[Life]):
    """A machine on which the process is started again after each death.

    The HTTP application and the database's connections are kept over a death, for the sake of speed: they hold
    nothing that a death could lose.
    """

    def __init__(self, name: str, stage: Stage, url: str, keeper: KeyKeeper) -> None:
        super().__init__(name, stage)
        self._lives = 0
        skew_s = stage.hazards.weather.skew_s * self.rng.uniform(-1, 1)
        self._database = SimDatabase(
            url,
            clock=SimClock(stage.schedule, skew_s=skew_s),
            rng=self.rng,
            pool_size=2,
            point=self.point,
            durable=False,
        )
        self._cloud, _ = open_cloud(self._database, REGISTRY, keeper)
        self._client = create_app(self._cloud).test_client(use_cookies=False)
        self._serial: str | None = None
        agents = create_agents_app(self._cloud, lambda: self._serial)
        self._agents_client = agents.test_client(use_cookies=False)

    def start(self) -> None:
        """Start the process with an empty memory."""
        if self._life is not None:
            return
        self._lives += 1
        holder = f"{self.name}-{self._lives}"
        fleet = SimFleet(self._stage, self.point)
        controllers = {kind: Looking(self._stage, each) for kind, each in controllers_of(fleet).items()}
        life = Life(
            Loop(self._cloud, controllers, holder=holder),
            Sequencer(self._cloud, holder=holder, signer=AUDIT_KEY),
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

    def serve(self, request: Request) -> Answer | None:
        """The answer to a request; None when the process died of it, or before."""
        return self._serve(self._client, request)

    def serve_agent(self, path: str, message: protocol.Message, serial: str | None) -> Answer | None:
        """The answer to a host's agent that shows the certificate of that serial number, as `serve`."""
        self._serial = serial
        body = message.model_dump_json(exclude_defaults=True).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(method="POST", target=f"{protocol.PREFIX}{path}", headers=headers, body=body)
        return self._serve(self._agents_client, request)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    def _serve(self, client: Any, request: Request) -> Answer | None:
        life = self._life
        if life is None:
            return None
        answers: list[Answer] = []

        def answer() -> None:
            response = client.open(
                request.target, method=request.method, data=request.body, headers=dict(request.headers)
            )
            headers = {name.lower(): value for name, value in response.headers.items()}
            answers.append(Answer(response.status_code, headers, response.get_data()))

        return answers[0] if self._within(life, answer) else None
