"""Packets from outside follow what hosts announce by BGP: OVN, FRR, loops and agents are real.

No wire is common to the hosts outside: a router in front of them knows by BGP alone which has an address.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from pextra.drivers.local.commands import Commands
from tests.labs import frr
from tests.labs.frr import Frr
from tests.labs.ovn.host import Host
from tests.labs.ovn.lab import OvnLab, reason_unavailable
from tests.labs.ovn.layout import PROVIDER
from tests.labs.ovn.machine import Peer
from tests.labs.ovn.node import end_everything_in, run
from tests.labs.waiting import wait_until
from tests.ovn.cloud import FabricCloud

pytestmark = pytest.mark.skipif(
    bool(reason_unavailable() or frr.reason_unavailable()), reason=str(reason_unavailable() or frr.reason_unavailable())
)
WORLD: Final = "192.88.99.1"
"""Somewhere behind the router."""
LEAF: Final = "100.64.0.254"
FLOATING: Final = "198.51.100.80"
RANGE: Final = {"cidr": "198.51.100.0/24", "gateway": "198.51.100.1", "first": "198.51.100.10"}
WORD: Final = "correct-horse"
GATEWAY_MAC: Final = "02:00:00:00:0b:09"
"""The same on every host: OVN remembers of an address outside where it is once for all hosts."""


class Rack:
    """A lab whose hosts reach the world by a router that is in no network of theirs but one of its own."""

    def __init__(self, lab: OvnLab, folder: Path) -> None:
        self.lab = lab
        self.leaf = Peer(lab.layout.namespace("leaf"), folder)
        run("ip", "netns", "add", self.leaf.namespace)
        self.leaf.ip(
            *("link set lo up", f"addr add {WORLD}/32 dev lo", "link add rack type bridge forward_delay 0"),
            *(f"addr add {LEAF}/24 dev rack", "link set rack up"),
        )
        self.router = Frr(folder / "leaf", Commands(self.leaf.entering()))
        self.hosts: dict[str, Frr] = {}
        lines = ["router bgp 65000", "bgp router-id 100.64.0.254", "no bgp ebgp-requires-policy"]
        inside: list[str] = []
        for number, host in enumerate(lab.hosts, 1):
            self._connect(host, number)
            self.hosts[host.name] = Frr(folder / host.name, Commands(host.entering()))
            self.hosts[host.name].start()
            me = f"neighbor 100.64.0.{number}"
            lines += [f"{me} remote-as 65001", f"{me} password {WORD}", f"{me} timers connect 1"]
            inside.append(f"{me} default-originate")
        self.router.start()
        self.router.configure("\n".join([*lines, "address-family ipv4 unicast", *inside, ""]))

    def _connect(self, host: Host, number: int) -> None:
        """What an administrator does on each host: a card to the router, and a bridge that leads to the pool."""
        self.leaf.ip(f"link add {host.name} type veth peer name up0 netns {host.namespace}")
        self.leaf.ip(f"link set {host.name} master rack up")
        mappings = f"external_ids:ovn-bridge-mappings={PROVIDER}:br-ex,routed:br-routed"
        bridge = ["set", "bridge", "br-routed", "datapath_type=netdev", "fail_mode=standalone"]
        host.vsctl(
            *(
                "add-br",
                "br-routed",
                "--",
                *bridge,
                "other_config:disable-in-band=true",
                f"other_config:hwaddr={GATEWAY_MAC}",
            ),
            *("--", "set", "Open_vSwitch", ".", mappings),
        )
        host.ip(
            *(f"addr add 100.64.0.{number}/24 dev up0", "link set up0 up"),
            *("addr add 198.51.100.1/32 dev br-routed", "link set br-routed up"),
        )
        host.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")

    def way(self, address: str) -> list[str]:
        """To which hosts the router sends what is for an address."""
        found = self.router.routes().get(f"{address}/32", [])
        return sorted(hop["ip"] for path in found for hop in path["nexthops"])

    def close(self) -> None:
        end_everything_in([self.leaf.namespace])
        run("ip", "netns", "delete", self.leaf.namespace)


def _address(host: str) -> str:
    return f"100.64.0.{host[1:]}"


@pytest.fixture
def rack() -> Iterator[Rack]:
    folder = Path(tempfile.mkdtemp(prefix="pextra-bgp-"))
    folder.chmod(0o711)
    with OvnLab(hosts=3) as lab:  # of two, none takes over: it cannot know which of them is cut off
        made = Rack(lab, folder)
        try:
            yield made
        finally:
            made.close()
    shutil.rmtree(folder)


@pytest.fixture
def cloud(rack: Rack, tmp_path: Path) -> Iterator[FabricCloud]:
    made = FabricCloud(rack.lab, tmp_path)
    try:
        made.speakers = {name: host.driver(made.switch(name).bridges) for name, host in rack.hosts.items()}
        made.furnish(3)
        made.put("address_pool", "public", {"physical": "routed", "ranges": [RANGE]}, tenant=None)
        made.put("router", "core", {"interfaces": [{"network": "front"}], "gateway": {"pool": "public"}})
        made.order("a", "h1")
        made.order("b", "h2")
        made.order("c", "h3")
        made.put("floating_ip", "b", {"instance": "b", "pool": "public", "address": FLOATING})
        peer = {"address": LEAF, "peer_as": 65_000, "local_as": 65_001, "announce": ["public"], "password": WORD}
        made.put("bgp_peer", "leaf", peer | {"accept": [{"prefix": "0.0.0.0/0"}], "hold_s": 3})
        made.until_ready("a", "b", "c")
        yield made
    finally:
        made.close()


def test_packets_follow_what_the_hosts_announce(cloud: FabricCloud, rack: Rack) -> None:
    cloud.until(lambda: cloud.ready("bgp_peer", "leaf")["status"] == "true", "the sessions")
    cloud.until(lambda: rack.way(FLOATING) == ["100.64.0.2"], "the floating IP at the host of its instance")
    (own,) = cloud.get("router", "core").status["outside"]
    cloud.until(lambda: len(rack.way(own)) == 1, "the router's address at the host by which it goes out")
    a, b = cloud.switch_on("a", gateway="10.0.0.1"), cloud.switch_on("b", gateway="10.0.0.1")
    with b.listening(80):
        wait_until(lambda: rack.leaf.connects(FLOATING, 80), 20, "the way in")
    with rack.leaf.listening(8080):
        wait_until(lambda: b.connects(WORLD, 8080), 20, "the way out of what has a floating IP")
        assert b.greeting(WORLD, 8080) == f"{rack.leaf.namespace} {FLOATING}"
        wait_until(lambda: a.connects(WORLD, 8080), 20, "the way out by the router")
        assert a.greeting(WORLD, 8080) == f"{rack.leaf.namespace} {own}"


def test_a_router_is_announced_by_the_host_that_takes_it_over(cloud: FabricCloud, rack: Rack) -> None:
    (own,) = cloud.get("router", "core").status["outside"]
    cloud.until(lambda: len(rack.way(own)) == 1, "the router's address at the host by which it goes out")
    (dead,) = (name for name in rack.hosts if rack.way(own) == [_address(name)])
    host = rack.lab.host(dead)
    del cloud.hosts[dead]  # its agent dies
    rack.hosts[dead].kill()
    for daemon in ("ovn-controller", "ovs-vswitchd"):
        host.kill(daemon)
    cloud.until(lambda: rack.way(own) not in ([], [_address(dead)]), "the router's address at another host")
    a = cloud.switch_on("a" if dead != "h1" else "c", gateway="10.0.0.1")
    with rack.leaf.listening(8080):
        wait_until(lambda: a.connects(WORLD, 8080), 20, "the way out by the other host")
    host.start_vswitchd()  # what was made there is taken away at the end
    host.start_controller()


def test_what_goes_is_withdrawn(cloud: FabricCloud, rack: Rack) -> None:
    cloud.until(lambda: rack.way(FLOATING) == ["100.64.0.2"], "the floating IP")
    rack.hosts["h2"].kill()
    wait_until(lambda: rack.way(FLOATING) == [], 15, "the withdrawal of what a dead daemon announced")
    cloud.until(lambda: cloud.ready("bgp_peer", "leaf")["status"] == "false", "what is said of it")
    rack.hosts["h2"].start()
    cloud.until(lambda: rack.way(FLOATING) == ["100.64.0.2"], "the floating IP again")
    cloud.delete("floating_ip", "b")
    cloud.until(lambda: rack.way(FLOATING) == [], "the withdrawal")
