"""A control plane over a lab: loops, agents and OVN are real, the hypervisor is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pextra.controllers.fabric_sweep import FabricSweep
from pextra.drivers.convergence import port_uid
from pextra.drivers.interface import PortBinding, PortSource
from pextra.drivers.interface.bgp import BgpDriver
from pextra.drivers.interface.fabric import Fabric
from pextra.drivers.local.commands import Commands
from pextra.drivers.ovn.opening import open_fabric
from pextra.drivers.ovn.plugging import OvnPlugging
from pextra.drivers.ovn.switch import Switch
from pextra.drivers.sim.images import digest_of, sim_url
from pextra.store.records import Record
from tests.agent.world import AgentCloud
from tests.controllers.cloud import TENANT
from tests.labs.ovn.lab import OvnLab
from tests.labs.ovn.machine import Machine
from tests.labs.waiting import wait_until

PATIENCE_S = 30


class _Plugging(OvnPlugging):
    """As it is, for a hypervisor that is simulated and opens no taps."""

    def ensure_port(self, port: PortSource) -> PortBinding:
        """See `NetworkDriver.ensure_port`."""
        return replace(super().ensure_port(port), type="sim")


class FabricCloud(AgentCloud):
    """See the module; what it made is gone when it is closed.

    Args:
        lab: its hosts are the cloud's.
        folder: for the database, and for what hosts keep.
    """

    def __init__(self, lab: OvnLab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self._machines: list[Machine] = []
        self.speakers: dict[str, BgpDriver] = {}
        self._switches = {host.name: Switch(host.database) for host in lab.hosts}
        super().__init__(f"sqlite:///{folder / 'cloud.db'}")

    def new_fabric(self) -> Fabric | None:
        """OVN's, as the lab has it."""
        sockets = self.lab.layout.sockets
        return open_fabric(sockets("nb"), None, site=self.cloud.site.uid, southbound=sockets("sb"))

    @property
    def fabric(self) -> Fabric:
        """The fabric of its loops."""
        assert self.fleet.fabric is not None
        return self.fleet.fabric

    def restart(self) -> None:
        """See `LoopedCloud.restart`."""
        super().restart()
        self.fabric_sweep = FabricSweep(self.cloud, self.fleet)

    def close(self) -> None:
        """Leave nothing in the lab."""
        for machine in self._machines:
            machine.close()
        for name, switch in self._switches.items():
            plugging = self.plugging(name)
            for uid in plugging.observe_ports():
                plugging.ensure_port_absent(uid)
            switch.close()
        assert not self.fabric.ensure_absent(list(self.fabric.owners()))
        self.fabric.close()
        super().close()

    def switch(self, host: str) -> Switch:
        """The Open vSwitch of a host."""
        return self._switches[host]

    def plugging(self, host: str) -> OvnPlugging:
        """What the agent of a host plugs guests in with."""
        commands = Commands(self.lab.host(host).entering())
        return _Plugging(self.folder / host, self._switches[host], commands=commands)

    def furnish(self, hosts: int = 2, *, pool: str | None = None) -> None:
        """What instances need: hosts of the lab, and tenants with a network of one range each."""
        url = sim_url("linux")
        for host in self.lab.hosts[:hosts]:
            bgp = self.speakers.get(host.name)
            self.add_host(host.name, pool, zone=host.name, network=self.plugging(host.name), bgp=bgp)
        self.put("flavor", "small", {"vcpus": 1, "memory_mib": 1024, "disk_gib": 10})
        for tenant in (TENANT, "globex"):
            self.put("tenant", tenant, {})
            self.put("quota", "default", {"unlisted": "unlimited"}, tenant=tenant)
            self.put("image", "linux", {"url": url, "sha256": digest_of(url)}, tenant=tenant)
            self.put("network", "front", {}, tenant=tenant)
            self.put("subnet", "front", {"network": "front", "cidr": "10.0.0.0/24"}, tenant=tenant)
            self.put("security_group", "all", {"rules": OPEN}, tenant=tenant)
        self.settle(2.0)

    def order(self, name: str, host: str, *, tenant: str = TENANT, **spec: Any) -> None:
        """An instance on a host, in security group `all` of network `front`."""
        wanted = {
            "flavor": "small",
            "image": "linux",
            "zone": host,
            "networks": [{"network": "front", "security_groups": ["all"]}],
        }
        self.put("instance", name, wanted | spec, tenant=tenant)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Let everything go on until something is so."""

        def holds() -> bool:
            self.settle(1.0)
            return condition()

        wait_until(holds, PATIENCE_S, what)

    def until_ready(self, *names: str, tenant: str = TENANT) -> None:
        """Let everything go on until these instances are ready."""
        try:
            self.until(lambda: all(self.instance_of(name, tenant).ready for name in names), f"{names} to be ready")
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {[self.instance_of(name, tenant).status for name in names]}") from error

    def instance_of(self, name: str, tenant: str = TENANT) -> Record:
        """The instance of that name."""
        found = self.find("instance", name, tenant=tenant)
        assert found is not None, name
        return found

    def port(self, name: str, card: int = 0, tenant: str = TENANT) -> str:
        """The port of an instance's card."""
        record = self.instance_of(name, tenant)
        spec = self.cloud.registry["instance"].effective(record.spec, record.spec_version)
        return port_uid(record.uid, card, record.resolved[f"network/{spec['networks'][card]['network']}"]["uid"])

    def address(self, name: str, tenant: str = TENANT) -> str:
        """The address of an instance's first card."""
        address: str = self.instance_of(name, tenant).status["addresses"][0]
        return address

    def switch_on(self, name: str, tenant: str = TENANT, *, gateway: str = "") -> Machine:
        """A machine in the place of the simulated guest: with the address, and the gateway, that it would be told."""
        record, uid = self.instance_of(name, tenant), self.port(name, tenant=tenant)
        host = self.lab.host(record.status["host"])
        plugging = self.plugging(host.name)
        port = plugging.observe_ports()[uid]
        binding = plugging.ensure_port(port)
        namespace = self.lab.layout.namespace(f"i{len(self._machines)}-{self.cloud.site.uid[-4:]}")
        machine = Machine(namespace, host, binding.target, port.mac, 1442)
        self._machines.append(machine)
        machine.has([f"{port.addresses[0]}/24"], [gateway] if gateway else [])
        return machine


OPEN = [{"direction": "ingress"}, {"direction": "egress"}]
