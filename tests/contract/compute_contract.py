"""What every compute driver does.

A driver's test module subclasses `ComputeContract` under a name that begins with `Test` and overrides the
class-scoped fixture `harness`. Guests may be real and slow: the tests share one guest where they can, each
brings it to the state that it needs, and none assumes that an asked guest has obeyed yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from math import ceil
from typing import Protocol
from uuid import uuid4

import pytest

from pextra.drivers.interface import (
    ComputeDriver,
    CpuTopology,
    DeviceKind,
    DiskSource,
    Firmware,
    GuestDevice,
    GuestDisk,
    GuestNic,
    GuestObservation,
    GuestSpec,
    NotFound,
    Permanent,
    PortBinding,
    Power,
    Problem,
    Retryable,
    StopCause,
)
from tests.labs.waiting import wait_until

LACKED_DEVICE = GuestDevice(DeviceKind.VFIO, "ffff:ff:1f.7")
"""A device that the harness's host has not."""


class ComputeHarness(Protocol):
    """What the contract needs to know of a driver and its world."""

    patience_s: float
    """How long anything that a guest does by itself may take."""

    def driver(self) -> ComputeDriver:
        """A new driver object on the same host, as after a restart of the agent."""
        ...

    def new_guest(self, name: str) -> GuestSpec:
        """A guest that can boot and is not defined yet.

        It has a fresh uid, at least one disk that exists, one network card whose binding exists, and a seed.
        The harness removes at teardown what it made.
        """
        ...

    def new_disk(self) -> GuestDisk:
        """A further disk that exists and that no guest has."""
        ...

    def new_nic(self) -> GuestNic:
        """A further card whose binding exists and that no guest has."""
        ...

    def volume_exists(self, volume_uid: str) -> bool:
        """Whether the bytes of a disk made by `new_guest` are still there."""
        ...

    def guest_powers_off(self, uid: str) -> None:
        """The running guest shuts itself down, without the driver having been asked.

        Returns when it has been set going; a real harness waits until the guest is able to.
        """
        ...

    def guest_panics(self, uid: str) -> None:
        """The running guest's kernel panics.

        Returns when it has been set going; a real harness waits until the guest is able to.
        """
        ...

    def guest_crashes(self, uid: str) -> None:
        """The running guest's process dies, without the driver having been asked (`kill -9`)."""
        ...


class ComputeContract:
    """The contract of `pextra.drivers.interface.ComputeDriver`."""

    @pytest.fixture(scope="class")
    @classmethod
    def harness(cls) -> Iterator[ComputeHarness]:
        """The world under test; a subclass provides it."""
        raise NotImplementedError("a driver's test class overrides the fixture `harness`")

    @pytest.fixture(scope="class")
    @classmethod
    def compute(cls, harness: ComputeHarness) -> ComputeDriver:
        """The driver under test."""
        return harness.driver()

    @pytest.fixture(scope="class")
    @classmethod
    def guest(cls, harness: ComputeHarness, compute: ComputeDriver) -> Iterator[GuestSpec]:
        """A guest that the tests of one class share, in whatever power state the last test left it."""
        spec = harness.new_guest("shared")
        compute.ensure_defined(spec)
        yield spec
        compute.ensure_absent(spec.uid)

    @pytest.fixture
    def idle(self, harness: ComputeHarness, compute: ComputeDriver) -> Iterator[GuestSpec]:
        """A guest of one test's own, defined and never started."""
        spec = harness.new_guest("idle")
        compute.ensure_defined(spec)
        yield spec
        compute.ensure_absent(spec.uid)

    # --- the host and what is not there ---

    def test_host_has_something_to_give(self, compute: ComputeDriver) -> None:
        inventory = compute.observe_host()
        assert inventory.vcpus > 0
        assert inventory.memory_mib > 0
        assert inventory.disk_gib > 0
        assert inventory.hypervisor

    def test_undefined_guest_is_observed_as_none(self, compute: ComputeDriver) -> None:
        uid = str(uuid4())
        assert compute.observe_guest(uid) is None
        assert uid not in compute.observe_guests()

    def test_acting_on_an_undefined_guest_is_not_found(self, compute: ComputeDriver) -> None:
        uid = str(uuid4())
        with pytest.raises(NotFound):
            compute.ensure_running(uid)
        with pytest.raises(NotFound):
            compute.ensure_stopped(uid, force=True)
        with pytest.raises(NotFound):
            compute.reboot(uid, act=str(uuid4()))
        with pytest.raises(NotFound):
            compute.console_log(uid, offset=0, limit=1)
        with pytest.raises(NotFound):
            compute.remember_rebuild(uid, act=str(uuid4()))
        on_one_guest = (
            compute.ensure_paused, compute.freeze, compute.thaw, compute.observe_agent, compute.console_socket,
            compute.display_socket,
        )  # fmt: skip
        for operation in on_one_guest:
            with pytest.raises(NotFound):
                operation(uid)

    def test_removing_an_undefined_guest_succeeds(self, compute: ComputeDriver) -> None:
        compute.ensure_absent(str(uuid4()))

    # --- defining ---

    def test_defined_guest_is_as_described_and_was_never_started(self, compute: ComputeDriver, idle: GuestSpec) -> None:
        assert compute.observe_guest(idle.uid) == GuestObservation(
            uid=idle.uid,
            power=Power.OFF,
            stop_cause=StopCause.NEVER_STARTED,
            vcpus=idle.vcpus,
            memory_mib=idle.memory_mib,
            disk_uids=tuple(disk.volume_uid for disk in idle.disks),
            port_uids=tuple(nic.port_uid for nic in idle.nics),
            boots=0,
        )

    def test_observing_all_agrees_with_observing_one(self, compute: ComputeDriver, idle: GuestSpec) -> None:
        assert compute.observe_guests()[idle.uid] == compute.observe_guest(idle.uid)

    def test_defining_again_changes_nothing(self, compute: ComputeDriver, idle: GuestSpec) -> None:
        before = compute.observe_guest(idle.uid)
        compute.ensure_defined(idle)
        assert compute.observe_guest(idle.uid) == before

    def test_redefining_a_guest_that_is_off_takes_effect_at_once(self, compute: ComputeDriver, idle: GuestSpec) -> None:
        compute.ensure_defined(replace(idle, memory_mib=idle.memory_mib + 64, nics=()))
        seen = observed(compute, idle.uid)
        assert seen.memory_mib == idle.memory_mib + 64
        assert seen.port_uids == ()
        assert seen.power is Power.OFF

    def test_defining_an_impossible_disk_is_permanent_and_changes_nothing(
        self, harness: ComputeHarness, compute: ComputeDriver
    ) -> None:
        spec = harness.new_guest("tape")
        tape = replace(spec.disks[0], source=DiskSource("tape", "/dev/st0", "raw"))
        with pytest.raises(Permanent):
            compute.ensure_defined(replace(spec, disks=(tape,)))
        assert compute.observe_guest(spec.uid) is None

    def test_redefining_with_an_impossible_port_is_permanent_and_changes_nothing(
        self, compute: ComputeDriver, idle: GuestSpec
    ) -> None:
        before = compute.observe_guest(idle.uid)
        token_ring = replace(idle.nics[0], binding=PortBinding("token-ring"))
        with pytest.raises(Permanent):
            compute.ensure_defined(replace(idle, nics=(token_ring,)))
        assert compute.observe_guest(idle.uid) == before

    # --- devices of the host ---

    def test_device_that_the_host_lacks_is_a_problem_and_keeps_the_guest_off(
        self, compute: ComputeDriver, idle: GuestSpec
    ) -> None:
        compute.ensure_defined(replace(idle, devices=(LACKED_DEVICE,)))
        seen = observed(compute, idle.uid)
        assert seen.devices == (LACKED_DEVICE.name,)
        assert seen.problems == (Problem.DEVICE_LOST,)
        with pytest.raises(Permanent) as caught:
            compute.ensure_running(idle.uid)
        assert caught.value.reason == "DeviceLost"
        compute.ensure_defined(idle)
        seen = observed(compute, idle.uid)
        assert (seen.devices, seen.problems, seen.boots) == ((), (), 0)

    # --- off ---

    def test_stopping_a_guest_that_is_off_keeps_the_cause(self, compute: ComputeDriver, idle: GuestSpec) -> None:
        compute.ensure_stopped(idle.uid, force=False)
        compute.ensure_stopped(idle.uid, force=True)
        assert observed(compute, idle.uid).stop_cause is StopCause.NEVER_STARTED

    def test_rebooting_a_guest_that_is_off_is_permanent(self, compute: ComputeDriver, idle: GuestSpec) -> None:
        with pytest.raises(Permanent):
            compute.reboot(idle.uid, act=str(uuid4()))
        assert observed(compute, idle.uid).boots == 0

    def test_what_needs_a_running_guest_is_refused_while_it_is_off(
        self, compute: ComputeDriver, idle: GuestSpec
    ) -> None:
        needs_it = (compute.ensure_paused, compute.freeze, compute.thaw, compute.console_socket, compute.display_socket)
        for operation in needs_it:
            with pytest.raises(Permanent) as caught:
                operation(idle.uid)
            assert caught.value.reason == "GuestNotRunning"
        assert compute.observe_agent(idle.uid) is None
        assert idle.uid not in compute.observe_metrics()
        assert observed(compute, idle.uid).stop_cause is StopCause.NEVER_STARTED

    def test_rebuilds_are_remembered_also_by_the_next_driver_and_the_last_16_of_them(
        self, harness: ComputeHarness, compute: ComputeDriver, idle: GuestSpec
    ) -> None:
        acts = tuple(f"act-{number}" for number in range(18))
        for act in acts:
            compute.remember_rebuild(idle.uid, act=act)
        compute.remember_rebuild(idle.uid, act=acts[-1])
        harness.driver().ensure_defined(replace(idle, name="renamed"))
        assert observed(harness.driver(), idle.uid).rebuilds == acts[-16:]

    def test_machine_that_cannot_be_is_permanent_and_changes_nothing(
        self, compute: ComputeDriver, idle: GuestSpec
    ) -> None:
        before = compute.observe_guest(idle.uid)
        for impossible in (
            replace(idle, firmware=Firmware(secure_boot=True)),
            replace(idle, cpu=CpuTopology(numa_cells=5)),
            replace(idle, cpu=CpuTopology(pinned_cpus=(0,) * 5)),
        ):
            with pytest.raises(Permanent):
                compute.ensure_defined(impossible)
        assert compute.observe_guest(idle.uid) == before

    def test_removing_twice_succeeds_and_leaves_the_disks(
        self, harness: ComputeHarness, compute: ComputeDriver, idle: GuestSpec
    ) -> None:
        compute.ensure_absent(idle.uid)
        compute.ensure_absent(idle.uid)
        assert compute.observe_guest(idle.uid) is None
        assert all(harness.volume_exists(disk.volume_uid) for disk in idle.disks)

    # --- running ---

    def test_started_guest_runs_and_has_booted_once_more(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        boots = force_off(harness, compute, guest.uid).boots
        seen = running(harness, compute, guest.uid)
        assert seen.stop_cause is None
        assert seen.boots == boots + 1

    def test_starting_a_running_guest_does_not_boot_it_again(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        before = running(harness, compute, guest.uid)
        compute.ensure_running(guest.uid)
        compute.ensure_defined(guest)
        assert compute.observe_guest(guest.uid) == before

    def test_restarted_driver_sees_the_same_guests(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        before = running(harness, compute, guest.uid)
        again = harness.driver()
        assert again.observe_guest(guest.uid) == before
        again.ensure_defined(guest)
        again.ensure_running(guest.uid)
        assert again.observe_guest(guest.uid) == before

    def test_reboot_happens_once_for_each_act_also_after_a_restart_of_the_driver(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        boots = running(harness, compute, guest.uid).boots
        first, second = str(uuid4()), str(uuid4())
        compute.reboot(guest.uid, act=first)
        compute.reboot(guest.uid, act=first)
        harness.driver().reboot(guest.uid, act=first)
        assert running(harness, compute, guest.uid).boots == boots + 1
        compute.reboot(guest.uid, act=second)
        compute.reboot(guest.uid, act=first)
        assert running(harness, compute, guest.uid).boots == boots + 2

    def test_console_is_read_in_slices_that_join(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        if not compute.capabilities().console_log:
            with pytest.raises(Permanent) as caught:
                compute.console_log(guest.uid, offset=0, limit=10)
            assert caught.value.reason == "ConsoleUnsupported"
            return
        running(harness, compute, guest.uid)

        def wrote_something() -> bool:
            return len(compute.console_log(guest.uid, offset=0, limit=16)) == 16

        wait_until(wrote_something, harness.patience_s, "16 bytes of console")
        head = compute.console_log(guest.uid, offset=0, limit=16)
        assert compute.console_log(guest.uid, offset=0, limit=7) == head[:7]
        assert compute.console_log(guest.uid, offset=7, limit=9) == head[7:]
        assert compute.console_log(guest.uid, offset=0, limit=0) == b""
        assert compute.console_log(guest.uid, offset=1 << 40, limit=16) == b""

    def test_console_can_be_read_from_its_end(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        if not compute.capabilities().console_log:
            with pytest.raises(Permanent) as caught:
                compute.console_end(guest.uid)
            assert caught.value.reason == "ConsoleUnsupported"
            return
        running(harness, compute, guest.uid)
        wait_until(lambda: compute.console_end(guest.uid) >= 16, harness.patience_s, "16 bytes of console")
        end = compute.console_end(guest.uid)
        assert len(compute.console_log(guest.uid, offset=end - 16, limit=16)) == 16
        compute.trim_logs()
        assert compute.console_end(guest.uid) >= end

    def test_redefining_a_running_guest_keeps_it_running_and_a_reboot_uses_it(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        before = running(harness, compute, guest.uid)
        larger = replace(guest, memory_mib=guest.memory_mib + 64)
        compute.ensure_defined(larger)
        during = observed(compute, guest.uid)
        assert (during.power, during.boots) == (Power.RUNNING, before.boots)
        if not compute.capabilities().live_resize:
            assert (during.memory_mib, during.restart_required) == (guest.memory_mib, True)
        compute.reboot(guest.uid, act=str(uuid4()))
        after = running(harness, compute, guest.uid)
        assert (after.memory_mib, after.restart_required) == (larger.memory_mib, False)
        force_off(harness, compute, guest.uid)
        compute.ensure_defined(guest)
        assert observed(compute, guest.uid).memory_mib == guest.memory_mib

    def test_paused_guest_is_seen_paused_and_runs_on_without_a_boot(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        before = running(harness, compute, guest.uid)
        compute.ensure_paused(guest.uid)
        compute.ensure_paused(guest.uid)
        paused = observed(compute, guest.uid)
        assert paused == replace(before, power=Power.PAUSED)
        assert harness.driver().observe_guest(guest.uid) == paused
        assert running(harness, compute, guest.uid) == before

    def test_disks_and_cards_come_to_a_running_guest_and_go_again(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        if not compute.capabilities().live_attach:
            return
        before = running(harness, compute, guest.uid)
        disk, nic = harness.new_disk(), harness.new_nic()
        more = replace(guest, disks=(*guest.disks, disk), nics=(*guest.nics, nic))
        compute.ensure_defined(more)
        compute.ensure_defined(more)
        during = observed(compute, guest.uid)
        assert during == replace(
            before, disk_uids=(*before.disk_uids, disk.volume_uid), port_uids=(*before.port_uids, nic.port_uid)
        )
        assert harness.driver().observe_guest(guest.uid) == during

        detached(harness, compute, guest)
        assert compute.observe_guest(guest.uid) == before
        assert harness.volume_exists(disk.volume_uid)

    def test_card_that_goes_to_another_port_keeps_its_address(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        if not compute.capabilities().live_attach:
            return
        before = running(harness, compute, guest.uid)
        moved = replace(guest, nics=(replace(harness.new_nic(), mac=guest.nics[0].mac),))
        detached(harness, compute, moved)
        assert observed(compute, guest.uid) == replace(before, port_uids=(moved.nics[0].port_uid,))
        detached(harness, compute, guest)
        assert compute.observe_guest(guest.uid) == before

    def test_disks_in_another_order_wait_for_the_next_start(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        if not compute.capabilities().live_attach:
            return
        first, second = harness.new_disk(), harness.new_disk()
        force_off(harness, compute, guest.uid)
        compute.ensure_defined(replace(guest, disks=(*guest.disks, first, second)))
        before = running(harness, compute, guest.uid)
        compute.ensure_defined(replace(guest, disks=(*guest.disks, second, first)))
        during = observed(compute, guest.uid)
        assert (during.power, during.boots, during.restart_required) == (Power.RUNNING, before.boots, False)
        force_off(harness, compute, guest.uid)
        swapped = (guest.disks[0].volume_uid, second.volume_uid, first.volume_uid)
        assert observed(compute, guest.uid).disk_uids == swapped
        compute.ensure_defined(guest)

    def test_counters_of_running_guests_are_read_at_once(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec, idle: GuestSpec
    ) -> None:
        running(harness, compute, guest.uid)

        def used_a_processor() -> bool:
            return compute.observe_metrics()[guest.uid].cpu_ns > 0

        wait_until(used_a_processor, harness.patience_s, "the guest to use its processor")
        metrics = compute.observe_metrics()
        assert idle.uid not in metrics
        seen = metrics[guest.uid]
        assert seen.memory_mib == guest.memory_mib
        assert [disk.volume_uid for disk in seen.disks] == [disk.volume_uid for disk in guest.disks]
        assert {nic.port_uid for nic in seen.nics} <= {nic.port_uid for nic in guest.nics}

    def test_sockets_of_a_running_guest_are_below_its_own_directory_or_said_to_be_missing(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        running(harness, compute, guest.uid)
        able = compute.capabilities()
        for has, operation, reason in (
            (able.console, compute.console_socket, "ConsoleUnsupported"),
            (able.display, compute.display_socket, "DisplayUnsupported"),
        ):
            if has:
                assert operation(guest.uid).is_socket()
                continue
            with pytest.raises(Permanent) as caught:
                operation(guest.uid)
            assert caught.value.reason == reason

    def test_agent_tells_the_guests_name_and_freezes_its_file_systems(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        if not compute.capabilities().agent:
            return
        running(harness, compute, guest.uid)

        def answers() -> bool:
            return compute.observe_agent(guest.uid) is not None

        wait_until(answers, harness.patience_s, "the guest's agent to answer")
        report = compute.observe_agent(guest.uid)
        assert report is not None
        assert report.hostname == guest.name
        compute.freeze(guest.uid)
        compute.freeze(guest.uid)
        compute.thaw(guest.uid)
        compute.thaw(guest.uid)

    # --- stopping ---

    def test_asked_guest_shuts_down_and_the_cause_is_the_request(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        running(harness, compute, guest.uid)

        def is_off() -> bool:
            return observed(compute, guest.uid).power is Power.OFF

        # A guest that still boots misses the button, so it is pressed again, but not in a frenzy.
        for _ in range(ceil(harness.patience_s)):
            compute.ensure_stopped(guest.uid, force=False)
            with suppress(TimeoutError):
                wait_until(is_off, 1.0, "the guest to obey")
                break
        seen = observed(compute, guest.uid)
        assert (seen.power, seen.stop_cause) == (Power.OFF, StopCause.REQUESTED)

    def test_pulling_the_plug_twice_is_one_requested_stop(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        running(harness, compute, guest.uid)
        stopped = force_off(harness, compute, guest.uid)
        assert stopped.stop_cause is StopCause.REQUESTED
        compute.ensure_stopped(guest.uid, force=True)
        assert compute.observe_guest(guest.uid) == stopped
        assert harness.driver().observe_guest(guest.uid) == stopped

    def test_guest_that_powers_itself_off_is_told_from_one_that_was_stopped(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        running(harness, compute, guest.uid)
        harness.guest_powers_off(guest.uid)
        assert off(harness, compute, guest.uid).stop_cause is StopCause.GUEST_SHUTDOWN
        compute.ensure_stopped(guest.uid, force=True)
        assert observed(compute, guest.uid).stop_cause is StopCause.GUEST_SHUTDOWN

    def test_crashed_guest_is_told_from_one_that_was_stopped_and_starts_again(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        before = running(harness, compute, guest.uid)
        harness.guest_crashes(guest.uid)
        assert off(harness, compute, guest.uid).stop_cause is StopCause.CRASHED
        after = running(harness, compute, guest.uid)
        assert (after.stop_cause, after.boots) == (None, before.boots + 1)

    def test_panicked_guest_is_told_from_one_whose_process_died(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        boots = running(harness, compute, guest.uid).boots
        harness.guest_panics(guest.uid)
        seen = off(harness, compute, guest.uid)
        assert (seen.stop_cause, seen.problems) == (StopCause.CRASHED, (Problem.PANICKED,))
        assert seen.panicked_boot == boots
        again = running(harness, compute, guest.uid)
        assert (again.problems, again.panicked_boot) == ((), boots)

    # --- removing ---

    def test_removing_a_running_guest_leaves_its_neighbour_and_its_disks(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec, idle: GuestSpec
    ) -> None:
        running(harness, compute, guest.uid)
        neighbour = compute.observe_guest(idle.uid)
        compute.ensure_absent(guest.uid)
        assert compute.observe_guest(guest.uid) is None
        assert compute.observe_guest(idle.uid) == neighbour
        assert all(harness.volume_exists(disk.volume_uid) for disk in guest.disks)
        compute.ensure_defined(guest)

    def test_defining_after_removal_begins_a_new_history(
        self, harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec
    ) -> None:
        running(harness, compute, guest.uid)
        compute.ensure_absent(guest.uid)
        compute.ensure_defined(guest)
        seen = observed(compute, guest.uid)
        assert (seen.boots, seen.stop_cause) == (0, StopCause.NEVER_STARTED)
        if compute.capabilities().console_log:
            assert compute.console_log(guest.uid, offset=0, limit=16) == b""


def observed(compute: ComputeDriver, uid: str) -> GuestObservation:
    """The guest, which must be defined."""
    seen = compute.observe_guest(uid)
    assert seen is not None, f"guest {uid} is not defined"
    return seen


def detached(harness: ComputeHarness, compute: ComputeDriver, guest: GuestSpec) -> None:
    """Define the running guest with fewer devices than it has, again until it has let go of them."""

    def let_go() -> bool:
        try:
            compute.ensure_defined(guest)
        except Retryable as error:
            assert error.reason == "DetachPending"  # noqa: PT017 (it may as well not be raised)
            return False
        return True

    wait_until(let_go, harness.patience_s, f"guest {guest.uid} to let go of its devices")


def running(harness: ComputeHarness, compute: ComputeDriver, uid: str) -> GuestObservation:
    """The guest, started unless it runs."""
    compute.ensure_running(uid)
    return _in_state(harness, compute, uid, Power.RUNNING)


def off(harness: ComputeHarness, compute: ComputeDriver, uid: str) -> GuestObservation:
    """The guest, once it is off by itself."""
    return _in_state(harness, compute, uid, Power.OFF)


def force_off(harness: ComputeHarness, compute: ComputeDriver, uid: str) -> GuestObservation:
    """The guest, its plug pulled unless it is off."""
    compute.ensure_stopped(uid, force=True)
    return _in_state(harness, compute, uid, Power.OFF)


def _in_state(harness: ComputeHarness, compute: ComputeDriver, uid: str, power: Power) -> GuestObservation:
    def reached() -> bool:
        return observed(compute, uid).power is power

    wait_until(reached, harness.patience_s, f"guest {uid} to be {power}")
    return observed(compute, uid)
