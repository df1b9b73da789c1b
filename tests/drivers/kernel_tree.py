"""A tree of the kernel's files that answers writes as the kernel does; test_handing_out holds a real one to it."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from pextra.drivers.vfio.sysfs import Sysfs

GPU, NIC, NVME, PCI_BRIDGE = "0x030200", "0x020000", "0x010802", "0x060400"

MODEL = (("vendor", "0x10de"), ("device", "0x2330"))


class KernelTree(Sysfs):
    """Functions, drivers and groups below a directory of the test's own.

    Attributes:
        writes: every write, in order.
        known: which driver takes a function by itself.
        refusing: functions that vfio-pci does not take.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.writes: list[tuple[str, str]] = []
        self.known: dict[str, str] = {}
        self.refusing: set[str] = set()
        for name in ("sys/bus/pci/devices", "sys/bus/mdev/devices", "sys/kernel/iommu_groups", "dev/vfio", "proc/self"):
            (root / name).mkdir(parents=True)
        self.add_driver("vfio-pci")

    # --- building ---

    def add_driver(self, name: str) -> None:
        """A driver."""
        (self.root / "sys/bus/pci/drivers" / name).mkdir(parents=True, exist_ok=True)

    def add_function(
        self, address: str, kind: str = GPU, *, driver: str = "", group: int | None = 1, root: str = "pci0000:40"
    ) -> Path:
        """A PCI function; its directory."""
        path = self.root / "sys/devices" / root / address
        path.mkdir(parents=True)
        for name, text in (
            ("class", kind),
            ("driver_override", "(null)"),
            ("numa_node", "0"),
            ("resource", ""),
            *MODEL,
        ):
            (path / name).write_text(f"{text}\n")
        self._link(self.root / "sys/bus/pci/devices" / address, path)
        if group is not None:
            members = self.root / "sys/kernel/iommu_groups" / str(group)
            self._link(path / "iommu_group", members)
            self._link(members / "devices" / address, path)
        if driver:
            self.add_driver(driver)
            self.known[address] = driver
            self._bind(address, driver)
        return path

    def add_block(self, name: str, below: Path, number: str, *, mounted: str = "") -> Path:
        """A disk below a directory; its own."""
        path = below / name
        (path / "holders").mkdir(parents=True)
        (path / "dev").write_text(f"{number}\n")
        self._link(self.root / "sys/class/block" / name, path)
        if mounted:
            with (self.root / "proc/self/mountinfo").open("a") as file:
                file.write(f"22 1 {number} / {mounted} rw - ext4 /dev/{name} rw\n")
        return path

    def add_link(self, name: str, below: Path, *, flags: int) -> Path:
        """A network link below a function; its directory."""
        path = below / "net" / name
        path.mkdir(parents=True)
        (path / "flags").write_text(f"{flags:#x}\n")
        self._link(self.root / "sys/class/net" / name, path)
        return path

    def make_divisible(self, address: str, most: int) -> None:
        """Let a function have virtual ones."""
        path = self.function(address)
        for name, value in (("sriov_totalvfs", most), ("sriov_numvfs", 0), ("sriov_drivers_autoprobe", 1)):
            (path / name).write_text(f"{value}\n")

    def add_mdev_type(self, address: str, name: str, available: int) -> None:
        """Let a function make mediated devices."""
        path = self.function(address) / "mdev_supported_types" / name
        path.mkdir(parents=True)
        (path / "available_instances").write_text(f"{available}\n")

    def remove_function(self, address: str) -> None:
        """Unplug it."""
        group = self.link_name(f"sys/bus/pci/devices/{address}/iommu_group")
        (self.root / "sys/kernel/iommu_groups" / str(group) / "devices" / address).unlink(missing_ok=True)
        shutil.rmtree(self.function(address))
        (self.root / "sys/bus/pci/devices" / address).unlink()

    def function(self, address: str) -> Path:
        """The directory of a function."""
        return (self.root / "sys/bus/pci/devices" / address).resolve()

    def driver_of(self, address: str) -> str:
        """Who drives it."""
        return self.link_name(f"sys/bus/pci/devices/{address}/driver") or ""

    def state(self) -> dict[str, tuple[str, str]]:
        """Driver and override of every function, and the mediated devices."""
        functions = {a: (self.driver_of(a), self._override(a)) for a in self.names("sys/bus/pci/devices")}
        return functions | dict.fromkeys(self.names("sys/bus/mdev/devices"), ("mdev", ""))

    # --- answering ---

    def _write(self, path: str, value: str) -> None:
        self.writes.append((path, value))
        place = self.root / path
        match place.name:
            case "unbind":
                (self.function(value) / "driver").unlink()
            case "drivers_probe":
                self._probe(value)
            case "driver_override":
                place.write_text(f"{value.strip() or '(null)'}\n")
            case "sriov_numvfs":
                self._divide(place.parent.name, int(value))
            case "create":
                self._make_mdev(place.parent, value)
            case "remove":
                self._remove_mdev(place.parent)
            case _:
                super()._write(path, value)

    def _probe(self, address: str) -> None:
        physical = self.function(address) / "physfn"
        closed = physical.exists() and (physical / "sriov_drivers_autoprobe").read_text().strip() == "0"
        override = self._override(address)
        driver = override or ("" if closed else self.known.get(address, ""))
        if driver and not (driver == "vfio-pci" and address in self.refusing):
            self._bind(address, driver)

    def _divide(self, address: str, count: int) -> None:
        path = self.function(address)
        now = int((path / "sriov_numvfs").read_text())
        if now and count:
            raise OSError(errno.EBUSY, "Device or resource busy")
        stem, _, _ = address.rpartition(".")
        for number in range(now):
            (path / f"virtfn{number}").unlink()
            self.remove_function(f"{stem}.{number + 1}")
        for number in range(count):
            vf = f"{stem}.{number + 1}"
            made = self.add_function(vf, group=100 + number)
            self._link(made / "physfn", path)
            self._link(path / f"virtfn{number}", made)
            self.known[vf] = self.known.get(address, "")
            self._probe(vf)
        (path / "sriov_numvfs").write_text(f"{count}\n")

    def _make_mdev(self, kind: Path, uuid: str) -> None:
        left = int((kind / "available_instances").read_text())
        if not left:
            raise OSError(errno.ENOSPC, "No space left on device")
        (kind / "available_instances").write_text(f"{left - 1}\n")
        made = kind.parents[1].resolve() / uuid
        made.mkdir()
        (made / "remove").touch()
        self._link(made / "mdev_type", kind)
        self._link(self.root / "sys/bus/mdev/devices" / uuid, made)

    def _remove_mdev(self, made: Path) -> None:
        kind = (made / "mdev_type").resolve()
        (kind / "available_instances").write_text(f"{int((kind / 'available_instances').read_text()) + 1}\n")
        shutil.rmtree(made.resolve())
        made.unlink()

    def _override(self, address: str) -> str:
        text = (self.function(address) / "driver_override").read_text().strip()
        return "" if text == "(null)" else text

    def _bind(self, address: str, driver: str) -> None:
        self._link(self.function(address) / "driver", self.root / "sys/bus/pci/drivers" / driver)
        place = self.root / "sys/bus/pci/drivers" / driver / "unbind"
        place.touch()

    @staticmethod
    def _link(name: Path, target: Path) -> None:
        name.parent.mkdir(parents=True, exist_ok=True)
        target.mkdir(parents=True, exist_ok=True)
        name.symlink_to(target)
