"""What goes wrong, and how often: drawn for each run, then for each occasion."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random

from pextra.controllers.loop import LEASE_TTL_S


@dataclass(frozen=True, slots=True)
class Weather:
    """How rough a run is. A fault that is frequent hides others, so every run has its own mixture.

    Attributes:
        nodes: how many control-plane processes there are.
        skew_s: how far their clocks differ from the true time at most.
        crash, pause: chance at each point of a process to crash there, or to stand still for a while.
        stall: chance that such a pause outlasts a lease, where it may.
        stalls_anywhere: whether it may also while a loop acts on hosts. It then goes on to act when another process has
            taken over, which nothing in the product prevents where loops drive hosts themselves. Where agents do, a
            loop only writes down what is desired, and may stand still anywhere.
        refuse, doubt: chance that a driver's call fails, or may have happened.
        lose, repeat: chance that a message is lost, or delivered a second time later.
        upset_s: time between two acts of nature, on average.
        local_pool: whether one host has disks of its own instead of the shared pool.
        agents: whether every host is driven by an agent of its own instead of by the loops.
        own_pools: whether, with agents, every host has disks of its own and there is no shared pool.
        cut: how much more often than other acts of nature the way of an agent to the control plane is cut.
    """

    nodes: int
    skew_s: float
    crash: float
    pause: float
    stall: float
    stalls_anywhere: bool
    refuse: float
    doubt: float
    lose: float
    repeat: float
    upset_s: float
    local_pool: bool
    agents: bool
    own_pools: bool
    cut: int


def weather_of(seed: int, *, agents: bool | None = None) -> Weather:
    """The weather of a run.

    Args:
        agents: whether hosts have agents; None: as drawn.
    """
    rng = Random(f"weather {seed}")
    of_agents = Random(f"agents {seed}")
    drawn = of_agents.random() < 0.5
    with_agents = drawn if agents is None else agents
    own_pools = of_agents.choice((False, True, True, True))
    return Weather(
        nodes=rng.choice((2, 3, 3)),
        skew_s=rng.choice((0.0, 0.3, 2.0)),
        crash=rng.choice((0.0, 0.0005, 0.001, 0.003)),
        pause=rng.choice((0.0, 0.005, 0.01, 0.03)),
        stall=rng.choice((0.0, 0.02, 0.1)),
        stalls_anywhere=with_agents and own_pools,
        refuse=rng.choice((0.0, 0.01, 0.05)),
        doubt=rng.choice((0.0, 0.01, 0.05)),
        lose=rng.choice((0.0, 0.02, 0.1)),
        repeat=rng.choice((0.0, 0.05, 0.2)),
        upset_s=rng.choice((4.0, 10.0, 40.0)),
        local_pool=rng.choice((False, False, True)),
        agents=with_agents,
        own_pools=own_pools,
        cut=of_agents.choice((0, 1, 4)),
    )


class Blow(Enum):
    """What becomes of one driver call."""

    NONE = "nothing"
    REFUSED = "did not happen, and says so"
    LOST = "did not happen, and may have"
    HAPPENED = "happened, and may not have"


class Hazards:
    """Decides on each occasion; decides for the best while `calm`."""

    def __init__(self, weather: Weather, rng: Random) -> None:
        self.weather = weather
        self.calm = False
        self._rng = rng

    def crashes(self) -> bool:
        """Whether the process dies here."""
        return self._happens(self.weather.crash)

    def downtime_s(self) -> float:
        """How long a process that died stays away."""
        return self._rng.choice((0.2, 2.0, LEASE_TTL_S + 2.0))

    def pause_s(self, *, looking: bool) -> float:
        """How long the process stands still here; mostly not at all.

        Args:
            looking: some process is acting on hosts meanwhile.
        """
        if not self._happens(self.weather.pause):
            return 0.0
        if self._happens(self.weather.stall) and (self.weather.stalls_anywhere or not looking):
            return LEASE_TTL_S * self._rng.uniform(1.0, 2.5)
        return self._rng.choice((0.02, 0.2, 1.0)) * self._rng.random()

    def blow(self) -> Blow:
        """What becomes of a driver's call that changes something."""
        if self._happens(self.weather.refuse):
            return Blow.REFUSED
        if self._happens(self.weather.doubt):
            return self._rng.choice((Blow.LOST, Blow.HAPPENED))
        return Blow.NONE

    def loses(self) -> bool:
        """Whether a message is lost."""
        return self._happens(self.weather.lose)

    def repeats(self) -> bool:
        """Whether a message is delivered again."""
        return self._happens(self.weather.repeat)

    def latency_s(self) -> float:
        """How long a message is under way."""
        slow = self._happens(0.03)
        return self._rng.uniform(1.0, 8.0) if slow else self._rng.uniform(0.001, 0.02)

    def lateness_s(self) -> float:
        """How much later a message is delivered again."""
        return self._rng.choice((0.05, 1.0, 10.0, 40.0)) * self._rng.random()

    def _happens(self, chance: float) -> bool:
        return not self.calm and self._rng.random() < chance
