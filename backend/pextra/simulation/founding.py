"""What is there before the users come: tenants, sizes, an image and hosts that soon are full."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any, Final

from pextra import agent_protocol as protocol
from pextra.drivers.sim.inventory import simulated_inventory
from pextra.resources.gpu_device import SimulatedGpus
from pextra.resources.host import SimulatedMachine
from pextra.simulation.agent_link import CSR, serial_of
from pextra.simulation.agent_node import AgentNode
from pextra.simulation.drivers import LOCAL_POOL, SHARED_POOL
from pextra.simulation.letters import Where, Wish, letter_of
from pextra.simulation.node import Node
from pextra.simulation.stage import Stage, Violated
from pextra.simulation.wishes import routing
from pextra.simulation.wishes.computing import GPU_PROFILES
from pextra.simulation.wishes.mind import Mind, deleted
from pextra.simulation.wishes.networking import image
from pextra.simulation.wishes.tenancy import flavor, limits

TENANTS: Final = ("acme", "globex")
HOSTS: Final = ("h1", "h2", "h3")
RACKS: Final = ("r1", "r2")
USERS: Final = ("ada", "bob")
POOL_BYTES: Final = 200 << 30
_CLOUD: Final = "system"
_POOLS: Final = "address_pools"


@dataclass(frozen=True, slots=True)
class Founder:
    """The administrator, who sets the cloud up and takes it down while nothing goes wrong.

    Attributes:
        agents: gets the agents of the hosts that are made.
    """

    stage: Stage
    nodes: Sequence[Node]
    agents: list[AgentNode]
    token: str
    mind: Mind
    numbers: count[int]

    def put(self, where: Where, spec: dict[str, Any]) -> dict[str, Any]:
        """Make an object; gives the answer's body."""
        return self._ask(Wish("PUT", where, {"spec": spec}), (201,))

    def join(self, host: dict[str, Any], machine: SimulatedMachine, pool: str) -> None:
        """Have an agent join for the host, with a token for it, and begin."""
        name: str = host["metadata"]["name"]
        made = self.put(Where(None, "join_tokens", name), {"host": name})
        wish = protocol.JoinRequest(token=made["minted"]["token"], csr=CSR)
        answer = self.nodes[0].serve_agent("/join", wish, None)
        if answer is None or answer.status != 200:
            raise Violated(f"the agent of host {name} was not let in: {answer}")
        agent = AgentNode(
            f"agent-{name}",
            self.stage,
            self.nodes,
            host_uid=host["metadata"]["uid"],
            machine=machine,
            pool=pool,
            serial=serial_of(answer),
        )
        self.agents.append(agent)
        agent.start()

    def take_down(self) -> None:
        """Delete everything that was made here, and with the tenants what is in them; but not what they use still."""
        founded = [w for w in self.mind.seen if w.tenant is None or w.tenant == _CLOUD]
        self._delete(reversed([w for w in founded if w.plural != _POOLS]))

    def take_down_pools(self) -> None:
        """Delete the address pools, of which nobody has addresses any more."""
        self._delete([w for w in self.mind.seen if w.plural == _POOLS])

    def _delete(self, places: Iterable[Where]) -> None:
        for where in places:
            wish = deleted(self.mind, where, cascade=True)
            assert wish is not None
            self._ask(wish, (202, 204))

    def _ask(self, wish: Wish, expected: tuple[int, ...]) -> dict[str, Any]:
        letter = letter_of("founder", self.mind.tenant, self.token, wish, f"founder-{next(self.numbers)}")
        least = self.stage.ledger.begin(letter)
        answer = self.nodes[0].serve(letter.request)
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
    founder.put(Where(None, "flavors", "pinned"), flavor(1, 512, 2) | {"cpu_policy": "dedicated", "hugepage_kib": 2048})
    secure = {"firmware": "uefi", "secure_boot": True, "tpm": True}
    founder.put(Where(None, "flavors", "secure"), flavor(1, 512, 2) | secure)
    for name, spec in GPU_PROFILES.items():
        founder.put(Where(None, "gpu_profiles", name), spec)
    founder.put(Where(None, _POOLS, routing.POOL), routing.POOL_SPEC)
    founder.put(Where(_CLOUD, "images", "debian"), image("debian"))
    founder.put(Where(_CLOUD, "shares", "debian"), {"kind": "image", "name": "debian", "tenants": "all"})
    _hosts(founder, rng)
    return dict(pair for tenant in TENANTS for pair in _tenant(founder, tenant))


def _hosts(founder: Founder, rng: Random) -> None:
    """Hosts that the loops drive, or hosts with agents; see `Weather` for where their disks are."""
    stage, weather = founder.stage, founder.stage.hazards.weather
    own_pools = weather.agents and weather.own_pools
    if not own_pools:
        stage.world.ensure_pool(SHARED_POOL, capacity_bytes=POOL_BYTES)
    for name in HOSTS:
        machine = _machine(rng)
        how = {"driver": "libvirt"} if weather.agents else {"driver": "sim", "simulated": machine.model_dump()}
        host = founder.put(
            Where(None, "hosts", name), {**how, "cpu_overcommit": rng.choice((1, 2)), "rack": rng.choice(RACKS)}
        )
        uid: str = host["metadata"]["uid"]
        local = own_pools or (weather.local_pool and name == HOSTS[-1])
        pool = (name if weather.agents else LOCAL_POOL) if local else SHARED_POOL
        if local:
            stage.world.ensure_pool(pool, capacity_bytes=POOL_BYTES, host_uid=uid)
        if weather.agents:
            stage.world.ensure_host(uid, simulated_inventory(machine))
            founder.join(host, machine, pool)


def _machine(rng: Random) -> SimulatedMachine:
    """A small machine; what not every machine has, this one may lack or have little of."""
    return SimulatedMachine(
        vcpus=rng.randint(3, 6),
        memory_mib=rng.choice((3072, 5120)),
        disk_gib=64,
        dedicated_threads=rng.randint(0, 2),
        hugepages_2m=rng.choice((256, 512)),
        features=["vfio", "uefi", "secure_boot", "tpm"] if rng.random() < 0.6 else ["vfio"],
        numa_cells=rng.randint(1, 2),
        gpus=_gpus(rng),
    )


def _gpus(rng: Random) -> SimulatedGpus | None:
    """A board whose GPUs are linked, in pairs or all of them, cards in one of the ways to divide them, or none."""
    match rng.choice(("none", "pair", "board", "cards", "cards", "divided")):
        case "pair":
            return SimulatedGpus(board="h100-nvl-pair")
        case "board":
            return SimulatedGpus(board="hgx-h100-8", mig=rng.random() < 0.5)
        case "cards":
            return SimulatedGpus(model="a100-80gb-pcie", count=rng.randint(1, 3), mig=True)
        case "divided":
            return SimulatedGpus(model="l40s", count=rng.randint(1, 2), vfs=rng.randint(1, 3))
        case _:
            return None


def _tenant(founder: Founder, tenant: str) -> list[tuple[str, str]]:
    founder.put(Where(None, "tenants", tenant), {})
    founder.put(Where(tenant, "quotas", "default"), limits(founder.mind, 6, "none"))
    tokens: list[tuple[str, str]] = []
    for user in USERS:
        founder.put(Where(tenant, "users", user), {})
        binding = {"role": "owner", "subject": {"kind": "user", "name": user}}
        founder.put(Where(tenant, "role_bindings", user), binding)
        made = founder.put(Where(tenant, "api_tokens", user), {"user": user})
        tokens.append((f"{tenant}/{user}", made["minted"]["token"]))
    return tokens
