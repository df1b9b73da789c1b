"""A user: wishes something, calls, hears, thinks, and begins again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any, Final

from pextra.simulation.call import Call
from pextra.simulation.letters import Where, letter_of
from pextra.simulation.link import Link
from pextra.simulation.node import Node
from pextra.simulation.stage import Stage
from pextra.simulation.wishes import computing, networking, reading, routing, tenancy
from pextra.simulation.wishes.mind import Maker, Mind
from pextra_client.messages import Answer

MEMBER: Final[dict[Maker, int]] = {
    computing.put_instance: 12,
    computing.switch_power: 3,
    computing.delete_instance: 4,
    computing.reboot: 3,
    computing.cancel: 2,
    computing.put_placement_group: 2,
    computing.delete_placement_group: 1,
    computing.put_volume: 6,
    computing.delete_volume: 2,
    networking.put_network: 3,
    networking.delete_network: 1,
    networking.put_subnet: 4,
    networking.delete_subnet: 1,
    networking.put_floating_ip: 3,
    networking.delete_floating_ip: 1,
    routing.put_router: 3,
    routing.delete_router: 1,
    routing.put_floating_ip_of_pool: 2,
    routing.delete_floating_ip_of_pool: 1,
    routing.put_load_balancer: 2,
    routing.delete_load_balancer: 1,
    networking.put_image: 1,
    networking.delete_image: 1,
    tenancy.put_child: 2,
    tenancy.put_child_quota: 3,
    tenancy.delete_child_quota: 1,
    tenancy.delete_child: 1,
    reading.get: 4,
    reading.list_all: 2,
    reading.list_tenants: 1,
    reading.pry: 2,
    reading.try_out: 1,
}
"""What a tenant's user asks for, and how often."""

ADMINISTRATOR: Final[dict[Maker, int]] = {
    tenancy.put_host: 3,
    tenancy.put_quota: 3,
    tenancy.put_flavor: 1,
    reading.list_tenants: 1,
}
"""What the cloud's administrator asks for."""


class User:
    """One person with one token; does one thing at a time.

    Attributes:
        busy: whether a call is under way.
        retired: whether no further call is to be begun.
    """

    def __init__(
        self,
        name: str,
        stage: Stage,
        link: Link,
        nodes: Sequence[Node],
        token: str,
        mind: Mind,
        tastes: dict[Maker, int],
        *,
        pace_s: float,
    ) -> None:
        self.name = name
        self.mind = mind
        self.busy = False
        self.retired = False
        self._stage = stage
        self._link = link
        self._nodes = nodes
        self._token = token
        self._makers = list(tastes)
        self._weights = list(tastes.values())
        self._pace_s = pace_s
        self._rng = Random(f"{stage.seed} {name}")
        self._calls = 0

    def think(self) -> None:
        """Begin the next call after a while."""
        self._stage.schedule.after(self._pace_s * self._rng.expovariate(1.0), self._call)

    def _call(self) -> None:
        if self.retired:
            return
        (maker,) = self._rng.choices(self._makers, self._weights)
        wish = self.mind.second_look() or maker(self.mind)
        if wish is None:
            self.think()
            return
        self._calls += 1
        letter = letter_of(self.name, self.mind.tenant, self._token, wish, f"{self.name}-{self._calls}")

        def done(answer: Answer | None) -> None:
            self.busy = False
            if answer is not None:
                where = wish.where
                body: dict[str, Any] = json.loads(answer.body) if answer.body else {}
                if wish.action == "reboot" and "metadata" in body:
                    where = Where(where.tenant, "operations", body["metadata"]["name"])
                if not wish.foreign and "dry_run" not in wish.query:
                    self.mind.learn(where, answer.status, body)
            self.think()

        self.busy = True
        Call(self._stage, self._link, self._nodes, self._rng, letter, done).begin()
