"""A guest's dedicated threads are of the NUMA cells that it was given some of."""

from __future__ import annotations

from pathlib import Path

import pytest

from pextra.drivers.interface import CellShare, HostCell, HostInventory, HugepagePool, Retryable
from pextra.drivers.libvirt.features import host_cells
from pextra.drivers.pinning import threads_for
from pextra.drivers.vfio.sysfs import Sysfs

HOST = HostInventory(
    vcpus=12,
    memory_mib=8_192,
    disk_gib=10,
    hypervisor="sim",
    accelerated=False,
    dedicated_cpus=(2, 3, 4, 8, 9, 10),
    cells=(HostCell(0, (0, 1, 2, 3, 4, 5), 4_096), HostCell(1, (6, 7, 8, 9, 10, 11), 4_096)),
)


def test_threads_are_of_the_cells_in_the_amounts_that_were_given() -> None:
    assert threads_for(2, [CellShare(1, dedicated_threads=2)], HOST, {8}) == (9, 10)
    across = [CellShare(0, dedicated_threads=1), CellShare(1, dedicated_threads=2)]
    assert threads_for(3, across, HOST, {2}) == (3, 8, 9)


def test_guest_of_no_cell_has_the_first_threads_that_are_free() -> None:
    assert threads_for(4, [], HOST, {3}) == (2, 4, 8, 9)
    assert threads_for(2, [CellShare(7, dedicated_threads=2)], HOST, ()) == (2, 3)  # the host has no such cell any more


def test_cell_without_free_threads_is_named() -> None:
    with pytest.raises(Retryable, match="NUMA cell 1 of this host sets 3 aside, of which 1 are free"):
        threads_for(2, [CellShare(1, dedicated_threads=2)], HOST, {8, 9})


def test_cells_are_read_from_the_kernel_with_their_memory_and_pages(tmp_path: Path) -> None:
    for number, cpus, memory_kib, pages in ((0, "0-1,4", 4_194_304, 8), (1, "2-3", 2_097_152, 0), (2, "", 0, 0)):
        node = tmp_path / f"sys/devices/system/node/node{number}"
        huge = node / "hugepages/hugepages-2048kB"
        huge.mkdir(parents=True)
        (node / "cpulist").write_text(f"{cpus}\n")
        (node / "meminfo").write_text(f"Node {number} MemTotal:       {memory_kib} kB\nNode {number} MemFree: 1 kB\n")
        (huge / "nr_hugepages").write_text(f"{pages}\n")
        (huge / "free_hugepages").write_text("0\n")
    assert host_cells(Sysfs(tmp_path)) == (
        HostCell(0, (0, 1, 4), 4_096, (HugepagePool(2_048, 8, 0),)),
        HostCell(1, (2, 3), 2_048),
    )
