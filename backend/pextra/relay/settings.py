"""The relay's bounds and intervals."""

from __future__ import annotations

from dataclasses import dataclass

from pextra.network_lists import LOOPBACK, Network


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """What an operator may set of the relay.

    Attributes:
        most_agents: how many connections of agents it holds, channels and streams.
        most_consoles: how many consoles are open at a time.
        most_consoles_of_tenant: how many of them may be of one tenant's instances.
        idle_s: a console through which nothing has flowed for so long is closed.
        look_s: how often it asks what was newly assigned, while agents are connected.
        recheck_s: how often it asks whether certificates, tokens and instances are still what they were.
        open_s: how long an agent may take to open a stream.
        operator_networks: from where metrics may be asked for.
        further_origins: of web pages, beside this cloud's own, that may open consoles.
    """

    most_agents: int = 20_000
    most_consoles: int = 500
    most_consoles_of_tenant: int = 50
    idle_s: float = 1800.0
    look_s: float = 0.2
    recheck_s: float = 30.0
    open_s: float = 10.0
    operator_networks: tuple[Network, ...] = LOOPBACK
    further_origins: tuple[str, ...] = ()
