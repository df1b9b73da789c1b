"""One host's agent as a process: it exchanges, looks and watches, stands still, dies, and goes down with its host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from pextra.agent.agent import Agent, LinkDown
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.documents import Inventory
from pextra.resources.host import SimulatedMachine
from pextra.services.agents import POLL_S
from pextra.simulation.agent_link import AgentLink
from pextra.simulation.clock import SimClock
from pextra.simulation.drivers import host_drivers
from pextra.simulation.node import Node
from pextra.simulation.process import Process
from pextra.simulation.stage import Stage

GRACE_S: Final = 20.0
"""How long an agent leaves strangers alone: nothing may depend on that being long."""
TRASH_KEPT_S: Final = 1.0
SLOW: Final = 0.1
"""The chance that a driver takes seconds."""
LOOK_AGAIN_EVERY: Final = 40
"""How many looks around the host lie between two looks at every guest."""


class AgentNode(Process[Agent]):
    """A host's agent, started again after each death while its host is up.

    Args:
        machine: what the host is.
        serial: of the certificate that it got when it joined.
    """

    def __init__(
        self,
        name: str,
        stage: Stage,
        nodes: Sequence[Node],
        *,
        host_uid: str,
        machine: SimulatedMachine,
        pool: str,
        serial: str,
    ) -> None:
        super().__init__(name, stage)
        self.host_uid = host_uid
        self.link = AgentLink(stage, cast("Process[object]", self), nodes, serial)
        self._machine = machine
        self._pool = pool
        self._boot = 1
        skew_s = stage.hazards.weather.skew_s * self.rng.uniform(-1, 1)
        self._clock = SimClock(stage.schedule, skew_s=skew_s)

    @property
    def may_be_up(self) -> bool:
        """Whether its host is."""
        return self._stage.document.hosts[self.host_uid].up

    def start(self) -> None:
        """Start the process with an empty memory."""
        if self._life is not None or not self.may_be_up:
            return
        drivers = host_drivers(self._stage, self.host_uid, self._machine, self._pool, self.point)
        agent = Agent(
            self.link,
            drivers,
            inventory=lambda: _inventory(drivers),
            boot_id=f"{self.host_uid[-12:]}-{self._boot}",
            version="simulated",
            clock=self._clock,
            stranger_grace_s=GRACE_S,
            trash_kept_s=TRASH_KEPT_S,
        )
        self._life = agent
        self._stage.note(self.name, "starts", count="agent start")
        self._repeat(agent, "exchange", lambda: self._exchange(agent), busy_s=0.05, idle_s=POLL_S)
        for number in (1, 2):
            self._repeat(agent, f"look {number}", agent.look, busy_s=0.05, idle_s=1.0)
        rounds = iter(range(1, 1 << 30))
        self._repeat(agent, "observation", lambda: _observe(agent, next(rounds)), busy_s=3.0, idle_s=3.0)
        self._repeat(agent, "asking", agent.ask_guests, busy_s=30.0, idle_s=30.0)
        self._repeat(agent, "renewal", self._renew, busy_s=90.0, idle_s=90.0)

    def point(self, name: str) -> None:
        """See `Process.point`; what changes something on a real host often takes long: the agent hears meanwhile."""
        super().point(name)
        if name.startswith("before ensure_") and not self._stage.hazards.calm and self.rng.random() < SLOW:
            self.wait(self.rng.uniform(0.2, 4.0))

    def host_goes_down(self) -> None:
        """The host has lost power; its next boot has another id."""
        self._boot += 1
        if self._life is not None:
            self._life = None
            self._stage.note(self.name, "goes down with its host", count="agent down")

    def _exchange(self, agent: Agent) -> int:
        try:
            return int(agent.exchange() < POLL_S)
        except LinkDown:
            return 0

    def _renew(self) -> int:
        if not self._stage.hazards.calm:  # a cloud at rest writes nothing for a while
            try:
                self.link.renew()
            except LinkDown:
                return 0
        return 0


def _observe(agent: Agent, number: int) -> int:
    if number % LOOK_AGAIN_EVERY == 0:
        agent.look_again()
    agent.empty_trash()
    return agent.observe()


def _inventory(drivers: HostDrivers) -> Inventory:
    seen, gpus = drivers.compute.observe_host(), drivers.gpus.observe_gpus()
    return Inventory(
        vcpus=seen.vcpus,
        memory_mib=seen.memory_mib,
        disk_gib=seen.disk_gib,
        hypervisor=seen.hypervisor,
        accelerated=seen.accelerated,
        pool=drivers.pool,
        pool_shared=drivers.storage.capabilities().shared,
        hardware={},
        dedicated_cpus=seen.dedicated_cpus,
        hugepages=seen.hugepages,
        numa_cells=seen.numa_cells,
        features=seen.features,
        cpu_model=seen.cpu_model,
        cells=seen.cells,
        gpus=gpus.gpus,
        gpu_board=gpus.board,
        forward_address=drivers.network.capabilities().forward_address,
    )
