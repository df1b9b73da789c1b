"""A guest's cards on tap devices that somebody else made, in a network namespace of the test's own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from pextra.drivers.interface import GuestNic, PortBinding
from tests.drivers.hypervisor import Hypervisor, reason_unavailable

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make network namespaces")


@pytest.fixture
def namespace() -> Iterator[str]:
    """A network namespace."""
    if reason := reason_unavailable():
        pytest.skip(reason)
    name = f"px-{uuid4().hex[:8]}"
    _ip("netns", "add", name)
    yield name
    _ip("netns", "delete", name)


@pytest.fixture
def hypervisor(namespace: str) -> Iterator[Hypervisor]:
    """A hypervisor within it."""
    made = Hypervisor(namespace)
    yield made
    made.close()


def test_guest_talks_over_a_tap_that_is_the_accounts_and_gets_another_while_it_runs(
    hypervisor: Hypervisor, namespace: str
) -> None:
    account = hypervisor.libvirtd.account
    assert account is not None
    for number in (1, 2):
        tap = f"tap{number}"
        _ip("-n", namespace, "tuntap", "add", tap, "mode", "tap", "user", str(account.uid))
        _ip("-n", namespace, "link", "set", tap, "mtu", "1400", "up")
        _ip("-n", namespace, "address", "add", f"10.77.{number}.1/24", "dev", tap)
    first, second = (
        GuestNic(f"port.{n}", f"52:54:00:00:77:0{n}", PortBinding("tap", f"tap{n}"), mtu=1400) for n in (1, 2)
    )
    guest = replace(hypervisor.new_guest("tapped"), nics=(first,))
    hypervisor.compute.ensure_defined(guest)
    hypervisor.compute.ensure_running(guest.uid)
    hypervisor.wait_for_console(guest.uid, "PEXTRA-GUEST ready")
    _ping(hypervisor, guest.uid, 1)
    hypervisor.compute.ensure_defined(replace(guest, nics=(first, second)))
    _ping(hypervisor, guest.uid, 2)
    with hypervisor.terminal(guest.uid) as type_line:
        type_line("echo mtu: $(cat /sys/class/net/eth1/mtu)")
        hypervisor.wait_for_console(guest.uid, "mtu: 1400")
    counted = {nic.port_uid: nic for nic in hypervisor.compute.observe_metrics()[guest.uid].nics}
    assert set(counted) == {"port.1", "port.2"}
    assert all(nic.received_packets > 0 and nic.sent_packets > 0 for nic in counted.values())
    hypervisor.compute.ensure_absent(guest.uid)
    taps = subprocess.run(
        ["ip", "-n", namespace, "-br", "link"], check=True, capture_output=True, text=True, timeout=30
    ).stdout
    assert "tap1" in taps  # it is not ours to remove
    assert "tap2" in taps


def _ping(hypervisor: Hypervisor, uid: str, number: int) -> None:
    """Give the guest an address on a card and have it reach the host's side."""
    card = f"eth{number - 1}"
    command = (
        f"until [ -e /sys/class/net/{card} ]; do sleep 1; done; ip link set {card} up; "
        f"ip addr replace 10.77.{number}.2/24 dev {card}; ping -c 3 10.77.{number}.1 | grep -c seq="
    )
    with hypervisor.terminal(uid) as type_line:
        type_line(f"echo answers on {card}: $({command})")
        hypervisor.wait_for_console(uid, f"answers on {card}: 3")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, timeout=30)
