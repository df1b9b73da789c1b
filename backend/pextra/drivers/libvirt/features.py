"""What this host can give its guests beyond the plain machine, and what it lacks for the rest. Looks only."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pextra.drivers.interface import ComputeCapabilities, GuestSpec, HostCell, HostFeature, HugepagePool, Permanent
from pextra.drivers.libvirt.firmware import UefiImages, find_uefi
from pextra.drivers.vfio.sysfs import PCI_DRIVERS, Sysfs

_APT: Final = "apt-get install --no-install-recommends"
_PAGES_DIR: Final = Path("/sys/kernel/mm/hugepages")
_SBIN: Final = "/usr/sbin"
_NODE: Final = re.compile(r"node([0-9]{1,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class HostFeatures:
    """What was found.

    Attributes:
        hugepages_kib: sizes of which the host has reserved some.
        vfio: whether PCI functions can be handed out: we are root, and there are an IOMMU and vfio-pci. A host without
            is not told so, since few have anything to hand out.
    """

    uefi: UefiImages = field(default_factory=UefiImages)
    tpm: bool = False
    hugepages_kib: frozenset[int] = frozenset()
    vfio: bool = False

    @property
    def lacking(self) -> tuple[str, ...]:
        """Each feature that is not there, with its remedy."""
        lacks = {
            "UEFI firmware": (self.uefi.plain is not None, f"{_APT} ovmf"),
            "UEFI firmware with Secure Boot": (self.uefi.secure is not None, f"{_APT} ovmf"),
            "TPM 2.0": (self.tpm, f"{_APT} swtpm swtpm-tools"),
            "hugepages": (bool(self.hugepages_kib), "reserve some: sysctl vm.nr_hugepages=N, with hugetlbfs mounted"),
        }
        return tuple(f"{what}: {remedy}" for what, (has, remedy) in lacks.items() if not has)

    @property
    def given(self) -> tuple[HostFeature, ...]:
        """What placement is to know of."""
        there = {
            HostFeature.UEFI: self.uefi.plain is not None,
            HostFeature.SECURE_BOOT: self.uefi.secure is not None,
            HostFeature.TPM: self.tpm,
            HostFeature.VFIO: self.vfio,
        }
        return tuple(feature for feature, has in there.items() if has)

    def capabilities(self, *, confined: bool) -> ComputeCapabilities:
        """In the contract's terms."""
        return ComputeCapabilities(
            console_log=True,
            console=True,
            display=True,
            live_attach=True,
            agent=True,
            uefi=self.uefi.plain is not None,
            secure_boot=self.uefi.secure is not None,
            tpm=self.tpm,
            hugepages=bool(self.hugepages_kib),
            confined=confined,
            lacking=self.lacking,
        )

    def refuse_lacking(self, guest: GuestSpec) -> None:
        """Refuse a guest that needs what is not here; firmware is refused where it is chosen.

        Raises:
            Permanent: `TpmMissing` or `HugepagesMissing`.
        """
        if guest.firmware.tpm and not self.tpm:
            raise Permanent("TpmMissing", f"{guest.name} needs a TPM: {_APT} swtpm swtpm-tools")
        page_kib = guest.cpu.hugepage_kib
        if page_kib and page_kib not in self.hugepages_kib:
            raise Permanent(
                "HugepagesMissing",
                f"{guest.name} needs pages of {page_kib} KiB, and this host has reserved none: write their number to "
                f"{_PAGES_DIR}/hugepages-{page_kib}kB/nr_hugepages",
            )


_MEM_TOTAL: Final = re.compile(r"MemTotal:\s+([0-9]{1,15}) kB")


def find_features(*, pages_dir: Path = _PAGES_DIR, sysfs: Sysfs | None = None) -> HostFeatures:
    """What this machine has now."""
    reserved = frozenset(pool.size_kib for pool in reserved_pages(pages_dir) if pool.total)
    tools = all(shutil.which(tool) or shutil.which(tool, path=_SBIN) for tool in ("swtpm", "swtpm_setup"))
    return HostFeatures(find_uefi(), tpm=tools, hugepages_kib=reserved, vfio=hands_out(sysfs or Sysfs()))


def hands_out(sysfs: Sysfs) -> bool:
    """Whether PCI functions can be handed out now; see `HostFeatures.vfio`."""
    isolated = bool(sysfs.names("sys/kernel/iommu_groups")) and sysfs.exists(f"{PCI_DRIVERS}/vfio-pci")
    return isolated and os.geteuid() == 0


def threads_of_nodes(sysfs: Sysfs) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """The processor threads of each of the host's NUMA cells, in order; empty where the kernel does not say."""
    found: dict[int, tuple[int, ...]] = {}
    for name in sysfs.names("sys/devices/system/node"):
        if match := _NODE.fullmatch(name):
            listed = sysfs.text(f"sys/devices/system/node/{name}/cpulist") or ""
            found[int(match[1])] = _threads(listed)
    return tuple(sorted(found.items()))


def host_cells(sysfs: Sysfs) -> tuple[HostCell, ...]:
    """The host's NUMA cells that have processors or memory, by number; empty where the kernel does not say."""
    found: list[HostCell] = []
    for number, cpus in threads_of_nodes(sysfs):
        node = f"sys/devices/system/node/node{number}"
        match = _MEM_TOTAL.search(sysfs.text(f"{node}/meminfo") or "")
        memory_mib = int(match[1]) >> 10 if match else 0
        pages = reserved_pages(sysfs.path(f"{node}/hugepages"))
        if cpus or memory_mib:
            found.append(HostCell(number, cpus, memory_mib, tuple(pool for pool in pages if pool.total)))
    return tuple(found)


def _threads(listed: str) -> tuple[int, ...]:
    """The numbers in a list such as 0-3,8."""
    numbers: list[int] = []
    for part in filter(None, listed.split(",")):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return tuple(numbers)


def reserved_pages(pages_dir: Path = _PAGES_DIR) -> tuple[HugepagePool, ...]:
    """The hugepages that the kernel has set aside now, on all NUMA cells together, the smallest first."""
    pools: list[HugepagePool] = []
    for directory in pages_dir.glob("hugepages-*kB"):
        try:
            size_kib = int(directory.name.removeprefix("hugepages-").removesuffix("kB"))
            total, free = (int((directory / f"{name}_hugepages").read_text()) for name in ("nr", "free"))
        except (OSError, ValueError):
            continue
        pools.append(HugepagePool(size_kib, total, free))
    return tuple(sorted(pools, key=lambda pool: pool.size_kib))
