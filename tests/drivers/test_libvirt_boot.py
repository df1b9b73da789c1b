"""Guests really boot, and what the control plane and the host suffer does not reach them."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pextra.drivers.interface import Power, StopCause
from pextra.drivers.libvirt.driver import LibvirtCompute
from pextra.drivers.libvirt.hosting import SystemLibvirtd
from tests.drivers.hypervisor import BOOT_TIMEOUT_S, Hypervisor, python_environment, shared_hypervisor
from tests.labs.waiting import wait_until

CLOUD_CONFIG = """\
#cloud-config
hostname: renamed
write_files:
  - path: /etc/pextra/greeting
    permissions: '0600'
    content: |
      it's "quoted"

        and indented
  - path: /tmp/short
    content: "one line"
runcmd:
  - cat /etc/pextra/greeting /tmp/short; echo
  - 'echo "host: $(hostname)"'
"""
BOOT_STEPS = ["setMetadata", "create", "setMetadata"]
REBOOT_STEPS = ["setMetadata", "destroy", *BOOT_STEPS]


def test_guest_boots_from_its_volume_and_obeys_its_seed(hypervisor: Hypervisor) -> None:
    guest = hypervisor.new_guest("web-1", user_data=CLOUD_CONFIG)
    hypervisor.compute.ensure_defined(guest)
    hypervisor.compute.ensure_running(guest.uid)
    hypervisor.wait_for_console(guest.uid, "PEXTRA-GUEST ready")
    printed = hypervisor.console(guest.uid).replace("\r\n", "\n")
    assert f"hostname=web-1 instance-id={guest.uid} vcpus=1" in printed
    assert f"disk vda {64 << 20} bytes" in printed
    assert "network eth0 10.0.2.15/24" in printed
    assert 'it\'s "quoted"\n\n  and indented\none line\n' in printed
    assert "host: renamed" in printed
    assert "cloud-init marker: cloud-config exited 0" in printed
    hypervisor.compute.ensure_stopped(guest.uid, force=False)
    hypervisor.wait_until_off(guest.uid)
    hypervisor.compute.ensure_absent(guest.uid)


def test_guest_runs_unprivileged_and_its_secrets_are_for_it_alone(hypervisor: Hypervisor) -> None:
    guest = hypervisor.new_guest("secretive", user_data="#!/bin/sh\necho secret\n")
    hypervisor.compute.ensure_defined(guest)
    hypervisor.compute.ensure_running(guest.uid)
    status = Path(f"/proc/{hypervisor.qemu_pid(guest.uid)}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in facts["Uid"].split()
    assert facts["CapEff"] == "0" * 16
    assert facts["Seccomp"] == "2"
    (seed,) = (hypervisor.libvirtd.guests_dir / guest.uid).glob("*.iso")
    assert stat.S_IMODE(seed.stat().st_mode) == 0o600
    hypervisor.compute.ensure_absent(guest.uid)
    assert not seed.exists()


def test_foreign_domain_is_invisible_and_left_alone(hypervisor: Hypervisor) -> None:
    import libvirt

    connection = libvirt.open(hypervisor.libvirtd.uri)
    foreign = connection.defineXML(
        "<domain type='qemu'><name>theirs</name><memory unit='MiB'>64</memory>"
        "<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"
    )
    try:
        uid = foreign.UUIDString()
        assert uid not in hypervisor.compute.observe_guests()
        assert hypervisor.compute.observe_guest(uid) is None
        hypervisor.compute.ensure_absent(uid)
        assert connection.lookupByName("theirs").UUIDString() == uid
    finally:
        foreign.undefine()
        connection.close()


def test_libvirtd_that_somebody_else_runs_is_used_by_its_uri(hypervisor: Hypervisor) -> None:
    endpoint = SystemLibvirtd(
        hypervisor.libvirtd.uri,
        hypervisor.libvirtd.guests_dir,
        hypervisor.libvirtd.qemu_log_dir,
        hypervisor.libvirtd.account,
    )
    compute = LibvirtCompute(endpoint, accelerated=False)
    guest = hypervisor.new_guest("by-uri")
    compute.ensure_defined(guest)
    assert hypervisor.compute.observe_guest(guest.uid) == compute.observe_guest(guest.uid) is not None
    compute.ensure_absent(guest.uid)
    compute.close()


class Killed(BaseException):
    """The control plane dies here."""


@pytest.fixture
def killed_before(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Callable[[], list[str]]]:
    """Arms a kill before the n-th call that changes a domain; the answer says which calls were made."""
    import libvirt

    def arm(number: int) -> Callable[[], list[str]]:
        made: list[str] = []
        for name in ("setMetadata", "create", "destroy", "undefineFlags"):
            monkeypatch.setattr(libvirt.virDomain, name, counting(name, made, number))

        def disarm() -> list[str]:
            monkeypatch.undo()
            return made

        return disarm

    def counting(name: str, made: list[str], number: int) -> Callable[..., Any]:
        original = getattr(libvirt.virDomain, name)

        def call(*arguments: Any) -> Any:
            if len(made) == number:
                raise Killed
            made.append(name)
            return original(*arguments)

        return call

    return arm


@pytest.mark.parametrize("survived", range(len(REBOOT_STEPS) + 1))
def test_reboot_killed_at_any_step_is_finished_by_the_same_act(
    hypervisor: Hypervisor,
    victim: str,
    killed_before: Callable[[int], Callable[[], list[str]]],
    survived: int,
) -> None:
    hypervisor.compute.ensure_running(victim)
    before = hypervisor.compute.observe_guest(victim)
    assert before is not None
    old = hypervisor.qemu_pid(victim)
    disarm = killed_before(survived)
    act = f"act-{survived}"
    if survived < len(REBOOT_STEPS):
        with pytest.raises(Killed):
            hypervisor.compute.reboot(victim, act=act)
    else:
        hypervisor.compute.reboot(victim, act=act)
    assert disarm() == REBOOT_STEPS[:survived]
    again = hypervisor.driver()
    again.reboot(victim, act=act)
    again.reboot(victim, act=act)
    after = again.observe_guest(victim)
    assert after is not None
    assert (after.power, after.boots) == (Power.RUNNING, before.boots + 1)
    assert hypervisor.qemu_pid(victim) != old


@pytest.mark.parametrize("survived", range(len(BOOT_STEPS)))
def test_start_killed_at_any_step_is_one_start(
    hypervisor: Hypervisor,
    victim: str,
    killed_before: Callable[[int], Callable[[], list[str]]],
    survived: int,
) -> None:
    hypervisor.compute.ensure_stopped(victim, force=True)
    before = hypervisor.compute.observe_guest(victim)
    assert before is not None
    disarm = killed_before(survived)
    with pytest.raises(Killed):
        hypervisor.compute.ensure_running(victim)
    assert disarm() == BOOT_STEPS[:survived]
    between = hypervisor.driver().observe_guest(victim)
    assert between is not None
    assert between.boots == before.boots + (between.power is Power.RUNNING)
    hypervisor.driver().ensure_running(victim)
    after = hypervisor.driver().observe_guest(victim)
    assert after is not None
    assert (after.power, after.boots) == (Power.RUNNING, before.boots + 1)


@pytest.fixture(scope="module")
def victim(request: pytest.FixtureRequest) -> Iterator[str]:
    """A guest to which all this is done."""
    hypervisor = shared_hypervisor(request.config)
    guest = hypervisor.new_guest("victim")
    hypervisor.compute.ensure_defined(guest)
    yield guest.uid
    hypervisor.compute.ensure_absent(guest.uid)


def test_guests_outlive_control_plane_and_libvirtd_and_their_fate_meanwhile_is_known(
    hypervisor: Hypervisor,
) -> None:
    """The control plane's process and libvirtd are killed; then one guest powers off and one dies."""
    guests = [hypervisor.new_guest(name) for name in ("lives", "powers-off", "dies")]
    lives, powers_off, dies = (guest.uid for guest in guests)
    for guest in guests:
        hypervisor.compute.ensure_defined(guest)
    starter = (
        "import sys; from pathlib import Path\n"
        "from pextra.drivers.libvirt.driver import LibvirtCompute\n"
        "from pextra.drivers.libvirt.hosting import PrivateLibvirtd\n"
        "compute = LibvirtCompute(PrivateLibvirtd(Path(sys.argv[1])), accelerated=False)\n"
        "for uid in sys.argv[2:]: compute.ensure_running(uid)\n"
        "print('started', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", starter, str(hypervisor.libvirtd_root), lives, powers_off, dies]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=python_environment()
    ) as control_plane:
        assert control_plane.stdout is not None
        assert control_plane.stdout.readline() == b"started\n"
        control_plane.kill()
    hypervisor.wait_for_console(powers_off, "PEXTRA-GUEST ready")
    pids = {uid: hypervisor.qemu_pid(uid) for uid in (lives, dies)}
    with hypervisor.terminal(powers_off) as type_line:
        hypervisor.kill_libvirtd()
        os.kill(pids[dies], signal.SIGKILL)
        log = hypervisor.libvirtd.guests_dir / powers_off / "console.log"

        def is_down() -> bool:
            type_line("poweroff -f")
            return b"reboot: Power down" in log.read_bytes()

        wait_until(is_down, BOOT_TIMEOUT_S, "the guest to power off")
    assert hypervisor.libvirtd.pid() is None

    compute = hypervisor.driver()
    wait_until(
        lambda: [compute.observe_guests()[uid].power for uid in (powers_off, dies)] == [Power.OFF] * 2,
        BOOT_TIMEOUT_S,
        "libvirtd to notice",
    )
    seen = compute.observe_guests()
    assert seen[powers_off].stop_cause is StopCause.GUEST_SHUTDOWN
    assert seen[dies].stop_cause is StopCause.CRASHED
    assert seen[lives].power is Power.RUNNING
    assert hypervisor.qemu_pid(lives) == pids[lives]
    hypervisor.libvirtd.stop()  # libvirtd itself forgets the causes; the host does not
    again = hypervisor.driver().observe_guests()
    assert [again[uid].stop_cause for uid in (powers_off, dies)] == [
        StopCause.GUEST_SHUTDOWN,
        StopCause.CRASHED,
    ]
    for guest in guests:
        compute.ensure_absent(guest.uid)
