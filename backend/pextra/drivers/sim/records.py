"""The state of the simulated world, as plain data: what is written to its file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pextra.drivers.interface import (
    HostInventory,
    ImageObservation,
    NetworkSource,
    PortSource,
    Retryable,
    VolumeObservation,
)
from pextra.drivers.interface.fabric import (
    AddressList,
    FabricBalancer,
    FabricGroup,
    FabricNetwork,
    FabricPort,
    FabricProvider,
    FabricRouter,
    FloatingAddress,
)
from pextra.drivers.sim.guest import Guest

EXTENT_BYTES: Final = 4 << 20
"""The pool's unit of allocation."""
BLOCK_BYTES: Final = 64 << 10
"""The unit in which volumes have content."""


@dataclass(slots=True)
class HostRecord:
    """A host and what is on it, by uid.

    Attributes:
        lost_devices: names of devices that it has no more; all others it has, whatever they are called.
        divided: into how many virtual functions devices were divided since, by address.
    """

    inventory: HostInventory
    up: bool = True
    lost_devices: set[str] = field(default_factory=set[str])
    divided: dict[str, int] = field(default_factory=dict[str, int])
    guests: dict[str, Guest] = field(default_factory=dict[str, Guest])
    networks: dict[str, NetworkSource] = field(default_factory=dict[str, NetworkSource])
    ports: dict[str, PortSource] = field(default_factory=dict[str, PortSource])


@dataclass(slots=True)
class FabricRecord:
    """The parts of the fabric, by kind and uid."""

    networks: dict[str, FabricNetwork] = field(default_factory=dict[str, FabricNetwork])
    groups: dict[str, FabricGroup] = field(default_factory=dict[str, FabricGroup])
    lists: dict[str, AddressList] = field(default_factory=dict[str, AddressList])
    ports: dict[str, FabricPort] = field(default_factory=dict[str, FabricPort])
    providers: dict[str, FabricProvider] = field(default_factory=dict[str, FabricProvider])
    routers: dict[str, FabricRouter] = field(default_factory=dict[str, FabricRouter])
    floating: dict[str, FloatingAddress] = field(default_factory=dict[str, FloatingAddress])
    balancers: dict[str, FabricBalancer] = field(default_factory=dict[str, FabricBalancer])


@dataclass(slots=True)
class ImageRecord:
    """An image's bytes. `hidden` ones stay for their clones alone."""

    sha256: str
    virtual_size_bytes: int
    stored_bytes: int
    clones: int = 0
    hidden: bool = False

    def observe(self, uid: str) -> ImageObservation:
        """The image as a driver shows it."""
        return ImageObservation(uid, self.sha256, self.virtual_size_bytes, self.stored_bytes)


@dataclass(slots=True)
class SnapshotRecord:
    """A volume's content at one moment."""

    uid: str
    id: int
    size_bytes: int
    taken_s: float
    blocks: dict[int, str]

    @property
    def allocated_bytes(self) -> int:
        """What it takes of the pool."""
        return extents(len(self.blocks) * BLOCK_BYTES)


@dataclass(slots=True)
class VolumeRecord:
    """A volume: its content is what is written at the start of blocks, as text; all the rest is zeros.

    `borrows` while it needs another volume's bytes. `fences` is how often its lock was broken: its address tells.
    """

    tenant_uid: str
    size_bytes: int
    image_uid: str | None = None
    borrows: bool = False
    blocks: dict[int, str] = field(default_factory=dict[int, str])
    snapshots: list[SnapshotRecord] = field(default_factory=list[SnapshotRecord])
    next_id: int = 1
    pending: str | None = None
    acts: list[str] = field(default_factory=list[str])
    lock_owner: str = ""
    fences: int = 0

    @property
    def used_bytes(self) -> int:
        """What it takes of the pool, with its snapshots."""
        return extents(self.size_bytes) + sum(s.allocated_bytes for s in self.snapshots)

    def snapshot(self, uid: str) -> SnapshotRecord | None:
        """The snapshot, or None."""
        return next((s for s in self.snapshots if s.uid == uid), None)

    def observe(self, uid: str) -> VolumeObservation:
        """The volume as a driver shows it."""
        return VolumeObservation(
            uid,
            self.tenant_uid,
            self.size_bytes,
            self.used_bytes,
            independent=self.image_uid is None and not self.borrows,
            lock_owner=self.lock_owner,
        )


@dataclass(slots=True)
class TrashRecord:
    """A volume that can be restored until then."""

    volume: VolumeRecord
    until_s: float


@dataclass(slots=True)
class PoolRecord:
    """A storage pool, which allocates in full, so that it fills by arithmetic.

    `host_uid` is None when every host reaches it. `foreign_bytes` are taken by others.
    """

    capacity_bytes: int
    host_uid: str | None = None
    allocated_bytes: int = 0
    foreign_bytes: int = 0
    images: dict[str, ImageRecord] = field(default_factory=dict[str, ImageRecord])
    volumes: dict[str, VolumeRecord] = field(default_factory=dict[str, VolumeRecord])
    trash: dict[str, TrashRecord] = field(default_factory=dict[str, TrashRecord])

    @property
    def free_bytes(self) -> int:
        """What can still be allocated."""
        return max(0, self.capacity_bytes - self.allocated_bytes - self.foreign_bytes)

    def allocate(self, size_bytes: int) -> None:
        """Take this much of the pool.

        Raises:
            Retryable: `PoolFull`; nothing was taken.
        """
        if size_bytes > self.free_bytes:
            raise Retryable(
                "PoolFull",
                f"{size_bytes} bytes are wanted and {self.free_bytes} of {self.capacity_bytes} are free; "
                "remove volumes or enlarge the pool",
            )
        self.allocated_bytes += size_bytes

    def release(self, size_bytes: int) -> None:
        """Give this much back."""
        self.allocated_bytes -= size_bytes


def extents(size_bytes: int) -> int:
    """The bytes that something of this size takes, in whole extents."""
    return -(-size_bytes // EXTENT_BYTES) * EXTENT_BYTES
