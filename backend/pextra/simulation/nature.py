"""Acts of the world: guests and hosts fail, and disks fill up, without asking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from pextra.drivers.interface import Power
from pextra.simulation.agent_node import AgentNode
from pextra.simulation.node import Node
from pextra.simulation.stage import Stage


class Nature:
    """Strikes now and then, and takes away later what would last.

    Args:
        agents: the hosts' agents, those too that begin after this.
    """

    def __init__(self, stage: Stage, nodes: Sequence[Node], agents: Sequence[AgentNode]) -> None:
        self._stage = stage
        self._nodes = nodes
        self._agents = agents
        self._rng = Random(f"{stage.seed} nature")
        self._paused: set[str] = set()
        self._acts: list[tuple[Callable[[], None], int]] = [
            (self._guest_crashes, 4),
            (self._guest_powers_off, 3),
            (self._guest_pauses, 1),
            (self._host_fails, 3),
            (self._pool_fills, 1),
            (self._node_is_killed, 2),
            (self._node_stops, 1),
        ]
        weather = stage.hazards.weather
        if weather.agents:
            self._acts += [(self._agent_is_killed, 3), (self._agent_is_cut_off, weather.cut)]

    def brood(self) -> None:
        """Do something after a while, and again."""
        upset_s = self._stage.hazards.weather.upset_s
        self._stage.schedule.after(upset_s * self._rng.expovariate(1.0), self._strike)

    def _strike(self) -> None:
        if self._stage.hazards.calm:
            return
        (act,) = self._rng.choices([a for a, _ in self._acts], [w for _, w in self._acts])
        act()
        self.brood()

    def relent(self) -> None:
        """Repair everything."""
        for uid in self._stage.document.hosts:
            self._host_is_up(uid)
        for agent in self._agents:
            agent.link.cut = False
        for name in self._stage.document.pools:
            self._stage.world.free_pool(name)

    def _running(self) -> str | None:
        running = [
            guest.spec.uid
            for host in self._stage.document.hosts.values()
            for guest in host.guests.values()
            if guest.power is Power.RUNNING and guest.active is not None
        ]
        return self._rng.choice(running) if running else None

    def _on_guest(self, what: str, act: Callable[[str], None]) -> None:
        uid = self._running()
        if uid is None:
            return
        try:
            act(uid)
        except LookupError:
            return  # it had ended, and nobody has looked since
        self._stage.note("nature", f"guest {uid} {what}", count=f"guest {what}")

    def _guest_crashes(self) -> None:
        self._on_guest("crashes", self._stage.world.guest_crashes)

    def _guest_powers_off(self) -> None:
        self._on_guest("powers off", self._stage.world.guest_powers_off)

    def _guest_pauses(self) -> None:
        """Once for each guest: one that pauses again between two sweeps is not seen to have run in between."""

        def pause(uid: str) -> None:
            if uid not in self._paused:
                self._paused.add(uid)
                self._stage.world.guest_pauses(uid)

        self._on_guest("pauses", pause)

    def _host_fails(self) -> None:
        hosts = list(self._stage.document.hosts)
        if not hosts:
            return
        uid = self._rng.choice(hosts)
        self._stage.note("nature", f"host {uid} goes down", count="host down")
        self._stage.world.host_down(uid)
        for agent in self._agents:
            if agent.host_uid == uid:
                agent.host_goes_down()

        def up() -> None:
            self._stage.note("nature", f"host {uid} comes up")
            self._host_is_up(uid)

        self._stage.schedule.after(self._rng.uniform(1.0, 30.0), up)

    def _host_is_up(self, uid: str) -> None:
        self._stage.world.host_up(uid)
        for agent in self._agents:
            if agent.host_uid == uid:
                agent.start()

    def _pool_fills(self) -> None:
        name = self._rng.choice(list(self._stage.document.pools))
        self._stage.note("nature", f"pool {name} fills up", count="pool full")
        self._stage.world.fill_pool(name)

        def free() -> None:
            self._stage.note("nature", f"pool {name} has room")
            self._stage.world.free_pool(name)

        self._stage.schedule.after(self._rng.uniform(1.0, 20.0), free)

    def _node_is_killed(self) -> None:
        self._rng.choice(self._nodes).kill()

    def _node_stops(self) -> None:
        self._rng.choice(self._nodes).stop()

    def _agent_is_killed(self) -> None:
        self._rng.choice(self._agents).kill()

    def _agent_is_cut_off(self) -> None:
        agent = self._rng.choice(self._agents)
        self._stage.note("nature", f"{agent.name} is cut off", count="agent cut off")
        agent.link.cut = True

        def mend() -> None:
            self._stage.note("nature", f"{agent.name} is reached again")
            agent.link.cut = False

        self._stage.schedule.after(self._rng.choice((3.0, 10.0, 60.0)) * self._rng.random(), mend)
