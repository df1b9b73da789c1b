"""A guest becomes what it should be from wherever it is, whatever dies on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from pextra.drivers import convergence
from pextra.drivers.convergence import Card, DesiredGuest, FurtherDisk, HostDrivers, converge
from pextra.drivers.interface import (
    ComputeDriver,
    CpuPolicy,
    CpuTopology,
    DeviceKind,
    Firmware,
    FirmwareType,
    GuestDevice,
    HostFeature,
    HostInventory,
    ImageSource,
    NetworkDriver,
    NetworkSource,
    Permanent,
    PortSource,
    Power,
    Problem,
    Retryable,
    Seed,
    StorageDriver,
    VolumeSource,
)
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.faults import OPERATIONS
from pextra.drivers.sim.images import sim_image
from pextra.drivers.sim.network import SimNetwork
from pextra.drivers.sim.storage import SimStorage
from pextra.drivers.sim.world import Latency, SimWorld

UID, TENANT = "0193a1b2-0000-7000-8000-0000000000aa", "tenant-a"
GIB = 1 << 30
LINUX, RESCUE = sim_image("image-1", "linux"), sim_image("image-2", "rescue")


class Host:
    """A simulated host whose guests obey at once, or never when they are deaf."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.now = 0.0
        self.world = SimWorld(clock=lambda: self.now, latency=Latency(shutdown_s=1e9 if deaf else 0.0))
        self.world.ensure_host(
            "h1",
            HostInventory(
                8,
                16_384,
                100,
                "sim",
                accelerated=False,
                dedicated_cpus=(4, 5, 6, 7),
                features=tuple(HostFeature),
            ),
        )
        self.world.ensure_pool("p", capacity_bytes=100 * GIB)
        self.compute = SimCompute(self.world, "h1")
        self.network = SimNetwork(self.world, "h1")
        self.storage = SimStorage(self.world, "p")
        self.drivers = HostDrivers(self.compute, self.network, self.storage, "p")

    def converge(self, desired: DesiredGuest, *, force: bool = False) -> convergence.Convergence:
        """One look."""
        return converge(desired, self.drivers, force=force)

    def volume(self, uid: str) -> FurtherDisk:
        """A further disk."""
        self.storage.ensure_volume(VolumeSource(uid, TENANT, GIB))
        return FurtherDisk(uid, GIB)


def card(number: int, network: str = "0193a1b2-0000-7000-8000-00000000000f") -> Card:
    source = NetworkSource(network, TENANT, 1442, ())
    port = PortSource(
        convergence.port_uid(UID, number, network), TENANT, network, f"52:54:00:00:00:0{number}", (f"10.0.0.{number}",)
    )
    return Card(source, port)


WEB = DesiredGuest(
    uid=UID, tenant_uid=TENANT, name="web", vcpus=2, memory_mib=1024, image=LINUX, root_bytes=4 * GIB, volumes=(),
    cards=(card(1),), seed=Seed("local-hostname: web\n", ""), powered=True, restart_policy="on_failure",
)  # fmt: skip


@pytest.fixture
def host() -> Host:
    """A host on which the guest runs."""
    made = Host()
    assert made.converge(WEB).reason == "Running"
    return made


def test_disks_and_cards_change_without_a_boot(host: Host) -> None:
    more = replace(WEB, volumes=(host.volume("data"),), cards=(card(1), card(2)))
    seen = host.converge(more)
    assert (seen.reason, seen.observed.boots) == ("Running", 1)
    assert seen.observed.disk_uids == (UID, "data")
    assert seen.observed.port_uids == tuple(c.port.uid for c in more.cards)
    less = host.converge(WEB)
    assert (less.settled, less.observed.disk_uids, less.observed.boots) == (True, (UID,), 1)
    assert set(host.network.observe_ports()) == {WEB.cards[0].port.uid}


@pytest.mark.parametrize(
    "other",
    [
        replace(WEB, vcpus=4),
        replace(WEB, memory_mib=2048),
        replace(WEB, firmware=Firmware(FirmwareType.UEFI, secure_boot=True, tpm=True)),
        replace(WEB, cpu=CpuTopology(numa_cells=2)),
        replace(WEB, rescue_image=RESCUE),
    ],
)
def test_what_only_a_restart_changes_restarts_once(host: Host, other: DesiredGuest) -> None:
    changed = host.converge(other)
    assert (changed.reason, changed.observed.boots, changed.observed.restart_required) == ("Running", 2, False)
    assert host.converge(other).observed.boots == 2


GPU = GuestDevice(DeviceKind.VFIO, "0000:41:00.0", numa_node=0, root_complex="0000:40")


def test_device_comes_with_a_restart_and_goes_with_one(host: Host) -> None:
    given = host.converge(replace(WEB, devices=(GPU,)))
    assert (given.reason, given.observed.boots, given.observed.devices) == ("Running", 2, (GPU.name,))
    taken = host.converge(WEB)
    assert (taken.reason, taken.observed.boots, taken.observed.devices) == ("Running", 3, ())


def test_guest_whose_device_is_gone_waits_without_being_looked_at_until_it_is_back(host: Host) -> None:
    desired = replace(WEB, devices=(GPU,))
    host.converge(desired)
    host.world.lose_devices("h1", [GPU.name])
    running = host.converge(desired)
    assert (running.settled, running.ready, running.reason) == (True, False, "DeviceLost")
    assert running.observed.power is Power.RUNNING
    assert host.converge(replace(desired, powered=False)).reason == "Stopped"
    off = host.converge(desired)
    assert (off.settled, off.ready, off.reason, off.observed.power) == (True, False, "DeviceLost", Power.OFF)
    with pytest.raises(Permanent) as caught:
        host.compute.ensure_running(UID)
    assert caught.value.reason == "DeviceLost"
    host.world.lose_devices("h1", [])
    assert host.converge(desired).reason == "Running"


def test_guest_that_holds_on_to_a_disk_is_told_of_and_keeps_its_port(host: Host) -> None:
    more = replace(WEB, volumes=(host.volume("data"),), cards=(card(1), card(2)))
    host.converge(more)
    host.world.guest_holds_devices(UID)
    held = host.converge(WEB)
    assert (held.settled, held.ready, held.reason) == (False, False, "DetachPending")
    assert "data" in held.message
    assert held.observed.disk_uids == (UID, "data")
    assert set(host.network.observe_ports()) == {c.port.uid for c in more.cards}
    host.world.guest_holds_devices(UID, holds=False)
    after = host.converge(WEB)
    assert (after.settled, after.reason, after.observed.boots) == (True, "Running", 1)
    assert set(host.network.observe_ports()) == {WEB.cards[0].port.uid}


def test_guest_that_holds_on_to_a_disk_can_still_be_stopped(host: Host) -> None:
    host.converge(replace(WEB, volumes=(host.volume("data"),)))
    host.world.guest_holds_devices(UID)
    assert host.converge(replace(WEB, powered=False)).reason == "Stopped"
    assert host.converge(WEB).observed.disk_uids == (UID,)


def test_paused_guest_stays_so_until_it_should_run_and_does_not_boot(host: Host) -> None:
    paused = replace(WEB, paused=True)
    for _ in range(2):
        seen = host.converge(paused)
        assert (seen.settled, seen.reason, seen.observed.power) == (True, "Paused", Power.PAUSED)
    back = host.converge(WEB)
    assert (back.reason, back.observed.boots) == ("Running", 1)
    assert host.converge(replace(WEB, powered=False)).reason == "Stopped"
    assert host.converge(paused).observed.power is Power.PAUSED  # a guest that is off is started first


def test_paused_guest_hears_that_it_is_to_stop() -> None:
    host = Host(deaf=True)
    host.converge(replace(WEB, paused=True))
    asked = host.converge(replace(WEB, powered=False))
    assert (asked.reason, asked.observed.power) == ("Stopping", Power.RUNNING)
    assert host.converge(replace(WEB, powered=False), force=True).reason == "Stopped"


@pytest.mark.parametrize(("problem", "reason"), [(Problem.DISK_FULL, "PoolFull"), (Problem.IO_ERROR, "DiskFailed")])
def test_guest_that_was_held_for_its_disk_is_told_of_when_it_is_held_again(
    host: Host, problem: Problem, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.world.guest_pauses(UID, problem)
    resume = SimCompute.ensure_running

    def full_again(driver: SimCompute, uid: str) -> None:
        resume(driver, uid)
        host.world.guest_pauses(uid, problem)

    monkeypatch.setattr(SimCompute, "ensure_running", full_again)
    held = host.converge(WEB)
    assert (held.settled, held.ready, held.reason) == (False, False, reason)
    assert held.disk_problems == (problem,)
    monkeypatch.undo()
    resumed = host.converge(WEB)
    assert (resumed.settled, resumed.reason, resumed.disk_problems) == (False, reason, (problem,))
    again = host.converge(WEB)
    assert (again.settled, again.reason, again.disk_problems) == (True, "Running", ())


def test_full_pool_of_a_guest_that_cannot_run_on_is_what_is_found_and_no_failure(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.world.guest_pauses(UID, Problem.DISK_FULL)

    def refuse(_driver: SimCompute, _uid: str) -> None:
        raise Retryable("PoolFull", "no room")

    monkeypatch.setattr(SimCompute, "ensure_running", refuse)
    held = host.converge(WEB)
    assert (held.settled, held.ready, held.reason, held.message) == (False, False, "PoolFull", "no room")
    assert held.disk_problems == (Problem.DISK_FULL,)


def test_panic_is_remembered_by_its_boot_when_the_guest_is_started_again(host: Host) -> None:
    host.world.guest_crashes(UID)
    seen = host.converge(WEB).observed
    assert (seen.power, seen.boots, seen.panicked_boot, seen.problems) == (Power.RUNNING, 2, 1, ())


def test_panic_is_named_where_the_guest_stays_off(host: Host) -> None:
    host.world.guest_crashes(UID)
    seen = host.converge(replace(WEB, restart_policy="never"))
    assert seen.reason == "Crashed"
    assert "panicked" in seen.message


def test_rescue_boots_another_disk_first_and_leaves_nothing_behind(host: Host) -> None:
    rescued = host.converge(replace(WEB, rescue_image=RESCUE))
    assert rescued.observed.disk_uids == (UID,)
    assert convergence.rescue_uid(UID) in host.storage.observe_volumes()
    assert host.world.opener(f"p/{convergence.rescue_uid(UID)}") == UID
    assert host.converge(WEB).observed.boots == 3
    assert set(host.storage.observe_volumes()) == {UID}
    host.converge(replace(WEB, rescue_image=RESCUE))
    convergence.remove(UID, TENANT, host.drivers)
    assert not host.storage.observe_volumes()


def test_rebuild_happens_once_for_each_act(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[str] = []
    remove = SimStorage.ensure_volume_absent

    def noting(driver: SimStorage, tenant_uid: str, uid: str) -> None:
        if uid in driver.observe_volumes():
            removed.append(uid)
        remove(driver, tenant_uid, uid)

    monkeypatch.setattr(SimStorage, "ensure_volume_absent", noting)
    rebuilt = replace(WEB, rebuild_act="act-1")
    for _ in range(3):
        seen = host.converge(rebuilt)
        assert (seen.reason, seen.observed.boots, seen.observed.rebuilds) == ("Running", 2, ("act-1",))
    assert removed == [UID]
    host.converge(replace(WEB, rebuild_act="act-2"))
    assert removed == [UID, UID]
    assert host.converge(rebuilt).observed.boots == 3


class Killed(BaseException):
    """The host's agent dies here."""


class Mortal:
    """A driver before whose calls its caller can be killed."""

    def __init__(self, driver: object, tick: Callable[[str], None]) -> None:
        self._driver, self._tick = driver, tick

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._driver, name)

        def call(*args: Any, **options: Any) -> Any:
            if name in OPERATIONS and not name.startswith("observe_"):
                self._tick(name)
            return method(*args, **options)

        return call


def killed_at(host: Host, desired: DesiredGuest, survived: int) -> bool:
    """Converge, and die before the call after so many; whether that was reached."""
    left = survived

    def tick(name: str) -> None:
        nonlocal left
        if left == 0:
            raise Killed(name)
        left -= 1

    compute, network, storage = (Mortal(driver, tick) for driver in (host.compute, host.network, host.storage))
    mortal = HostDrivers(cast(ComputeDriver, compute), cast(NetworkDriver, network), cast(StorageDriver, storage), "p")
    try:
        converge(desired, mortal, force=False)
    except Killed:
        return True
    return False


@pytest.mark.parametrize(
    "desired",
    [
        replace(WEB, rebuild_act="act-1"),
        replace(WEB, rescue_image=RESCUE),
        replace(WEB, vcpus=4, cards=(card(2),)),
        replace(WEB, paused=True),
    ],
    ids=["rebuild", "rescue", "resize", "pause"],
)
def test_convergence_that_dies_at_any_step_is_finished_by_the_next(desired: DesiredGuest) -> None:
    for survived in range(30):
        host = Host()
        host.converge(WEB)
        died = killed_at(host, desired, survived)
        done = host.converge(desired)
        assert done.settled
        assert done.observed == host.converge(desired).observed
        assert done.observed.boots <= 2
        assert host.world.violations() == []
        if desired.rebuild_act:
            assert done.observed.rebuilds == ("act-1",)
        host.converge(WEB)
        assert set(host.storage.observe_volumes()) == {UID}
        assert set(host.network.observe_ports()) == {WEB.cards[0].port.uid}
        if not died:
            return
    pytest.fail("the convergence never ends")


def test_image_of_the_rescue_is_fetched_like_any_other(host: Host) -> None:
    broken = ImageSource("image-3", RESCUE.url, RESCUE.format, "0" * 64)
    with pytest.raises(Permanent, match="DigestMismatch"):
        host.converge(replace(WEB, rescue_image=broken))
    assert host.converge(WEB).observed.boots == 1


DEDICATED = replace(WEB, cpu=CpuTopology(CpuPolicy.DEDICATED))


def test_dedicated_threads_are_the_guests_own_and_stay_so(host: Host) -> None:
    other = replace(DEDICATED, uid="0193a1b2-0000-7000-8000-0000000000bb", cards=())
    first, second = host.converge(DEDICATED).observed, host.converge(other).observed
    assert (first.pinned_cpus, second.pinned_cpus) == ((4, 5), (6, 7))
    assert host.converge(DEDICATED).observed == first
    with pytest.raises(Retryable) as caught:
        host.converge(replace(DEDICATED, uid="0193a1b2-0000-7000-8000-0000000000cc", cards=()))
    assert caught.value.reason == "NoDedicatedThreads"
    convergence.remove(DEDICATED.uid, TENANT, host.drivers)
    assert host.converge(replace(other, vcpus=4)).observed.pinned_cpus == (4, 5, 6, 7)
    shared = host.converge(replace(other, cpu=CpuTopology())).observed
    assert shared.pinned_cpus == ()
