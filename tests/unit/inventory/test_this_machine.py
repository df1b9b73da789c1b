"""What holds of every machine, on the one that runs the tests."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from pextra.agent.inventory.disks import DiskUse
from pextra.agent.inventory.observation import Inventory, observe


@pytest.fixture(scope="module")
def here() -> Inventory:
    return observe()


def test_nothing_here_makes_no_sense(here: Inventory) -> None:
    assert here.problems == ()


def test_the_processors_are_those_that_the_kernel_counts(here: Inventory) -> None:
    assert here.cpus.threads == os.sysconf("SC_NPROCESSORS_ONLN")
    assert sorted(cpu for cell in here.memory.cells for cpu in cell.cpus) == list(here.cpus.online)
    assert {cpu for core in here.cpus.siblings for cpu in core} <= set(here.cpus.online)


def test_the_cells_have_the_memory(here: Inventory) -> None:
    total_mib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    assert here.memory.memory_mib == pytest.approx(total_mib, rel=0.01)
    assert sum(cell.memory_mib for cell in here.memory.cells) == pytest.approx(total_mib, rel=0.05)


def test_the_system_is_the_running_one(here: Inventory) -> None:
    assert here.system.kernel == platform.release()
    distribution = here.system.distribution
    assert distribution is not None
    assert distribution.id == platform.freedesktop_os_release()["ID"]


def test_the_root_file_systems_disk_is_in_use(here: Inventory) -> None:
    """Where it lies on a disk as such: in a container it does not."""
    root = Path("/").stat().st_dev
    files = {disk.name: Path("/dev", disk.name) for disk in here.disks}
    whole = [name for name, file in files.items() if file.exists() and file.stat().st_rdev == root]
    in_use = {disk.name for disk in here.disks if DiskUse("mount", "/") in disk.in_use}
    assert set(whole) <= in_use
    assert len(files) == len(here.disks)


def test_a_second_look_sees_the_same(here: Inventory) -> None:
    again = observe()
    assert (again.system, again.cpus, again.disks, again.pci) == (here.system, here.cpus, here.disks, here.pci)
    adapter = TypeAdapter(Inventory)
    assert adapter.validate_json(adapter.dump_json(again)) == again
