"""Real devices reach a real guest: an SR-IOV virtual function and a whole controller, through a real kernel's vfio.

The devices are emulated NVMe controllers behind an emulated IOMMU, in a machine of the laboratory's. Linux, its vfio
drivers, libvirtd and QEMU in there are as on any host, and so is the guest that they run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pextra.images.tiny import ImageBuildError
from tests.drivers.hypervisor import reason_unavailable, tiny_image
from tests.labs.sriov.machine import TIMEOUT_S, run_program
from tests.labs.sriov.system import build_system

pytestmark = [pytest.mark.slow, pytest.mark.timeout(TIMEOUT_S + 120), pytest.mark.xdist_group("sriov")]

ROOT_DISK, SATA = "0000:00:03.0", "0000:00:1f.2"
PHYSICAL, VF, WHOLE = "0000:21:00.0", "0000:21:00.1", "0000:61:00.0"
GUESTS_ACCOUNT = 64055


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What each step of the program found; of several refusals, by the address."""
    if reason := reason_unavailable():
        pytest.skip(reason)
    try:
        system = build_system()
    except ImageBuildError as error:
        pytest.skip(str(error))
    program = Path(__file__).with_name("handing_out.py")
    work = tmp_path_factory.mktemp("sriov")
    found = run_program(system, program, work, {"tiny.qcow2": tiny_image().path})
    assert found, (work / "console").read_text(errors="replace")[-3000:]
    assert found[-1]["step"] == "whole again", (found[-1], (work / "console").read_text(errors="replace")[-3000:])
    return {f"{step['step']} {step['address']}" if "address" in step else step["step"]: step for step in found}


def test_host_with_an_iommu_says_that_it_can_hand_out(steps: dict[str, dict[str, Any]]) -> None:
    assert "vfio" in steps["host"]["features"]


def test_what_the_host_needs_is_refused(steps: dict[str, dict[str, Any]]) -> None:
    assert "nvme0n1 is mounted at /" in steps[f"refused {ROOT_DISK}"]["reason"]
    assert steps[f"refused {SATA}"]["reason"].startswith("GroupDivided")
    assert "0000:00:1f.0, 0000:00:1f.3" in steps[f"refused {SATA}"]["reason"]
    assert "it is divided into 2 virtual functions" in steps[f"refused {PHYSICAL}"]["reason"]


def test_virtual_functions_are_made_each_in_a_group_of_its_own_and_driven_by_nobody(
    steps: dict[str, dict[str, Any]],
) -> None:
    divided = steps["divided"]
    assert divided["vfs"] == [VF, "0000:21:00.2"]
    assert divided["again"]
    assert [state["driver"] for state in divided["states"]] == ["", ""]
    assert [state["group"] for state in divided["states"]] == [[vf] for vf in divided["vfs"]]


def test_devices_are_bound_for_the_guests_account_alone(steps: dict[str, dict[str, Any]]) -> None:
    for address in (VF, WHOLE):
        state = steps["defined"]["states"][address]
        assert (state["driver"], state["override"], state["owner"]) == ("vfio-pci", "vfio-pci", GUESTS_ACCOUNT)


def test_guest_reads_the_disks_of_both_devices_near_the_cells_that_the_host_has_them_on(
    steps: dict[str, dict[str, Any]],
) -> None:
    runs = steps["runs"]
    assert {"disk gpu0 says hello", "disk gpu1 says hello"} <= set(runs["said"]), runs
    functions = sorted(line.split() for line in runs["said"] if line.startswith("function"))
    assert sorted(node for _, _, node in functions) == ["node=0", "node=1"]
    roots = {root for _, root, _ in functions}
    assert len(roots) == 2
    assert "root=pci0000:00" not in roots
    assert runs["devices"] == [VF, WHOLE]
    assert runs["problems"] == []


def test_guest_tells_of_devices_by_their_places_in_it_and_the_host_knows_which_they_are(
    steps: dict[str, dict[str, Any]],
) -> None:
    assert steps["told"]["powers"] == {VF: 1000, WHOLE: 1001}, steps["runs"]


def test_guest_runs_unprivileged_and_locks_its_memory(steps: dict[str, dict[str, Any]]) -> None:
    runs = steps["runs"]
    assert runs["account"] == GUESTS_ACCOUNT
    assert len(runs["opened"]) == 3
    assert runs["locked_kib"] >= 192 << 10


def test_parts_in_use_are_not_taken_from_under_the_guest(steps: dict[str, dict[str, Any]]) -> None:
    assert steps["refused while it runs"]["reason"].startswith("VfsInUse")


def test_device_that_is_unplugged_is_a_problem_and_one_that_comes_back_is_none(
    steps: dict[str, dict[str, Any]],
) -> None:
    assert steps["lost"]["problems"] == ["device_lost"]
    assert steps["lost"]["reason"].startswith("DeviceLost")
    assert WHOLE in steps["lost"]["reason"]
    assert steps["found"]["problems"] == []
    assert steps["found"]["state"]["driver"] == "vfio-pci"


def test_devices_of_a_removed_guest_are_the_hosts_again(steps: dict[str, dict[str, Any]]) -> None:
    states = steps["given back"]["states"]
    assert (states[WHOLE]["driver"], states[WHOLE]["override"]) == ("nvme", "(null)")
    assert (states[VF]["driver"], states[VF]["override"]) == ("", "(null)")
    assert steps["given back"]["ledger"] == []
    assert steps["whole again"]["vfs"] == []
