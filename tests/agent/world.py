"""A cloud with hosts that have agents, under a test's hand: every part real but the hypervisor and the wire's TLS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from pextra import agent_protocol as protocol
from pextra.agent.agent import Agent, LinkDown
from pextra.agent_protocol import SyncAnswer, SyncRequest
from pextra.api.agents import create_agents_app
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.documents import Inventory
from pextra.drivers.interface import HostInventory, NetworkDriver
from pextra.drivers.interface.bgp import BgpDriver, NoBgp
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.images import digest_of, sim_url
from pextra.drivers.sim.network import SimNetwork
from pextra.drivers.sim.storage import SimStorage
from pextra.pki.identity import identity_of
from pextra.pki.request import new_request
from tests.controllers.cloud import TENANT, LoopedCloud
from tests.store.clock import ManualClock

MACHINE = HostInventory(vcpus=8, memory_mib=16_384, disk_gib=200, hypervisor="sim", accelerated=False)


class Certified:
    """The agents' endpoint as one certificate's holder reaches it, without the wire."""

    def __init__(self, cloud: LoopedCloud) -> None:
        self.serial: str | None = None
        self.up = True
        self.asked = 0
        self.client: FlaskClient = create_agents_app(cloud.cloud, lambda: self.serial).test_client()

    def post(self, path: str, message: protocol.Message | dict[str, Any]) -> Any:
        """The answer to one message."""
        body = message if isinstance(message, dict) else message.model_dump(mode="json")
        return self.client.post(f"{protocol.PREFIX}{path}", json=body)

    def join(self, token: str) -> protocol.Certificate:
        """Join, and use the certificate from now on."""
        self.key, request = new_request("test")
        answer = self.post("/join", protocol.JoinRequest(token=token, csr=request))
        assert answer.status_code == 200, answer.text
        self.issued = protocol.Certificate.model_validate(answer.json)
        self.serial = serial_of(self.issued.certificate)
        return self.issued

    def sync(self, request: SyncRequest) -> SyncAnswer:
        """As `Link.sync`."""
        self.asked += 1
        if not self.up:
            raise LinkDown("the test has cut the link")
        answer = self.post("/sync", request)
        if answer.status_code != 200:
            raise LinkDown(answer.text)
        return SyncAnswer.model_validate(answer.json)


def serial_of(certificate_pem: str) -> str:
    """The serial number that the endpoint reads off a connection with this certificate."""
    from ssl import PEM_cert_to_DER_cert

    return identity_of(PEM_cert_to_DER_cert(certificate_pem)).serial_hex


@dataclass
class AgentHost:
    """A host with its agent."""

    name: str
    uid: str
    link: Certified
    drivers: HostDrivers
    new_agent: Callable[[], Agent]
    agent: Agent

    def restart(self) -> None:
        """The agent is killed and started again; it remembers nothing."""
        self.agent = self.new_agent()


class AgentCloud(LoopedCloud):
    """A cloud whose hosts have agents; `settle` moves loops and agents in turn."""

    def __init__(self, url: str, clock: ManualClock | None = None, depot: Path | None = None) -> None:
        super().__init__(url, clock, depot)
        self.hosts: dict[str, AgentHost] = {}

    def join_token(self, host: str, name: str | None = None) -> str:
        """A new join token for the host."""
        minted = self.put("join_token", name or f"{host}-{self.database.new_uid()[-8:]}", {"host": host}).minted
        assert minted is not None
        return minted["token"]

    def add_host(
        self,
        name: str,
        pool: str | None = None,
        *,
        zone: str = "default",
        forward_address: str = "127.0.0.1",
        network: NetworkDriver | None = None,
        bgp: BgpDriver | None = None,
    ) -> AgentHost:
        """A host whose agent has joined; with a pool of its own unless one is named that all hosts reach.

        Args:
            network: by default, a simulated one.
            bgp: by default, none.
        """
        self.put("host", name, {"driver": "libvirt", "cpu_overcommit": 1, "zone": zone})
        link = Certified(self)
        uid = link.join(self.join_token(name)).host_uid
        self.world.ensure_host(uid, MACHINE)
        shared, pool = pool is not None, pool or name
        self.world.ensure_pool(pool, capacity_bytes=1 << 40, host_uid=None if shared else uid)
        drivers = HostDrivers(
            SimCompute(self.world, uid),
            network or SimNetwork(self.world, uid),
            SimStorage(self.world, pool),
            pool,
            bgp=bgp or NoBgp(),
        )

        def inventory() -> Inventory:
            plugs = drivers.network.capabilities()
            return Inventory(
                8, 16_384, 200, "sim", accelerated=False, pool=pool, pool_shared=shared, hardware={},
                problems=plugs.lacking, forward_address=forward_address, fabric_host=plugs.fabric_host,
                physical_networks=plugs.physical_networks, bgp=drivers.bgp.version(),
            )  # fmt: skip

        def new_agent() -> Agent:
            return Agent(link, drivers, inventory=inventory, boot_id="boot-1", version="test", clock=self.clock)

        host = AgentHost(name, uid, link, drivers, new_agent, new_agent())
        self.hosts[name] = host
        return host

    def settle(self, seconds: float = 0.0) -> None:
        """Let loops and agents do what is due, also what becomes due within `seconds`."""
        until = self.clock.now() + seconds
        while True:
            while self._round():
                pass
            if self.clock.now() >= until:
                return
            self.clock.advance(min(0.5, until - self.clock.now()))

    def _round(self) -> int:
        done = self.loop.step() + self.sweep.run(self.loop.shards)
        for host in self.hosts.values():
            done += host.agent.observe() + host.agent.ask_guests() + host.agent.look(limit=8)
            done += host.agent.divide()
            try:
                before = host.agent.ledger.revision, host.agent.ledger.has_news
                host.agent.exchange()
                done += before != (host.agent.ledger.revision, host.agent.ledger.has_news)
            except LinkDown:
                continue
        return done

    def furnish(self, hosts: int = 1, *, pool: str | None = None) -> None:
        """What every test of instances needs, on hosts with agents; with a pool each unless one is named."""
        url = sim_url("linux")
        for number in range(hosts):
            self.add_host(f"h{number}", pool)
        self.put("flavor", "small", {"vcpus": 1, "memory_mib": 1024, "disk_gib": 10})
        self.put("flavor", "large", {"vcpus": 4, "memory_mib": 8192, "disk_gib": 10})
        self.put("tenant", TENANT, {})
        self.put("quota", "default", {"unlisted": "unlimited"})
        self.put("image", "linux", {"url": url, "sha256": digest_of(url)})
        self.put("network", "front", {})
        self.put("subnet", "front", {"network": "front", "cidr": "10.0.0.0/29"})
        self.settle(2.0)
