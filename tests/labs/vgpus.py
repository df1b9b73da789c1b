"""A kernel that makes vGPUs, by both of its interfaces, as files that answer writes.

No vGPU manager runs here. What is played is what is written down of it: Linux' vfio-mediated-device.rst and mdev_core.c
(`create` refuses a UUID that there is with EEXIST and a type without room with EUSERS), NVIDIA's user guide (all vGPUs
of a GPU are of one size; what is backed by MIG wants GPU instances), and what others met on hardware (`0` written to
`current_vgpu_type` of a vGPU in use is EPERM; what can be created goes out of the list when there is no room).
"""

from __future__ import annotations

import errno
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.drivers.kernel_tree import KernelTree

DRIVER = "nvidia"


@dataclass(frozen=True)
class Type:
    """A vGPU type: its number, its name, memory of one, and how many one GPU can be."""

    number: int
    name: str
    memory_mib: int
    most: int
    mig_slices: int = 0


A40 = (
    Type(557, "NVIDIA A40-4Q", 4096, 12),
    Type(559, "NVIDIA A40-8Q", 8192, 6),
    Type(562, "NVIDIA A40-24Q", 24_576, 2),
)
H100 = (
    Type(1131, "NVIDIA H100XM-20C", 20_480, 4),
    Type(1132, "NVIDIA H100XM-40C", 40_960, 2),
    Type(1144, "NVIDIA H100XM-1-10C", 10_240, 7, mig_slices=1),
    Type(1147, "NVIDIA H100XM-3-40C", 40_960, 2, mig_slices=3),
)


@dataclass
class Card:
    """A GPU: what can be made of it, and of which of its functions what is made."""

    address: str
    types: tuple[Type, ...]
    parents: tuple[str, ...]
    mediated: bool
    gpu_instances: list[int] = field(default_factory=list[int])  # slices of each; none: MIG is off
    made: dict[str, tuple[str, Type]] = field(default_factory=dict[str, tuple[str, Type]])  # by UUID or function

    def room(self, kind: Type) -> int:
        """How many more of the type can be made."""
        there = [made for _, made in self.made.values()]
        if bool(kind.mig_slices) != bool(self.gpu_instances):
            return 0
        if kind.mig_slices:
            used = sum(made.mig_slices == kind.mig_slices for made in there)
            return self.gpu_instances.count(kind.mig_slices) - used
        if any(made.memory_mib != kind.memory_mib for made in there):
            return 0
        return kind.most - len(there)


class VgpuKernel(KernelTree):
    """A host whose driver makes vGPUs.

    Attributes:
        in_use: functions and UUIDs that a process holds.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.cards: list[Card] = []
        self.in_use: set[str] = set()

    def add_card(self, address: str, types: tuple[Type, ...], *, mediated: bool, vfs: int = 0, device: str) -> Card:
        """A GPU of NVIDIA's, divided into so many functions as by its `sriov-manage`."""
        path = self.add_function(address, driver=DRIVER, group=1 + len(self.cards))
        (path / "vendor").write_text("0x10de\n")
        (path / "device").write_text(f"0x{device}\n")
        card = Card(address, types, (address,), mediated)
        self.cards.append(card)
        if vfs:
            self.make_divisible(address, 32)
            self.divide(card, vfs)
        self._tell(card)
        return card

    def divide(self, card: Card, vfs: int) -> None:
        """What `sriov-manage` does: virtual functions that the driver of the GPU has."""
        path = self.function(card.address)
        (path / "sriov_drivers_autoprobe").write_text("1\n")
        self._divide(card.address, vfs)
        stem = card.address.rpartition(".")[0]
        card.parents = tuple(f"{stem}.{number + 1}" for number in range(vfs))
        for parent in card.parents:
            for name in ("vendor", "device"):
                (self.function(parent) / name).write_text((path / name).read_text())
        self._tell(card)

    def make_gpu_instances(self, card: Card, slices: list[int]) -> None:
        """What `nvidia-smi mig -cgi` does, of a GPU in MIG mode."""
        card.gpu_instances = slices
        self._tell(card)

    def boot(self) -> None:
        """The host boots: what was made is gone, and the GPUs are whole until somebody divides them."""
        self.in_use.clear()
        for card in self.cards:
            for uuid in [uuid for uuid in card.made if card.mediated]:
                self._unlink(uuid)
            card.made.clear()
            if card.parents != (card.address,):
                self._divide(card.address, 0)
                card.parents = ()

    def make(self, parent: str, kind: Type, uuid: str = "") -> None:
        """Another program makes a vGPU."""
        base = f"sys/bus/pci/devices/{parent}"
        if uuid:
            self._write(f"{base}/mdev_supported_types/nvidia-{kind.number}/create", uuid)
        else:
            self._write(f"{base}/nvidia/current_vgpu_type", str(kind.number))

    def unmake(self, name: str) -> None:
        """Another program takes a vGPU away, by its UUID or function."""
        if any(name in card.parents for card in self.cards):
            self._write(f"sys/bus/pci/devices/{name}/nvidia/current_vgpu_type", "0")
        else:
            self._write(f"sys/bus/mdev/devices/{name}/remove", "1")

    @property
    def made(self) -> dict[str, str]:
        """The types of all vGPUs, by UUID or function, as the files say it."""
        mdevs = self.names("sys/bus/mdev/devices")
        found = {uuid: self.text(f"sys/bus/mdev/devices/{uuid}/mdev_type/name") or "" for uuid in mdevs}
        for card in self.cards:
            for parent in card.parents:
                number = self.integer(f"sys/bus/pci/devices/{parent}/nvidia/current_vgpu_type")
                if number:
                    found[parent] = next(kind.name for kind in card.types if kind.number == number)
        return found

    def _write(self, path: str, value: str) -> None:
        place = self.root / path
        parts = Path(path).parts
        if place.name == "create":
            self.writes.append((path, value))
            self._create(self._card(parts[4]), parts[4], int(parts[-2].removeprefix("nvidia-")), value)
        elif place.name == "remove":
            self.writes.append((path, value))
            self._remove(parts[4])
        elif place.name == "current_vgpu_type":
            self.writes.append((path, value))
            self._assign(self._card(parts[4]), parts[4], int(value))
        else:
            super()._write(path, value)

    def _card(self, parent: str) -> Card:
        return next(card for card in self.cards if parent in card.parents)

    def _create(self, card: Card, parent: str, number: int, uuid: str) -> None:
        if any(uuid in other.made for other in self.cards):
            raise OSError(errno.EEXIST, "File exists")
        kind = next(kind for kind in card.types if kind.number == number)
        if not self._available(card, parent, kind):
            raise OSError(errno.EUSERS, "Too many users")
        card.made[uuid] = (parent, kind)
        types = self.function(parent) / "mdev_supported_types" / f"nvidia-{number}"
        made = self.function(parent) / uuid
        made.mkdir()
        (made / "remove").touch()
        self._link(made / "mdev_type", types)
        self._link(made / "iommu_group", self.root / "sys/kernel/iommu_groups" / f"9{len(card.made)}")
        self._link(self.root / "sys/bus/mdev/devices" / uuid, made)
        self._tell(card)

    def _remove(self, uuid: str) -> None:
        if uuid in self.in_use:
            raise OSError(errno.EBUSY, "Device or resource busy")
        card = next(card for card in self.cards if uuid in card.made)
        self._unlink(uuid)
        del card.made[uuid]
        self._tell(card)

    def _unlink(self, uuid: str) -> None:
        link = self.root / "sys/bus/mdev/devices" / uuid
        shutil.rmtree(link.resolve())
        link.unlink()

    def _assign(self, card: Card, parent: str, number: int) -> None:
        if parent in self.in_use or (number and parent in card.made):
            raise OSError(errno.EPERM, "Operation not permitted")
        if not number:
            card.made.pop(parent, None)
        else:
            kind = next((kind for kind in card.types if kind.number == number and card.room(kind)), None)
            if kind is None:
                raise OSError(errno.EINVAL, "Invalid argument")
            card.made[parent] = (parent, kind)
        self._tell(card)

    def _available(self, card: Card, parent: str, kind: Type) -> int:
        if card.parents == (card.address,):
            return card.room(kind)
        taken = any(at == parent for at, _ in card.made.values())
        return 0 if taken else min(1, card.room(kind))

    def _tell(self, card: Card) -> None:
        """Have the files say what can be made now."""
        for parent in card.parents:
            path = self.function(parent)
            if card.mediated:
                for kind in card.types:
                    own = path / "mdev_supported_types" / f"nvidia-{kind.number}"
                    own.mkdir(parents=True, exist_ok=True)
                    (own / "name").write_text(f"{kind.name}\n")
                    (own / "device_api").write_text("vfio-pci\n")
                    (own / "create").touch()
                    (own / "description").write_text(
                        f"num_heads=4, frl_config=60, framebuffer={kind.memory_mib}M, max_resolution=7680x4320, "
                        f"max_instance={kind.most}\n"
                    )
                    (own / "available_instances").write_text(f"{self._available(card, parent, kind)}\n")
            elif parent != card.address:
                (path / "nvidia").mkdir(exist_ok=True)
                _, now = card.made.get(parent, ("", None))
                (path / "nvidia/current_vgpu_type").write_text(f"{now.number if now else 0}\n")
                kinds = [kind for kind in card.types if self._available(card, parent, kind)]
                lines = "".join(f"{kind.number:<6}: {kind.name}\n" for kind in kinds)
                (path / "nvidia/creatable_vgpu_types").write_text(f"ID    : vGPU Name\n{lines}")
