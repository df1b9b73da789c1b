"""A machine with GPUs: what its kernel shows of them in sysfs, and what NVIDIA's library shows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pextra.agent.gpus.driver import MachineGpus
from pextra.agent.gpus.kernel_log import KernelLog
from pextra.drivers.gpu.interface import Gpu
from pextra.drivers.gpu.nvml_process import NvmlProcess
from tests.labs import nvml


class FakeMachine:
    """A machine whose GPUs are set by `have`.

    Args:
        folder: its own; sysfs is made in it.
        library: where the fake library is; None: it is not installed.
    """

    def __init__(self, folder: Path, library: Path | None) -> None:
        self.kept = folder / "gpus.json"
        self.log = folder / "kmsg"
        self._folder = folder
        self._data = folder / "nvml"
        self._library = library
        self._roots = 0
        self._root = folder / "root-0"
        self._looks = 0

    def have(
        self,
        gpus: Iterable[Gpu],
        *,
        switches: int = 0,
        serials: Mapping[str, int] | None = None,
        more: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """From now on the machine has these GPUs; the library shows those that `nvidia` drives.

        Args:
            switches: how many NVSwitches the kernel shows.
            serials: what GPUs have as device serial number in their PCI configuration, by address.
            more: further lines of what the library reads, by address.
        """
        gpus = list(gpus)
        self._roots += 1
        self._root = self._folder / f"root-{self._roots}"
        (self._root / "sys/bus/pci/devices").mkdir(parents=True)
        for gpu in gpus:
            self._device(gpu, (serials or {}).get(gpu.address))
        for number in range(switches):
            place = self._place(f"0000:{0xF0 + number:02x}:00.0", "pci0000:f0")
            _write(place, {"class": "0x068000", "vendor": "0x10de", "device": "0x22a3"})
        self._data.write_text(nvml.nvml_data([gpu for gpu in gpus if gpu.driver == "nvidia"], more))

    def say(self, data: str) -> None:
        """Have the library read exactly this."""
        self._data.write_text(data)

    def driver(
        self, *, patience_s: float = 30.0, deadline_s: float = 60.0, again_s: float = 300.0, uptime_s: float = 5000.0
    ) -> MachineGpus:
        """What an agent that was started now looks at the machine with."""
        process = NvmlProcess(
            environment=self.environment(), patience_s=patience_s, deadline_s=deadline_s, again_s=again_s
        )
        log = KernelLog(self.log, lambda: uptime_s)
        return MachineGpus(self.kept, root=self._root, nvml=process, kernel_log=log)

    def environment(self) -> dict[str, str]:
        """The environment of a process on this machine."""
        if self._library is None:
            return {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
        return nvml.environment(self._library, self._data)

    def xid(self, gpu: Gpu, number: int, at_s: float) -> None:
        """NVIDIA's driver writes an error to the kernel's log, that many seconds after the boot."""
        with self.log.open("a") as file:
            file.write(f"4,{number},{int(at_s * 1e6)},-;NVRM: Xid (PCI:{gpu.address[:-2]}): {number}, pid=1, name=x\n")
            file.write(" SUBSYSTEM=pci\n")

    def _place(self, address: str, root: str) -> Path:
        place = self._root / "sys/devices" / root / f"{root.removeprefix('pci')}:1f.0" / address
        place.mkdir(parents=True)
        link = self._root / "sys/bus/pci/devices" / address
        link.symlink_to(os.path.relpath(place, link.parent))
        return place

    def _device(self, gpu: Gpu, serial: int | None) -> None:
        root = f"pci{gpu.root_complex}"
        place = self._place(gpu.address, root)
        _write(
            place,
            {
                "class": "0x030200",
                "vendor": f"0x{gpu.vendor}",
                "device": f"0x{gpu.device}",
                "subsystem_vendor": "0x10de",
                "subsystem_device": "0x16c1",
                "numa_node": "-1" if gpu.numa_node is None else str(gpu.numa_node),
                "local_cpulist": gpu.cpu_affinity,
                "sriov_totalvfs": str(gpu.vfs.total),
                "sriov_numvfs": str(gpu.vfs.current),
            },
        )
        self._belongs(place, gpu.driver, gpu.iommu_group)
        if serial is not None:
            header = (0x100 << 20 | 1 << 16 | 0x0003).to_bytes(4, "little")
            (place / "config").write_bytes(bytes(0x100) + header + serial.to_bytes(8, "little") + bytes(256))
        for number, function in enumerate(gpu.vfs.functions):
            part = self._place(function.address, root)
            _write(part, {"class": "0x030200", "vendor": f"0x{gpu.vendor}", "device": f"0x{gpu.device}"})
            (part / "physfn").symlink_to(f"../{gpu.address}")
            (place / f"virtfn{number}").symlink_to(f"../{function.address}")
            self._belongs(part, function.driver, function.iommu_group)

    def _belongs(self, place: Path, driver: str | None, group: int | None) -> None:
        if driver is not None:
            (place / "driver").symlink_to(f"/sys/bus/pci/drivers/{driver}")
        if group is not None:
            (place / "iommu_group").symlink_to(f"/sys/kernel/iommu_groups/{group}")


def given_away(gpu: Gpu) -> Gpu:
    """The same while a guest has it."""
    return replace(gpu, driver="vfio-pci")


def _write(place: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        (place / name).write_text(f"{content}\n")
