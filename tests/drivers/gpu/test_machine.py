"""What the agent finds out about the GPUs of its machine: the real code, on a fake library and a written-down sysfs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pextra.agent.gpus.driver import MachineGpus
from pextra.drivers import documents
from pextra.drivers.gpu.boards import BOARDS
from pextra.drivers.gpu.interface import GpuReading, HealthState, HostGpus, Link, MigInstance
from pextra.drivers.gpu.nvml import UNKNOWN_PEER
from pextra.drivers.gpu.nvml_process import FRESH_S, NvmlProcess
from pextra.drivers.gpu.products import PRODUCTS
from pextra.drivers.gpu.sim import SimGpus
from tests.labs.nvml.machine import FakeMachine, given_away
from tests.labs.waiting import wait_until


def simulated(**wanted: Any) -> HostGpus:
    return SimGpus("host", cells=2, cpus=224, **wanted).observe_gpus()


@contextmanager
def agent_of(machine: FakeMachine, **options: Any) -> Iterator[MachineGpus]:
    driver = machine.driver(**options)
    try:
        yield driver
    finally:
        driver.close()


def observed(machine: FakeMachine, **options: Any) -> HostGpus:
    """What an agent sees that was started just now."""
    with agent_of(machine, **options) as driver:
        return driver.observe_gpus()


@pytest.mark.parametrize(
    "wanted",
    [
        *({"board": board} for board in BOARDS),
        *({"model": model, "count": 2} for model in PRODUCTS),
        {"board": "hgx-a100-8", "mig": True},
        {"model": "l40s", "count": 4, "numa": [0, 0, 1, 0], "vfs": 12},
    ],
    ids=str,
)
def test_a_simulated_host_tells_of_a_board_what_the_agent_tells_of_a_real_one(
    machine: FakeMachine, wanted: dict[str, Any]
) -> None:
    expected = simulated(**wanted)
    machine.have(expected.gpus)
    assert observed(machine) == expected


def test_a_gpu_that_goes_to_a_guest_is_told_as_it_was_by_this_agent_and_the_next(machine: FakeMachine) -> None:
    gpus = simulated(board="hgx-h100-8").gpus
    machine.have(gpus, switches=4)
    with agent_of(machine) as agent:
        assert agent.observe_gpus().gpus == gpus
    machine.have([given_away(gpus[0]), *gpus[1:-1], given_away(gpus[-1])], switches=4)
    for found in (observed(machine), observed(machine)):
        assert found.board == "hgx-h100-8"
        assert found.gpus[0] == replace(gpus[0], driver="vfio-pci", visible=False)
        assert found.gpus[0].health.state is HealthState.OK
        assert [gpu.visible for gpu in found.gpus] == [False, *[True] * 6, False]
        assert found.problems == ()
    machine.have(gpus, switches=4)
    assert observed(machine).gpus == gpus


def test_a_gpu_that_was_never_seen_by_the_library_is_known_by_its_pci_ids(machine: FakeMachine) -> None:
    gpus = [given_away(gpu) for gpu in simulated(board="hgx-h200-8").gpus]
    machine.have(gpus, switches=4)
    found = observed(machine)
    assert found.board == "hgx-h200-8"
    assert {(gpu.model, gpu.memory_mib, gpu.serial, gpu.visible) for gpu in found.gpus} == {
        ("h200", 143_771, None, False)
    }
    assert {gpu.health.state for gpu in found.gpus} == {HealthState.UNKNOWN}


def test_a_gpu_whose_ids_nobody_knows_has_a_model_all_the_same(machine: FakeMachine) -> None:
    gpu = replace(given_away(simulated(model="l4", count=1).gpus[0]), vendor="1002", device="74a1")
    machine.have([gpu])
    (found,) = observed(machine).gpus
    assert (found.model, found.vendor, found.vfs, found.iommu_group) == (
        "pci-1002-74a1",
        "1002",
        gpu.vfs,
        gpu.iommu_group,
    )


@pytest.mark.parametrize("swap", ["another model", "another serial number in its PCI configuration"])
def test_a_card_that_replaces_one_in_a_guest_is_not_taken_for_it(machine: FakeMachine, swap: str) -> None:
    (old,) = simulated(model="l40s", count=1).gpus
    machine.have([old], serials={old.address: 0x48B02D0000000001})
    observed(machine)
    new = replace(old, device="27b8") if swap == "another model" else old
    machine.have([given_away(new)], serials={old.address: 0x48B02D0000000002 if new == old else 0x48B02D0000000001})
    (found,) = observed(machine).gpus
    assert (found.uuid, found.serial, found.visible) == (None, None, False)
    assert found.model == ("l4" if swap == "another model" else "l40s")
    assert old.serial is not None
    assert old.serial not in machine.kept.read_text()


def test_a_card_that_moved_is_told_where_it_is_alone(machine: FakeMachine) -> None:
    one, two = simulated(model="l40s", count=2).gpus
    machine.have([one, two])
    observed(machine)
    moved = replace(two, serial=one.serial, uuid=one.uuid)
    machine.have([given_away(one), moved])
    found = observed(machine).gpus
    assert [gpu.serial for gpu in found] == [None, one.serial]


def test_a_card_that_the_library_shows_with_another_serial_number_is_another(machine: FakeMachine) -> None:
    (old,) = simulated(model="l40s", count=1).gpus
    machine.have([old])
    observed(machine)
    new = replace(old, serial="1650000000001", uuid="GPU-00000000-0000-0000-0000-000000000001")
    machine.have([new])
    assert observed(machine).gpus == (new,)
    machine.have([given_away(new)])
    assert observed(machine).gpus[0].serial == new.serial


def test_a_card_that_was_pulled_out_is_gone_and_forgotten(machine: FakeMachine) -> None:
    gpus = simulated(model="l40s", count=2).gpus
    machine.have(gpus)
    observed(machine)
    machine.have(gpus[:1])
    assert observed(machine).gpus == gpus[:1]
    machine.have(map(given_away, gpus))
    assert [gpu.serial for gpu in observed(machine).gpus] == [gpus[0].serial, None]


def test_what_cannot_be_read_of_what_was_kept_is_done_without(
    machine: FakeMachine, caplog: pytest.LogCaptureFixture
) -> None:
    gpus = simulated(model="l40s", count=1).gpus
    machine.have(gpus)
    machine.kept.write_text('{"0000:11:00.0": {"gpu": 1}')
    assert observed(machine).gpus == gpus
    assert "cannot be read" in caplog.text
    machine.have(map(given_away, gpus))
    assert observed(machine).gpus[0].serial == gpus[0].serial


def test_where_nothing_can_be_kept_gpus_are_told_all_the_same(
    machine: FakeMachine, caplog: pytest.LogCaptureFixture
) -> None:
    gpus = simulated(model="l40s", count=1).gpus
    machine.have(gpus)
    machine.kept = machine.kept.parent / "not there" / "gpus.json"
    assert observed(machine).gpus == gpus
    assert "cannot be kept" in caplog.text


@pytest.mark.parametrize("hangs", ["init hang\n", "gpu"])
def test_a_library_that_hangs_delays_nobody_and_is_said_as_a_problem(machine: FakeMachine, hangs: str) -> None:
    gpus = simulated(board="hgx-h100-8").gpus
    machine.have(gpus)
    observed(machine)
    if hangs == "gpu":
        machine.have(gpus, more={gpus[3].address: ["hang"]})
    else:
        machine.say(hangs)
    with agent_of(machine, patience_s=0.05, deadline_s=0.3, again_s=0.0) as agent:
        first = agent.observe_gpus()
        assert [gpu.serial for gpu in first.gpus] == [gpu.serial for gpu in gpus]
        assert first.problems == ()
        wait_until(lambda: bool(agent.observe_gpus().problems), 30, "the agent to give up on the library")
        found = agent.observe_gpus()
        assert [gpu.model for gpu in found.gpus] == [gpu.model for gpu in gpus]
        assert {gpu.health.state for gpu in found.gpus} == {HealthState.UNKNOWN}
        assert "has not answered" in found.problems[0]
        machine.have(gpus)
    assert observed(machine).gpus == gpus


def test_a_look_that_takes_longer_than_the_agent_waits_is_had_by_a_later_one(machine: FakeMachine) -> None:
    gpus = simulated(model="l40s", count=2).gpus
    machine.have(gpus)
    with agent_of(machine, patience_s=0.0) as agent:
        assert not any(gpu.visible for gpu in agent.observe_gpus().gpus)
        wait_until(lambda: agent.observe_gpus().gpus == gpus, 30, "the look to be done")


def test_a_gpu_that_left_since_the_library_was_asked_is_not_told_as_visible(machine: FakeMachine) -> None:
    gpus = simulated(model="l40s", count=2).gpus
    machine.have(gpus)
    with agent_of(machine) as agent:
        agent.observe_gpus()
        machine.have([gpus[0], given_away(gpus[1])])
        machine.say("init hang\n")
        agent._root, agent._nvml._patience_s = machine._root, 0.0
        assert [gpu.visible for gpu in agent.observe_gpus().gpus] == [True, False]


def test_a_library_that_is_missing_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine = FakeMachine(tmp_path, library=None)
    machine.have(simulated(model="l40s", count=1).gpus)
    with caplog.at_level(logging.INFO), agent_of(machine) as agent:
        assert len({agent.observe_gpus() for _ in range(3)}) == 1
    assert [record.message for record in caplog.records if record.name == "pextra.agent"] == [
        "GPUs of NVIDIA are not asked: NVIDIA's library is not installed"
    ]


@pytest.mark.parametrize("where", ["nowhere", "in guests"])
def test_where_nvidias_driver_has_no_gpu_nobody_is_asked(
    machine: FakeMachine, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    gpus = [] if where == "nowhere" else [given_away(gpu) for gpu in simulated(model="l40s", count=2).gpus]
    machine.have(gpus)
    machine.say("init hang\n")
    with caplog.at_level(logging.INFO), agent_of(machine) as agent:
        found = agent.observe_gpus()
        assert not agent._nvml.looking
    assert (len(found.gpus), found.problems, caplog.records) == (len(gpus), (), [])


@pytest.mark.parametrize(
    ("code", "why"), [(9, "NVIDIA's driver is not loaded"), (12, "NVIDIA's library is not installed")]
)
def test_gpus_that_nvidias_driver_has_and_nobody_can_ask_are_a_problem_and_no_failure(
    machine: FakeMachine, code: int, why: str
) -> None:
    gpus = simulated(model="l40s", count=2).gpus
    machine.have(gpus)
    observed(machine)
    machine.say(f"init {code}\n")
    found = observed(machine)
    assert found.problems == (f"2 GPUs are told as they were, or by their PCI ids alone: {why}",)
    assert found.gpus == tuple(replace(gpu, visible=False) for gpu in gpus)


def test_a_library_that_fails_is_a_problem_and_what_was_seen_stands(machine: FakeMachine) -> None:
    gpus = simulated(model="l40s", count=1).gpus
    machine.have(gpus)
    observed(machine)
    machine.say("init 999\n")
    found = observed(machine)
    assert found.gpus[0].serial == gpus[0].serial
    assert found.gpus[0].health.state is HealthState.UNKNOWN
    assert "NVIDIA's library cannot be opened" in found.problems[0]


def test_a_look_whose_process_dies_is_a_failure_that_says_so(machine: FakeMachine) -> None:
    machine.have(simulated(model="l40s", count=1).gpus)
    with agent_of(machine) as agent:
        agent._nvml._command = ["false"]
        assert "said nothing" in agent.observe_gpus().problems[0]
        agent._nvml._not_before = 0.0
        agent._nvml._command = ["/nowhere/python"]
        assert "cannot be started" in agent.observe_gpus().problems[0]


@pytest.mark.parametrize(
    ("lines", "state", "reason"),
    [
        (["ecc 3 5"], HealthState.DEGRADED, "3 uncorrectable memory errors since its last reset"),
        (["ecc 0 5"], HealthState.OK, "5 uncorrectable memory errors in its life"),
        (["rows 1 0"], HealthState.DEGRADED, "bad memory rows wait to be remapped: reset it"),
        (["rows 0 1"], HealthState.FAILED, "a bad memory row could not be remapped: replace it"),
        (["pages 1"], HealthState.DEGRADED, "bad memory pages wait to be retired: reset it"),
        (["lost"], HealthState.FAILED, "it does not answer its driver any more: power the host off and on"),
    ],
)
def test_what_is_wrong_with_a_gpu_is_its_health_and_nobody_elses(
    machine: FakeMachine, lines: list[str], state: HealthState, reason: str
) -> None:
    gpus = simulated(model="l40s", count=2).gpus
    machine.have(gpus, more={gpus[1].address: lines})
    first, second = observed(machine).gpus
    assert first.health.state is HealthState.OK
    assert (second.health.state, reason in second.health.reasons) == (state, True)


def test_a_gpu_that_its_driver_has_and_the_library_does_not_show_is_of_unknown_health(machine: FakeMachine) -> None:
    gpus = simulated(model="l40s", count=2).gpus
    machine.have(gpus)
    machine.say("")
    assert {gpu.health.state for gpu in observed(machine).gpus} == {HealthState.UNKNOWN}


def test_errors_in_the_kernels_log_count_for_a_day_and_those_of_programs_never(machine: FakeMachine) -> None:
    gpus = simulated(model="l40s", count=4).gpus
    machine.have(gpus)
    now = 200_000.0
    machine.xid(gpus[0], 79, now - 10)
    machine.xid(gpus[1], 13, now - 10)
    machine.xid(gpus[1], 63, now - 86_500)
    with agent_of(machine, uptime_s=now) as agent:
        first = [gpu.health for gpu in agent.observe_gpus().gpus]
        machine.xid(gpus[2], 94, now - 1)
        machine.xid(gpus[0], 79, now - 1)
        second = [gpu.health for gpu in agent.observe_gpus().gpus]
    assert [health.state for health in first] == ["failed", "ok", "ok", "ok"]
    assert first[0].reasons == ("XID 79: it has fallen off the bus",)
    assert [health.xids for health in first] == [(79,), (13, 63), (), ()]
    assert [health.state for health in second] == ["failed", "ok", "degraded", "ok"]
    assert second[0].xids == (79,)


def test_mig_instances_are_told_with_their_profile_and_place(machine: FakeMachine) -> None:
    gpus = simulated(board="hgx-h100-8", mig=True).gpus
    machine.have(gpus, more={gpus[0].address: ["instance 2 9 4 4", "instance 1 19 0 1", "instance 9 19 1 1"]})
    found = observed(machine).gpus
    assert found[0].mig.instances == (
        MigInstance(1, "1g.10gb", 0),
        MigInstance(2, "3g.40gb", 4),
        MigInstance(9, "1g.10gb", 1),
    )
    assert not any(gpu.mig.instances for gpu in found[1:])


def test_an_old_library_tells_the_same_profiles(machine: FakeMachine) -> None:
    expected = simulated(board="hgx-h100-8")
    machine.have(expected.gpus, more={expected.gpus[0].address: ["old"]})
    machine.say("old\n" + machine._data.read_text())
    assert observed(machine) == expected


def test_links_are_counted_by_peer(machine: FakeMachine) -> None:
    one, two = simulated(board="h100-nvl-pair").gpus
    machine.have([one, two], more={one.address: ["link nowhere 2", "link nvswitch 3"]})
    links = observed(machine).gpus[0].links
    assert links == (Link(two.address, 12), Link("nvswitch", 3), Link(UNKNOWN_PEER, 2))


def test_what_a_host_of_eight_gpus_tells_is_small(machine: FakeMachine) -> None:
    gpus = simulated(board="hgx-h100-8", mig=True).gpus
    machine.have(gpus)
    assert len(documents._adapter(HostGpus).dump_json(observed(machine))) < 16_384


def test_a_display_of_the_mainboard_is_no_gpu(machine: FakeMachine) -> None:
    (gpu,) = simulated(model="l4", count=1).gpus
    machine.have([gpu, replace(given_away(gpu), address="0000:02:00.0", vendor="1a03", device="2000")])
    assert observed(machine).gpus == (gpu,)


def test_what_gpus_say_of_their_work_is_read_in_the_same_look(machine: FakeMachine) -> None:
    first, second, guests = simulated(board="hgx-h100-8").gpus[:3]
    work = ["load 93", "used 1024", "power 612500", "heat 71", "corrected 3", "ecc 1 9", "traffic 2048 4096"]
    machine.have([first, second, given_away(guests)], more={first.address: work})
    idle = GpuReading(
        second.address, memory_used_mib=0, memory_mib=second.memory_mib, ecc_corrected=0, ecc_uncorrected=0
    )
    with agent_of(machine) as agent:
        assert agent.observe_readings() == ()
        agent.observe_gpus()
        assert agent.observe_readings() == (
            GpuReading(first.address, 93, 1024, first.memory_mib, 612_500, 71, 3, 1, 2048, 4096),
            idle,
        )


def test_a_gpu_that_says_what_cannot_be_says_nothing(machine: FakeMachine) -> None:
    (gpu,) = simulated(model="l4", count=1).gpus
    machine.have(
        [gpu], more={gpu.address: ["load 101", "power 4294967295", "heat 4294967295", f"corrected {2**64 - 1}"]}
    )
    with agent_of(machine) as agent:
        agent.observe_gpus()
        (reading,) = agent.observe_readings()
    assert {reading.utilization_percent, reading.power_mw, reading.temperature_c, reading.ecc_corrected} == {None}


def test_readings_are_not_told_once_they_are_old(machine: FakeMachine) -> None:
    now = 0.0
    machine.have(simulated(model="l4", count=1).gpus)
    process = NvmlProcess(environment=machine.environment(), patience_s=30.0, monotonic=lambda: now)
    process.look()
    now = FRESH_S
    assert len(process.readings()) == 1
    now = FRESH_S + 1
    assert process.readings() == ()
