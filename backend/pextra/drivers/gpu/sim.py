"""GPUs of simulated hosts: a board, or cards of one model. They tell what the real driver tells of the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from pextra.drivers.gpu.boards import BOARDS, recognise
from pextra.drivers.gpu.interface import (
    MOST_GPUS,
    NVSWITCH,
    Gpu,
    GpuReading,
    Health,
    HealthState,
    HostGpus,
    Link,
    Mig,
    VirtualFunction,
    VirtualFunctions,
)
from pextra.drivers.gpu.naming import cpu_list
from pextra.drivers.gpu.products import NVIDIA, PRODUCTS, Product

_FIRST_GROUP: Final = 40
_FIRST_BUS: Final = 0x11
_IDLE_MW: Final = 60_000
_IDLE_C: Final = 35
_FIRST_FUNCTION: Final = 4
_FIRST_VF_GROUP: Final = 200


class SimGpus:
    """The driver of a simulated host's GPUs.

    Args:
        host: names the host; its GPUs' identities follow from it.
        board: one of `BOARDS`; empty: cards.
        model: of the cards, one of `PRODUCTS`.
        count: how many cards.
        cells: the host's NUMA cells, over which its GPUs are spread evenly.
        cpus: the host's threads, which are spread evenly over its cells.
        numa: each GPU's cell, in the order of their addresses; empty: see `cells`.
        vfs: how many virtual functions each has, of those that it can have.
        mig: whether those that can be are in MIG mode.
        divided: into how many virtual functions some were divided since, by address.

    Raises:
        ValueError: a board or model that is not known, or more GPUs than a host has.
    """

    def __init__(
        self,
        host: str,
        *,
        board: str = "",
        model: str = "",
        count: int = 0,
        cells: int = 1,
        cpus: int = 0,
        numa: Sequence[int] = (),
        vfs: int = 0,
        mig: bool = False,
        divided: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._divided = divided
        if board:
            known = BOARDS.get(board)
            if known is None:
                raise ValueError(f"no board {board!r}: there are {', '.join(BOARDS)}")
            product, buses, modules = known.product, known.buses, known.modules
            linked, switched = True, bool(known.switches)
        else:
            if model not in PRODUCTS or not 0 <= count <= MOST_GPUS:
                raise ValueError(f"no {count} GPUs of model {model!r}: there are {', '.join(PRODUCTS)}")
            product, buses, modules = PRODUCTS[model], tuple(range(_FIRST_BUS, _FIRST_BUS + count)), ()
            linked, switched = False, False
        if numa and len(numa) != len(buses):
            raise ValueError(f"{len(buses)} GPUs are in {len(numa)} NUMA cells")
        cell_of = list(numa) or [index * cells // max(1, len(buses)) for index in range(len(buses))]
        addresses = [f"0000:{bus:02x}:00.0" for bus in buses]
        self._gpus = tuple(
            _gpu(
                product,
                address,
                identity=str(uuid5(NAMESPACE_OID, f"{host} {address}")),
                cell=cell_of[index],
                cpus=cpu_list(range(cpus * cell_of[index] // cells, cpus * (cell_of[index] + 1) // cells)),
                group=_FIRST_GROUP + index,
                module=modules[index] if modules else None,
                peer=(NVSWITCH if switched else addresses[index ^ 1]) if linked else None,
                vfs=min(vfs, product.total_vfs),
                mig=mig,
            )
            for index, address in enumerate(addresses)
        )

    def observe_gpus(self) -> HostGpus:
        """See `GpuDriver`."""
        divided = self._divided()
        gpus = tuple(_divided(gpu, divided.get(gpu.address, gpu.vfs.current)) for gpu in self._gpus)
        return HostGpus(gpus, recognise(gpus))

    def observe_readings(self) -> tuple[GpuReading, ...]:
        """See `GpuDriver`; they all idle."""
        return tuple(
            GpuReading(
                gpu.address,
                utilization_percent=0,
                memory_used_mib=0,
                memory_mib=gpu.memory_mib,
                power_mw=_IDLE_MW,
                temperature_c=_IDLE_C,
                ecc_corrected=0,
                ecc_uncorrected=0,
                nvlink_sent_kib=0 if gpu.links else None,
                nvlink_received_kib=0 if gpu.links else None,
            )
            for gpu in self._gpus
        )


def _gpu(
    product: Product,
    address: str,
    *,
    identity: str,
    cell: int,
    cpus: str,
    group: int,
    module: int | None,
    peer: str | None,
    vfs: int,
    mig: bool,
) -> Gpu:
    return Gpu(
        address=address,
        vendor=NVIDIA,
        device=product.device,
        model=product.model,
        product=product.name,
        serial=f"16{int(identity[:8], 16):010d}",
        uuid=f"GPU-{identity}",
        visible=True,
        memory_mib=product.memory_mib,
        numa_node=cell,
        cpu_affinity=cpus,
        iommu_group=group,
        root_complex=address[:7],
        driver="nvidia",
        vfs=_functions(product.total_vfs, vfs, address, group),
        module=module,
        links=(Link(peer, product.links),) if peer is not None else (),
        mig=Mig(bool(product.mig_profiles), mig and bool(product.mig_profiles), product.mig_profiles),
        vgpu_types=product.vgpu_types,
        health=Health(HealthState.OK),
    )


def _divided(gpu: Gpu, functions: int) -> Gpu:
    if gpu.vfs.current == functions:
        return gpu
    assert gpu.iommu_group is not None
    return replace(gpu, vfs=_functions(gpu.vfs.total, functions, gpu.address, gpu.iommu_group))


def _functions(total: int, current: int, address: str, group: int) -> VirtualFunctions:
    return VirtualFunctions(total, current, tuple(_function(address, group, number) for number in range(current)))


def _function(address: str, group: int, number: int) -> VirtualFunction:
    """A virtual function; real ones begin at the fourth function of their GPU's bus too."""
    device, function = divmod(_FIRST_FUNCTION + number, 8)
    return VirtualFunction(f"{address[:8]}{device:02x}.{function}", _FIRST_VF_GROUP + group * 32 + number, "nvidia")
