"""What is there before the users come: tenants, sizes, an image and hosts that soon are full."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any, Final

from pextra.simulation.drivers import LOCAL_POOL, SHARED_POOL
from pextra.simulation.letters import Where, Wish, letter_of
from pextra.simulation.node import Node
from pextra.simulation.stage import Stage, Violated
from pextra.simulation.wishes.mind import Mind, deleted
from pextra.simulation.wishes.networking import image
from pextra.simulation.wishes.tenancy import flavor, limits

TENANTS: Final = ("acme", "globex")
HOSTS: Final = ("h1", "h2", "h3")
USERS: Final = ("ada", "bob")
POOL_BYTES: Final = 200 << 30
_CLOUD: Final = "system"


@dataclass(frozen=True, slots=True)
class Founder:
    """The administrator, who sets the cloud up and takes it down while nothing goes wrong."""

    stage: Stage
    node: Node
    token: str
    mind: Mind
    numbers: count[int]

    def put(self, where: Where, spec: dict[str, Any]) -> dict[str, Any]:
        """Make an object; gives the answer's body."""
        return self._ask(Wish("PUT", where, {"spec": spec}), (201,))

    def take_down(self) -> None:
        """Delete everything that was made here, and with the tenants what is in them."""
        for where in reversed([w for w in self.mind.seen if w.tenant is None or w.tenant == _CLOUD]):
            wish = deleted(self.mind, where, cascade=True)
            assert wish is not None
            self._ask(wish, (202, 204))

    def _ask(self, wish: Wish, expected: tuple[int, ...]) -> dict[str, Any]:
        letter = letter_of("founder", self.mind.tenant, self.token, wish, f"founder-{next(self.numbers)}")
        least = self.stage.ledger.begin(letter)
        answer = self.node.serve(letter.request)
        assert answer is not None
        body: dict[str, Any] = json.loads(answer.body) if answer.body else {}
        if answer.status not in expected:
            raise Violated(f"{letter} was answered {answer.status} {body}")
        self.stage.ledger.answered(letter, answer.status, body, replayed=False, least=least)
        self.mind.learn(wish.where, answer.status, body)
        return body


def found(founder: Founder) -> dict[str, str]:
    """Make everything; gives the token of each user, by `tenant/user`."""
    rng = Random(f"{founder.stage.seed} founding")
    for name, size in (("small", (1, 512, 2)), ("big", (2, 1024, 2)), ("deep", (1, 512, 3))):
        founder.put(Where(None, "flavors", name), flavor(*size))
    founder.put(Where(_CLOUD, "images", "debian"), image("debian"))
    founder.put(Where(_CLOUD, "shares", "debian"), {"kind": "image", "name": "debian", "tenants": "all"})
    founder.stage.world.ensure_pool(SHARED_POOL, capacity_bytes=POOL_BYTES)
    host: dict[str, Any] = {}
    for name in HOSTS:
        machine = {"vcpus": rng.randint(2, 4), "memory_mib": rng.choice((2048, 4096)), "disk_gib": 64}
        spec = {"driver": "sim", "simulated": machine, "cpu_overcommit": rng.choice((1, 2))}
        host = founder.put(Where(None, "hosts", name), spec)
    if founder.stage.hazards.weather.local_pool:
        founder.stage.world.ensure_pool(LOCAL_POOL, capacity_bytes=POOL_BYTES, host_uid=host["metadata"]["uid"])
    return dict(pair for tenant in TENANTS for pair in _tenant(founder, tenant))


def _tenant(founder: Founder, tenant: str) -> list[tuple[str, str]]:
    founder.put(Where(None, "tenants", tenant), {})
    founder.put(Where(tenant, "quotas", "default"), limits(founder.mind, 6, "none"))
    tokens: list[tuple[str, str]] = []
    for user in USERS:
        founder.put(Where(tenant, "users", user), {})
        made = founder.put(Where(tenant, "api_tokens", user), {"user": user})
        tokens.append((f"{tenant}/{user}", made["minted"]["token"]))
    return tokens
