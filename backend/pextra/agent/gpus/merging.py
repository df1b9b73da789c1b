"""One view of the host's GPUs, out of what the kernel shows, what the library shows, and what it showed earlier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pextra.agent.gpus.cards import Card
from pextra.agent.gpus.kept import KeptGpu
from pextra.agent.gpus.vgpus import with_kernels
from pextra.drivers.gpu.health import worse
from pextra.drivers.gpu.interface import Gpu, Health, HealthState
from pextra.drivers.gpu.nvml_process import NvmlView
from pextra.drivers.gpu.products import NVIDIA

OWN_DRIVER: Final = "nvidia"
"""Whose GPUs NVIDIA's library shows."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of it.

    Attributes:
        gpus: ordered by address.
        kept: what is to be remembered, by address.
    """

    gpus: tuple[Gpu, ...]
    kept: dict[str, KeptGpu]


def merge(cards: Sequence[Card], view: NvmlView, kept: Mapping[str, KeptGpu]) -> Merged:
    """Every GPU that the kernel or the library shows.

    What the library does not show is told as it was last, unless the kernel knows that another card is in its place.
    What neither shows has gone, and is forgotten.
    """
    shown = {gpu.address: gpu for gpu in view.gpus or ()}
    serials = {gpu.serial for gpu in shown.values() if gpu.serial}
    gpus = [gpu for address, gpu in shown.items() if address not in {card.gpu.address for card in cards}]
    remembered = {gpu.address: KeptGpu(gpu) for gpu in gpus}
    for card in cards:
        address, known = card.gpu.address, kept.get(card.gpu.address)
        if address in shown:
            # What the library said may be a minute old: the kernel knows whether the GPU has left since.
            seen = replace(shown[address], visible=card.gpu.driver == OWN_DRIVER)
            gpu = _with_kernels_facts(seen, card)
            remembered[address] = KeptGpu(gpu, card.subsystem, card.pci_serial)
        elif known is not None and known.is_in(card) and known.gpu.serial not in serials:
            gpu = replace(_with_kernels_facts(known.gpu, card), visible=False)
            remembered[address] = known
        else:
            gpu = _with_kernels_facts(card.gpu, card)
        gpus.append(replace(gpu, health=_health(gpu, view)))
    return Merged(tuple(sorted(gpus, key=lambda gpu: gpu.address)), remembered)


def _with_kernels_facts(gpu: Gpu, card: Card) -> Gpu:
    """What the library tells, and of the GPU's place and of what is made of it what the kernel tells."""
    kernels = card.gpu
    return replace(
        gpu,
        numa_node=gpu.numa_node if kernels.numa_node is None else kernels.numa_node,
        cpu_affinity=gpu.cpu_affinity or kernels.cpu_affinity,
        iommu_group=kernels.iommu_group,
        root_complex=kernels.root_complex,
        driver=kernels.driver,
        vfs=kernels.vfs,
        vgpu_types=with_kernels(gpu.vgpu_types, card.vgpus, gpu.mig),
        vgpu_interface=card.vgpus.interface,
    )


def _health(gpu: Gpu, view: NvmlView) -> Health:
    """A GPU that has left for a guest is as it was; one that its own driver has should be shown."""
    if gpu.visible or gpu.vendor != NVIDIA or gpu.driver != OWN_DRIVER:
        return gpu.health
    if view.failure:
        reason = "NVIDIA's library does not answer"
    elif view.gpus is not None:
        reason = "NVIDIA's driver has it, and its library does not show it: see the kernel's log"
    else:
        return gpu.health
    state = worse(gpu.health.state, HealthState.UNKNOWN)
    return Health(state, (*gpu.health.reasons, reason), gpu.health.xids)
