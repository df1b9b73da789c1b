"""What a simulated host has, as its declaration says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pextra.drivers.gpu.interface import GpuDriver, NoGpus
from pextra.drivers.gpu.sim import SimGpus
from pextra.drivers.interface import HostCell, HostFeature, HostInventory, HugepagePool
from pextra.resources.host import SimulatedMachine

_2M_KIB: Final = 2048
_1G_KIB: Final = 1_048_576


def simulated_inventory(machine: SimulatedMachine) -> HostInventory:
    """What the host has. Its last threads are the dedicated ones."""
    pages = ((_2M_KIB, machine.hugepages_2m), (_1G_KIB, machine.hugepages_1g))
    return HostInventory(
        vcpus=machine.vcpus,
        memory_mib=machine.memory_mib,
        disk_gib=machine.disk_gib,
        hypervisor="sim",
        accelerated=False,
        dedicated_cpus=tuple(range(machine.vcpus - machine.dedicated_threads, machine.vcpus)),
        hugepages=tuple(HugepagePool(size_kib, number, number) for size_kib, number in pages if number),
        numa_cells=machine.numa_cells,
        features=tuple(HostFeature(feature) for feature in machine.features),
        cells=_cells(machine),
    )


def _cells(machine: SimulatedMachine) -> tuple[HostCell, ...]:
    """The cells, over which everything is spread as evenly as it goes."""
    count, shared = machine.numa_cells, machine.vcpus - machine.dedicated_threads

    def part(total: int, cell: int) -> range:
        return range(total * cell // count, total * (cell + 1) // count)

    return tuple(
        HostCell(
            number=cell,
            cpus=(*part(shared, cell), *(shared + own for own in part(machine.dedicated_threads, cell))),
            memory_mib=len(part(machine.memory_mib, cell)),
            hugepages=tuple(
                HugepagePool(size_kib, number, number)
                for size_kib, total in ((_2M_KIB, machine.hugepages_2m), (_1G_KIB, machine.hugepages_1g))
                if (number := len(part(total, cell)))
            ),
        )
        for cell in range(count)
    )


def simulated_gpus(
    host_uid: str, machine: SimulatedMachine, divided: Callable[[], Mapping[str, int]] = dict
) -> GpuDriver:
    """The driver of the host's GPUs, whose identities follow from the host's.

    Args:
        divided: into how many virtual functions some were divided since, by address.
    """
    wanted = machine.gpus
    if wanted is None:
        return NoGpus()
    return SimGpus(
        host_uid,
        board=wanted.board or "",
        model=wanted.model or "",
        count=wanted.count or 0,
        cells=machine.numa_cells,
        cpus=machine.vcpus,
        numa=wanted.numa,
        vfs=wanted.vfs,
        mig=wanted.mig,
        divided=divided,
    )
