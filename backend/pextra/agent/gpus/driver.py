"""The GPUs of this host, as a driver."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from pextra.agent.gpus.cards import count_switches, read_cards
from pextra.agent.gpus.kept import KeptGpus
from pextra.agent.gpus.kernel_log import KernelLog
from pextra.agent.gpus.merging import OWN_DRIVER, merge
from pextra.agent.inventory.pci import read_pci
from pextra.agent.inventory.tree import Tree
from pextra.drivers.gpu.boards import recognise
from pextra.drivers.gpu.health import with_xids
from pextra.drivers.gpu.interface import MOST_GPUS, Gpu, GpuReading, HostGpus
from pextra.drivers.gpu.nvml_process import NvmlProcess, NvmlView
from pextra.drivers.gpu.products import NVIDIA

log = logging.getLogger("pextra.agent")


class MachineGpus:
    """What this machine has. One caller at a time.

    Args:
        kept: the file that what was seen is kept in.
        root: the directory that /sys lies below.
        nvml: asks NVIDIA's library.
        kernel_log: what NVIDIA's driver writes its errors to.
    """

    def __init__(
        self,
        kept: Path,
        *,
        root: Path = Path("/"),
        nvml: NvmlProcess | None = None,
        kernel_log: KernelLog | None = None,
    ) -> None:
        self._kept = KeptGpus(kept)
        self._root = root
        self._nvml = NvmlProcess() if nvml is None else nvml
        self._log = KernelLog() if kernel_log is None else kernel_log
        self._said = ""

    def observe_gpus(self) -> HostGpus:
        """See `GpuDriver`."""
        tree = Tree(self._root)
        pci = read_pci(tree)
        cards = read_cards(tree, pci)
        # Nobody else is seen by the library, and to ask costs a process.
        asked = any(card.gpu.vendor == NVIDIA and card.gpu.driver == OWN_DRIVER for card in cards)
        view = self._nvml.look() if asked or self._nvml.looking else NvmlView()
        self._say(view)
        merged = merge(cards, view, self._kept.by_address)
        self._kept.replace(merged.kept)
        self._log.read()
        gpus = tuple(self._with_xids(gpu) for gpu in merged.gpus[:MOST_GPUS])
        return HostGpus(gpus, recognise(gpus, count_switches(pci)), _problems(merged.gpus, view))

    def observe_readings(self) -> tuple[GpuReading, ...]:
        """See `GpuDriver`. They come from the looks of `observe_gpus`: to look for them alone would cost a process."""
        return self._nvml.readings()

    def close(self) -> None:
        """End what is under way."""
        self._nvml.close()
        self._log.close()

    def _with_xids(self, gpu: Gpu) -> Gpu:
        if gpu.vendor != NVIDIA:
            return gpu
        xids = self._log.xids(gpu.address)
        return replace(gpu, health=with_xids(gpu.health, xids.numbers, xids.recent))

    def _say(self, view: NvmlView) -> None:
        """Say once what changed."""
        message = view.failure or view.absent
        if message == self._said:
            return
        self._said = message
        if view.failure:
            log.warning("%s; GPUs are told as they were", view.failure)
        elif view.absent:
            log.info("GPUs of NVIDIA are not asked: %s", view.absent)
        elif view.gpus is not None:
            log.info("NVIDIA's library answers: %d GPUs", len(view.gpus))


def _problems(gpus: tuple[Gpu, ...], view: NvmlView) -> tuple[str, ...]:
    found: list[str] = []
    mute = sum(gpu.vendor == NVIDIA and gpu.driver == OWN_DRIVER and not gpu.visible for gpu in gpus)
    if view.failure:
        found.append(f"GPUs are told as they were: {view.failure}")
    elif view.absent and mute:
        found.append(f"{mute} GPUs are told as they were, or by their PCI ids alone: {view.absent}")
    if len(gpus) > MOST_GPUS:
        found.append(f"only the first {MOST_GPUS} of {len(gpus)} GPUs are told")
    return tuple(found)
