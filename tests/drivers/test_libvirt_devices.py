"""Devices of the host follow a guest's definition: taken with it, given back without it, whenever we are killed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pextra.drivers.file.durable import Steps
from pextra.drivers.interface import DeviceKind, GuestDevice, GuestSpec, Permanent, Power, Problem
from pextra.drivers.libvirt.driver import LibvirtCompute
from pextra.drivers.libvirt.record import parse_xml
from pextra.drivers.libvirt.topology import paths_of
from pextra.drivers.vfio.handing import HostDevices
from tests.drivers.hypervisor import Hypervisor
from tests.drivers.kernel_tree import KernelTree
from tests.drivers.test_vfio import Killed, killed_before_each_step

GPU = GuestDevice(DeviceKind.VFIO, "0000:41:00.0", numa_node=0, root_complex="0000:40")
SOUND = GuestDevice(DeviceKind.VFIO, "0000:41:00.1", numa_node=0, root_complex="0000:40")
AS_FOUND = {GPU.name: ("nouveau", ""), SOUND.name: ("snd", "")}
BOTH_TAKEN = dict.fromkeys(AS_FOUND, ("vfio-pci", "vfio-pci"))


@pytest.fixture
def kernel(tmp_path: Path) -> KernelTree:
    """A host's kernel with a GPU and its sound function, in groups of their own."""
    tree = KernelTree(tmp_path / "root")
    tree.add_function(GPU.address, driver="nouveau")
    tree.add_function(SOUND.address, "0x040300", driver="snd", group=2)
    return tree


@pytest.fixture
def compute(hypervisor: Hypervisor, kernel: KernelTree, tmp_path: Path) -> Iterator[LibvirtCompute]:
    """A driver of that host, under a real libvirtd."""
    driver = LibvirtCompute(
        hypervisor.libvirtd, accelerated=False, devices=HostDevices(tmp_path / "devices", sysfs=kernel)
    )
    yield driver
    driver.close()


@pytest.fixture
def guest(hypervisor: Hypervisor, compute: LibvirtCompute) -> Iterator[GuestSpec]:
    """A guest that is to have both."""
    made = replace(hypervisor.new_guest("devices"), devices=(GPU, SOUND))
    yield made
    compute.ensure_absent(made.uid)


def test_devices_are_taken_with_a_definition_and_given_back_without_it(
    hypervisor: Hypervisor, compute: LibvirtCompute, kernel: KernelTree, guest: GuestSpec
) -> None:
    compute.ensure_defined(guest)
    assert kernel.state() == BOTH_TAKEN
    described = hypervisor.libvirt_xml(guest.uid)
    assert described.count("<hostdev mode='subsystem' type='pci' managed='no'>") == 2
    assert described.count("model='pcie-root-port'") == 16 + 2
    paths = paths_of(parse_xml(described))
    assert list(paths.values()) == [GPU.name, SOUND.name]
    assert all(re.fullmatch(r"0000:00/[01][0-9a-f]\.[0-7]/00\.0", path) for path in paths)
    seen = compute.observe_guest(guest.uid)
    assert seen is not None
    assert (seen.devices, seen.problems) == ((GPU.name, SOUND.name), ())
    compute.ensure_defined(replace(guest, devices=(GPU,)))
    assert kernel.state() == {**BOTH_TAKEN, SOUND.name: AS_FOUND[SOUND.name]}
    compute.ensure_absent(guest.uid)
    assert kernel.state() == AS_FOUND


def test_mirrored_topology_is_taken_by_libvirt(
    hypervisor: Hypervisor, compute: LibvirtCompute, kernel: KernelTree, guest: GuestSpec
) -> None:
    far = replace(SOUND, numa_node=1, root_complex="0000:c0")
    cpu = replace(guest.cpu, numa_cells=2)
    compute.ensure_defined(replace(guest, vcpus=2, cpu=cpu, devices=(GPU, far)))
    described = hypervisor.libvirt_xml(guest.uid)
    assert described.count("model='pcie-expander-bus'") == 2
    assert "<node>0</node>" in described
    assert "<node>1</node>" in described
    # The root buses are the expanders' own, which no firmware chooses.
    assert paths_of(parse_xml(described)) == {"0000:fe/00.0/00.0": GPU.name, "0000:fc/00.0/00.0": far.name}


def test_defining_and_removing_survive_a_kill_before_every_step(
    compute: LibvirtCompute, kernel: KernelTree, guest: GuestSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert killed_before_each_step(lambda: compute.ensure_defined(guest), monkeypatch) >= 4
    assert kernel.state() == BOTH_TAKEN
    assert killed_before_each_step(lambda: compute.ensure_absent(guest.uid), monkeypatch) >= 4
    assert kernel.state() == AS_FOUND


def test_devices_of_a_guest_whose_removal_was_killed_go_back_with_the_next_removal(
    hypervisor: Hypervisor,
    compute: LibvirtCompute,
    kernel: KernelTree,
    guest: GuestSpec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compute.ensure_defined(guest)

    def kill(step: str) -> None:
        if "driver_override" in step:
            raise Killed

    monkeypatch.setattr(Steps, "before", kill)
    with pytest.raises(Killed):
        compute.ensure_absent(guest.uid)
    monkeypatch.setattr(Steps, "before", None)
    assert compute.observe_guest(guest.uid) is None
    assert kernel.state() == BOTH_TAKEN
    compute.ensure_absent(hypervisor.new_guest("other").uid)
    assert kernel.state() == AS_FOUND


def test_device_that_cannot_be_handed_out_changes_nothing(
    compute: LibvirtCompute, kernel: KernelTree, guest: GuestSpec
) -> None:
    kernel.add_function("0000:41:00.2", driver="xhci_hcd", group=2)
    before = kernel.state()
    with pytest.raises(Permanent) as caught:
        compute.ensure_defined(guest)
    assert caught.value.reason == "GroupDivided"
    assert compute.observe_guest(guest.uid) is None
    assert kernel.state() == before


def test_device_that_goes_is_a_problem_until_it_is_back(
    compute: LibvirtCompute, kernel: KernelTree, guest: GuestSpec
) -> None:
    compute.ensure_defined(guest)
    kernel.remove_function(GPU.address)
    compute.ensure_defined(guest)
    seen = compute.observe_guests()[guest.uid]
    assert seen.problems == (Problem.DEVICE_LOST,)
    with pytest.raises(Permanent, match=GPU.address) as caught:
        compute.ensure_running(guest.uid)
    assert caught.value.reason == "DeviceLost"
    kernel.add_function(GPU.address, driver="nouveau")
    compute.ensure_defined(guest)
    assert compute.observe_guests()[guest.uid].problems == ()
    assert kernel.state() == BOTH_TAKEN


def test_guest_that_runs_gets_devices_at_its_next_start_and_keeps_running(
    compute: LibvirtCompute, kernel: KernelTree, guest: GuestSpec
) -> None:
    plain = replace(guest, devices=())
    compute.ensure_defined(plain)
    compute.ensure_running(guest.uid)
    compute.ensure_defined(guest)
    seen = compute.observe_guests()[guest.uid]
    assert (seen.power, seen.restart_required, seen.devices) == (Power.RUNNING, True, ())
    assert kernel.state() == BOTH_TAKEN
    compute.ensure_defined(plain)
    seen = compute.observe_guests()[guest.uid]
    assert (seen.power, seen.restart_required) == (Power.RUNNING, False)
    assert kernel.state() == AS_FOUND


def test_guests_may_lock_what_the_machine_has_or_it_is_said_why_not(hypervisor: Hypervisor) -> None:
    hypervisor.compute.observe_guests()
    pid = hypervisor.libvirtd.pid()
    assert pid is not None
    before = _locking_limit(pid)
    reason = ""
    try:
        hypervisor.libvirtd.ensure_may_lock()
    except Permanent as error:
        reason = str(error)
    if reason:
        assert reason.startswith("LockingForbidden")
        assert "CAP_SYS_RESOURCE" in reason
        assert _locking_limit(pid) == before
    else:
        assert _locking_limit(pid) >= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _locking_limit(pid: int) -> float:
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    hard = next(line for line in lines if line.startswith("Max locked memory")).split()[4]
    return float(hard.replace("unlimited", "inf"))
