"""From any state of the host to the one that is asked for, and back to none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pextra.drivers.account import Account
from pextra.drivers.interface import Forward, NetworkSource, Permanent, PortSource
from pextra.drivers.local import links, naming
from pextra.drivers.local.commands import CommandFailed, Commands
from pextra.drivers.local.driver import LocalNetwork
from pextra.drivers.local.uplink import Uplink
from tests.contract.network_contract import new_network, new_port
from tests.drivers.local_hosts import (
    OUT,
    PING_IN,
    CountedCommands,
    World,
    converge_through_kills,
    dual_network,
    tcp_in,
)
from tests.drivers.netlab import WIRE, NetLab


def _full_port(network: NetworkSource) -> PortSource:
    """A port with something of everything."""
    return replace(
        new_port(network),
        addresses=("10.20.0.10", "fd00:20::10"),
        hostname="web",
        rules=(OUT, PING_IN, tcp_in(80)),
        forwards=(Forward("tcp", 8080, 80),),
    )


def _works(lab: NetLab, port: PortSource, tap: str) -> bool:
    """Whether a guest on the port is leased its address and reached through its forward."""
    guest = lab.plug("guest", port, lab.driver().ensure_port(port))
    assert tap == naming.tap(port.uid)
    with guest.listen(80):
        works = guest.lease().get("ip") == "10.20.0.10" and lab.connects("127.0.0.1", 8080)
    lab.unplug(guest)
    return works


def test_second_look_changes_nothing(lab: NetLab) -> None:
    World(lab)
    network = dual_network()
    port = _full_port(network)
    first = lab.driver(uplink=Uplink())
    first.ensure_network(network)
    first.ensure_port(port)
    commands = CountedCommands(lab.enter)
    again = lab.driver(commands=commands, uplink=Uplink())
    again.ensure_network(network)
    again.ensure_port(port)
    assert commands.ran
    assert commands.changes() == []


def test_making_converges_from_a_kill_after_any_step(lab: NetLab) -> None:
    network = dual_network()
    port = _full_port(network)

    def make(networks: LocalNetwork) -> None:
        networks.ensure_network(network)
        networks.ensure_port(port)

    assert converge_through_kills(lab, make) > 30
    commands = CountedCommands(lab.enter)
    make(lab.driver(commands=commands))
    assert commands.changes() == []
    assert _works(lab, port, naming.tap(port.uid))


def test_removing_converges_from_a_kill_after_any_step_and_leaves_nothing(lab: NetLab) -> None:
    lab.run("nft", "add", "table", "inet", "foreign")
    lab.run(
        "nft", "add", "chain", "inet", "foreign", "forward", "{ type filter hook forward priority 0; policy accept; }"
    )
    lab.run("ip", "link", "add", "br-foreign", "type", "bridge")
    lab.run("ip", "netns", "add", "foreign")
    before = lab.traces()
    network = dual_network()
    port = _full_port(network)
    networks = lab.driver()
    networks.ensure_network(network)
    networks.ensure_port(port)
    assert lab.traces() != before

    def remove(networks: LocalNetwork) -> None:
        networks.ensure_port_absent(port.uid)
        networks.ensure_network_absent(network.uid)

    assert converge_through_kills(lab, remove) > 5
    assert lab.traces() == before


def test_removing_a_network_leaves_its_neighbour_working(lab: NetLab) -> None:
    networks = lab.driver()
    kept, gone = dual_network(), new_network()
    for network in (kept, gone):
        networks.ensure_network(network)
    port, other = _full_port(kept), new_port(gone)
    binding = networks.ensure_port(port)
    networks.ensure_port(other)
    networks.ensure_port_absent(other.uid)
    networks.ensure_network_absent(gone.uid)
    assert _works(lab, port, binding.target)


def test_restarted_host_is_rebuilt_from_what_was_asked_for(lab: NetLab) -> None:
    networks, network = lab.driver(), dual_network()
    port = _full_port(network)
    networks.ensure_network(network)
    binding = networks.ensure_port(port)
    lab.reboot()
    networks = lab.driver()
    assert networks.observe_networks() == {network.uid: network}
    assert networks.observe_ports() == {port.uid: port}
    networks.ensure_network(network)
    assert networks.ensure_port(port) == binding
    assert _works(lab, port, binding.target)


def test_port_brings_its_network_back_after_a_restart(lab: NetLab) -> None:
    networks, network = lab.driver(), dual_network()
    port = _full_port(network)
    networks.ensure_network(network)
    networks.ensure_port(port)
    lab.reboot()
    assert _works(lab, port, naming.tap(port.uid))


@pytest.mark.parametrize(
    "damage",
    [
        ("nft", "flush", "ruleset"),
        ("nft", "flush", "chain", "bridge", "pextra", "from_guest"),
        ("nft", "insert", "rule", "inet", "pextra", "input", "accept"),
        ("nft", "add", "chain", "inet", "pextra", "mine"),
        ("nft", "delete", "table", "inet", "pextra"),
        ("ip", "link", "delete", "TAP"),
        ("ip", "link", "set", "dev", "TAP", "down"),
        ("ip", "link", "set", "dev", "TAP", "nomaster"),
        ("ip", "link", "set", "dev", "TAP", "type", "bridge_slave", "isolated", "off", "learning", "on"),
        ("bridge", "fdb", "delete", "52:54:00:00:00:0a", "dev", "TAP", "master"),
        ("ip", "link", "delete", "BRIDGE"),
        ("ip", "link", "delete", "TRANSIT"),
        ("ip", "netns", "delete", "ROUTER"),
        ("ip", "route", "flush", "dev", "TRANSIT"),
        ("sysctl", "--quiet", "--write", "net/ipv4/conf/TRANSIT/route_localnet=0"),
        ("ip", "-netns", "ROUTER", "neigh", "flush", "nud", "permanent"),
        ("ip", "-netns", "ROUTER", "address", "flush", "dev", "inside"),
        ("ip", "-netns", "ROUTER", "route", "delete", "default"),
    ],
    ids=" ".join,
)
def test_damage_is_mended(lab: NetLab, damage: tuple[str, ...]) -> None:
    networks, network = lab.driver(), dual_network()
    port = _full_port(network)
    networks.ensure_network(network)
    binding = networks.ensure_port(port)
    names = {
        "TAP": binding.target,
        "BRIDGE": naming.bridge(network.uid),
        "TRANSIT": naming.transit(network.uid),
        "ROUTER": naming.router(network.uid),
    }
    rules = lab.run("nft", "list", "ruleset")
    words = [word.replace(name, actual) for word in damage for name, actual in [_named(word, names)]]
    lab.run(*words)
    networks.ensure_network(network)
    networks.ensure_port(port)
    assert lab.run("nft", "list", "ruleset") == rules
    commands = CountedCommands(lab.enter)
    again = lab.driver(commands=commands)
    again.ensure_network(network)
    again.ensure_port(port)
    assert commands.changes() == []
    assert _works(lab, port, binding.target)


def _named(word: str, names: dict[str, str]) -> tuple[str, str]:
    return next(((name, actual) for name, actual in names.items() if name in word), ("", ""))


def test_changed_network_is_served_anew(lab: NetLab) -> None:
    networks, network = lab.driver(), new_network()
    networks.ensure_network(network)
    port = new_port(network)
    guest = lab.plug("guest", port, networks.ensure_port(port))
    assert guest.lease()["mtu"] == "1450"
    subnet = replace(network.subnets[0], gateway="10.20.0.254")
    networks.ensure_network(replace(network, mtu=1400, subnets=(subnet,)))
    networks.ensure_port(port)
    told = guest.lease()
    assert (told["mtu"], told["router"]) == ("1400", "10.20.0.254")
    assert lab.commands.look("ip", "-json", "link", "show", "dev", naming.tap(port.uid))[0]["mtu"] == 1400
    assert guest.pings("10.20.0.254") is False  # the port has no rule for it; the lease shows who is there


def test_what_was_made_is_removed_when_the_state_was_lost(lab: NetLab) -> None:
    before = lab.traces()
    networks, network = lab.driver(), new_network()
    networks.ensure_network(network)
    port = new_port(network)
    networks.ensure_port(port)
    for folder in ("networks", "ports", "tables"):
        shutil.rmtree(lab.state / folder)
    networks.ensure_port_absent(port.uid)
    networks.ensure_network_absent(network.uid)
    assert lab.traces() == before


def test_device_of_somebody_else_is_not_taken_over(lab: NetLab) -> None:
    networks, network = lab.driver(), new_network()
    networks.ensure_network(network)
    port = new_port(network)
    tap = naming.tap(port.uid)
    lab.run("ip", "tuntap", "add", "dev", tap, "mode", "tap")
    lab.run("ip", "link", "set", "dev", tap, "alias", "of a stranger")
    for act in (lambda: networks.ensure_port(port), lambda: networks.ensure_port_absent(port.uid)):
        with pytest.raises(Permanent) as caught:
            act()
        assert caught.value.reason == "NameTaken"
    assert lab.commands.look("ip", "-json", "link", "show", "dev", tap)[0]["ifalias"] == "of a stranger"


def test_device_that_goes_while_it_is_looked_at_is_not_there() -> None:
    class Vanishing(Commands):
        def look(self, *argv: str, namespace: str | None = None) -> list[dict[str, Any]]:
            # What `ip` says when it knew the name at its first question, and no more at its second.
            assert namespace is None
            raise CommandFailed(
                argv, "RTNETLINK answers: No such device\nCannot send link get request: No such device\n"
            )

    assert links.link(Vanishing(), "pxv-0") is None


def test_tables_of_others_are_never_touched(lab: NetLab) -> None:
    lab.run("nft", "add", "table", "inet", "foreign")
    lab.run("nft", "add", "chain", "inet", "foreign", "input", "{ type filter hook input priority 0; policy accept; }")
    lab.run("nft", "add", "rule", "inet", "foreign", "input", "counter", "accept")
    before = lab.run("nft", "--handle", "--stateless", "list", "table", "inet", "foreign")
    networks, network = lab.driver(), dual_network()
    port = _full_port(network)
    networks.ensure_network(network)
    networks.ensure_port(port)
    networks.ensure_port(replace(port, rules=()))
    networks.ensure_port_absent(port.uid)
    networks.ensure_network_absent(network.uid)
    assert lab.run("nft", "--handle", "--stateless", "list", "table", "inet", "foreign") == before


def test_ports_that_are_made_at_once_are_all_there(lab: NetLab) -> None:
    network = new_network()
    lab.driver().ensure_network(network)
    ports = [new_port(network, number) for number in range(20, 32)]
    with ThreadPoolExecutor(4) as pool:
        bindings = list(pool.map(lambda port: lab.driver().ensure_port(port), ports))
    assert lab.driver().observe_ports() == {port.uid: port for port in ports}
    assert len({binding.target for binding in bindings}) == len(ports)
    (config,) = lab.state.glob("dnsmasq/*/hosts")
    assert len(config.read_text().splitlines()) == len(ports)


@pytest.fixture
def tun_for_everyone() -> Iterator[Path]:
    """A node like /dev/net/tun as udev makes it, which everyone may open; the machine's own stays as it is."""
    done = subprocess.run(
        ["mktemp", "--directory", "/tmp/pextra-tun-XXXXXX"], capture_output=True, text=True, check=True
    )
    directory = Path(done.stdout.strip())
    directory.chmod(0o755)
    node = directory / "tun"
    try:
        subprocess.run(["mknod", "--mode=666", node, "c", "10", "200"], check=True)
        yield node
    finally:
        shutil.rmtree(directory)


def test_tap_opens_for_the_guests_account_and_for_no_other(lab: NetLab, tun_for_everyone: Path) -> None:
    network = new_network()
    networks = LocalNetwork(lab.state, account=Account("guests", 64055, 64055), commands=lab.commands)
    networks.ensure_network(network)
    binding = networks.ensure_port(new_port(network))
    program = WIRE.with_name("tap_opening.py").read_text()

    def opens(user: int) -> bool:
        # As `setpriv` leaves a program: without capabilities.
        drop = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--")
        return lab.succeeds(*drop, sys.executable, "-c", program, binding.target, str(tun_for_everyone))

    assert opens(64055)
    assert not opens(64056)


def test_hundreds_of_elements_are_found_unchanged(lab: NetLab) -> None:
    networks, network = lab.driver(), new_network()
    networks.ensure_network(network)
    ports = [
        replace(new_port(network, number), addresses=tuple(f"10.20.0.{last + 30 * number}" for last in range(2, 32)))
        for number in range(8)
    ]
    for port in ports:
        networks.ensure_port(port)
    commands = CountedCommands(lab.enter)
    for port in ports:
        lab.driver(commands=commands).ensure_port(port)
    assert commands.changes() == []
