"""What a host gets to read: its tables as a whole, and descriptions that are refused."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from pextra.drivers.account import Account
from pextra.drivers.interface import Forward, NetworkSource, Permanent, PortSource, SecurityRule, SubnetSource
from pextra.drivers.local import preflight
from pextra.drivers.local.dnsmasq_files import Resolving, configuration, hosts, names
from pextra.drivers.local.driver import LocalNetwork
from pextra.drivers.local.host_ruleset import host_tables
from pextra.drivers.local.ledger import PortEntry
from pextra.drivers.local.router_ruleset import router_table
from tests.drivers.netlab import NetLab, reason_unavailable

GOLDEN = Path(__file__).parent / "golden" / "local"
POOL = IPv4Network("169.254.64.0/18")
NETWORK = NetworkSource(
    "network-1",
    "tenant-a",
    1450,
    (
        SubnetSource("subnet-4", "10.20.0.0/24", None, ("10.20.0.53",)),
        SubnetSource("subnet-6", "fd00:20::/64", None),
    ),
)
WEB = PortSource(
    "port-web",
    "tenant-a",
    NETWORK.uid,
    "52:54:00:00:00:0a",
    ("10.20.0.10", "fd00:20::10"),
    (
        SecurityRule("egress", "any", None, None, None),
        SecurityRule("ingress", "tcp", 80, 80, None),
        SecurityRule("ingress", "tcp", 8000, 8999, "192.0.2.0/24"),
        SecurityRule("ingress", "udp", None, None, "fd00:20::/64"),
        SecurityRule("ingress", "icmp", None, None, "0.0.0.0/0"),
    ),
    "web",
    (Forward("tcp", 8080, 80), Forward("udp", 53, 5353, "198.51.100.1"), Forward("tcp", 443, 8443, "0.0.0.0")),
)
DATABASE = replace(
    WEB,
    uid="port-database",
    mac="52:54:00:00:00:0b",
    addresses=("10.20.0.11",),
    rules=(SecurityRule("ingress", "tcp", 5432, None, "10.20.0.10/32"),),
    hostname="db",
    forwards=(),
)
PORTS = (PortEntry(WEB, IPv4Address("169.254.64.7")), PortEntry(DATABASE, IPv4Address("169.254.64.9")))


def _documents() -> dict[str, str]:
    host = "".join(map(str, host_tables(PORTS, POOL, ("eth0",), ("eth0",))))
    directory = Path("/var/lib/pextra/network/dnsmasq/0123456789a")
    sources = [entry.source for entry in PORTS]
    return {
        "host.nft": host,
        "router.nft": str(router_table(PORTS)),
        "dnsmasq.conf": configuration(NETWORK, Resolving("internal", ("198.51.100.53",)), directory, "dnsmasq"),
        "dnsmasq.hosts": hosts(sources),
        "dnsmasq.names": names(sources),
    }


@pytest.mark.parametrize("name", sorted(_documents()))
def test_what_a_host_gets_is_as_committed(name: str) -> None:
    """To renew a file that was changed on purpose: empty it, run this, and take what the message shows."""
    assert _documents()[name] == (GOLDEN / name).read_text()


def test_committed_rulesets_are_taken_by_nft(lab: NetLab) -> None:
    for name in ("host.nft", "router.nft"):
        lab.run("nft", "--check", "--file", str(GOLDEN / name))


def test_order_of_ports_makes_no_difference() -> None:
    assert router_table(PORTS) == router_table(PORTS[::-1])
    assert host_tables(PORTS, POOL, (), ()) == host_tables(PORTS[::-1], POOL, (), ())


@pytest.mark.parametrize(
    "changes",
    [
        {"mac": "52:54:00:00:00:0a; flush ruleset"},
        {"mac": "53:54:00:00:00:0a"},  # a group's
        {"addresses": ("10.20.0.10 }; flush ruleset",)},
        {"addresses": ("fe80::1%\nflush ruleset",)},
        {"addresses": ("127.0.0.1",)},
        {"addresses": ("224.0.0.1",)},
        {"addresses": tuple(f"10.20.0.{number}" for number in range(1, 40))},
        {"hostname": "web\ndhcp-script=/bin/sh"},
        {"hostname": "-web"},
        {"uid": "../../etc/passwd"},
        {"rules": (SecurityRule("ingress", "sctp", None, None, None),)},
        {"rules": (SecurityRule("sideways", "tcp", 1, 1, None),)},
        {"rules": (SecurityRule("ingress", "tcp", 90, 80, None),)},
        {"rules": (SecurityRule("ingress", "icmp", 1, 1, None),)},
        {"rules": (SecurityRule("ingress", "tcp", None, 1, None),)},
        {"rules": (SecurityRule("ingress", "tcp", 1, 1, "10.0.0.1/8"),)},
        {"forwards": (Forward("sctp", 80, 80),)},
        {"forwards": (Forward("tcp", 0, 80),)},
        {"forwards": (Forward("tcp", 80, 80, "::1"),)},
        {"addresses": ("fd00:20::10",), "forwards": (Forward("tcp", 80, 80),)},
        {"forwards": tuple(Forward("tcp", number, 80) for number in range(1, 300))},
    ],
    ids=str,
)
def test_port_that_cannot_be_is_refused_before_anything_is_done(tmp_path: Path, changes: dict[str, object]) -> None:
    networks = LocalNetwork(tmp_path / "state")
    with pytest.raises(Permanent) as caught:
        networks.ensure_port(replace(WEB, **changes))
    assert caught.value.reason in ("PortInvalid", "UidInvalid")
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"mtu": 0},
        {"mtu": 70_000},
        {"subnets": (SubnetSource("s", "10.20.0.1/24", None),)},
        {"subnets": (SubnetSource("s", "10.20.0.0/24", "10.21.0.1"),)},
        {"subnets": (SubnetSource("s", "10.20.0.0/24", "10.20.0.1\nuser=root"),)},
        {"subnets": (SubnetSource("s", "10.20.0.0/24", None, ("8.8.8.8\ndhcp-script=/bin/sh",)),)},
        {"subnets": (SubnetSource("s", "10.20.0.0/24", None), SubnetSource("t", "10.20.0.0/25", None))},
        {"uid": ""},
    ],
    ids=str,
)
def test_network_that_cannot_be_is_refused_before_anything_is_done(tmp_path: Path, changes: dict[str, object]) -> None:
    networks = LocalNetwork(tmp_path / "state")
    with pytest.raises(Permanent) as caught:
        networks.ensure_network(replace(NETWORK, **changes))
    assert caught.value.reason in ("NetworkInvalid", "UidInvalid")
    assert not (tmp_path / "state").exists()


def test_preflight_finds_nothing_missing_where_the_tests_run() -> None:
    if reason := reason_unavailable():
        pytest.skip(reason)
    assert preflight.check() == []


def test_preflight_says_what_is_missing_and_what_helps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(preflight, "program_path", lambda: str(tmp_path))
    monkeypatch.setattr(preflight, "_TUN", tmp_path / "tun")
    said = "\n".join(map(str, preflight.check()))
    for package in ("iproute2", "nftables", "dnsmasq-base", "procps"):
        assert f"apt-get install --no-install-recommends {package}" in said
    assert "modprobe tun" in said
    node = tmp_path / "tun"
    node.touch(mode=0o600)
    said = "\n".join(map(str, preflight.check(Account("guests", 64055, 64055))))
    assert "guests cannot open" in said


def test_preflight_asks_for_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert ["root" in str(problem) for problem in preflight.check()] == [True]
