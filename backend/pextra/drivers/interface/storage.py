"""Images and volumes of one pool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol


@dataclass(frozen=True, slots=True)
class ImageSource:
    """Where an image's bytes come from and what they must be."""

    uid: str
    url: str  # "file:///…", "https://…", "http://…" or `uploaded_url`; the sim driver takes "sim://…"
    format: str  # "qcow2" | "raw" | "vmdk" (monolithicSparse or streamOptimized); stored as qcow2 or raw
    sha256: str  # 64 hex digits


UPLOADED: Final = "upload"
"""The scheme of what the control plane has, and hands out to hosts that need it."""


def uploaded_url(uid: str, size_bytes: int) -> str:
    """The URL of an image whose content was uploaded to the control plane."""
    return f"{UPLOADED}:{uid}?size_bytes={size_bytes}"


@dataclass(frozen=True, slots=True)
class ImageObservation:
    """An image as it is stored; content is immutable, named by its digest."""

    uid: str
    sha256: str
    virtual_size_bytes: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class ImageTransfer:
    """How far an image's bytes have come."""

    uid: str
    done_bytes: int
    total_bytes: int | None  # None when the source does not say


@dataclass(frozen=True, slots=True)
class VolumeSource:
    """A volume as it should be, and what it starts as: empty, or one of an image, a snapshot or a volume.

    What it starts as matters only while it is made. A copy-on-write clone takes no space at first and needs the bytes
    of its origin, which stay for it though the origin be removed; an independent one has bytes of its own.
    """

    uid: str
    tenant_uid: str
    size_bytes: int  # exact, a multiple of 512; at least what it starts as
    image_uid: str | None = None
    volume_uid: str | None = None  # of the same tenant, as it is now, or as `snapshot_uid` says
    snapshot_uid: str | None = None  # of the volume `volume_uid`
    independent: bool = False  # a deep copy


@dataclass(frozen=True, slots=True)
class VolumeObservation:
    """A volume as it is."""

    uid: str
    tenant_uid: str
    size_bytes: int  # what the guest sees
    used_bytes: (
        int  # what is allocated to it and its snapshots, rounded up as the backend does; shared bytes count once
    )
    independent: bool = True  # it needs no bytes of an image or another volume
    lock_owner: str = ""  # see `ensure_locked`


@dataclass(frozen=True, slots=True)
class TrashObservation:
    """A volume that was removed and can still be restored."""

    uid: str
    tenant_uid: str
    size_bytes: int
    used_bytes: int
    until_s: float  # seconds since the epoch; `purge_trash` destroys it after that


@dataclass(frozen=True, slots=True)
class SnapshotSource:
    """A volume's content at one moment, to be kept."""

    uid: str
    tenant_uid: str
    volume_uid: str


@dataclass(frozen=True, slots=True)
class SnapshotObservation:
    """A snapshot as it is."""

    uid: str
    volume_uid: str
    id: int  # grows with every snapshot of the volume, is never used again, and orders them
    size_bytes: int  # of the volume at that moment
    used_bytes: int  # what would be freed if only the snapshot went, as far as the backend knows
    taken_s: float  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class SnapshotPlan:
    """What a compute driver has to do so that a running guest's volume is snapshotted.

    It opens `overlay` without its backing file, has the hypervisor put it on top of the volume's disk (QEMU:
    `blockdev-add`, then `blockdev-snapshot`, for all disks of a group in one transaction), and calls
    `ensure_snapshot_finished`. It may do so again after an interruption: when the guest already writes to `overlay`,
    nothing is left to do but to finish.
    """

    current: DiskSource
    overlay: DiskSource


@dataclass(frozen=True, slots=True)
class Extent:
    """A range of bytes that differs, or may differ; `exists` is false where it reads as zeros now."""

    offset: int
    length: int
    exists: bool


@dataclass(frozen=True, slots=True)
class DiskSource:
    """How a hypervisor reaches a volume; made by a storage driver, read by a compute driver."""

    type: str  # "file" | "sim" | "rbd"
    location: str  # absolute path, or the driver's own address; another one after a snapshot, rollback or fence
    format: str  # "qcow2" | "raw"


@dataclass(frozen=True, slots=True)
class StorageCapabilities:
    """What a storage driver can do beyond the contract's minimum."""

    shared: bool = False  # reachable from every host; otherwise a volume lives on one
    snapshots: bool = False  # also of several volumes at once, and of volumes in use by way of `SnapshotPlan`
    clones: bool = False  # volumes start from snapshots and volumes
    differences: bool = False  # between snapshots, exported and imported
    trash: bool = False
    locks: bool = False
    resize_online: bool = False  # `ensure_volume` grows a volume that is open; otherwise the hypervisor does


class StorageDriver(Protocol):
    """Images and volumes of one pool."""

    def capabilities(self) -> StorageCapabilities:
        """What this driver can do."""
        ...

    def ensure_image(self, image: ImageSource) -> ImageObservation:
        """Fetch, verify and store the image unless its content is there.

        A stored uid with another digest is a `DigestMismatch`: content is immutable. A transfer that broke off (or was
        killed) goes on where it ended, when the source can tell that it still is the same.

        What came is not believed: an image that is not in its declared format, is damaged, refers to any other file or
        would be a disk larger than the operator allows is refused. A URL leads to public machines and to those that the
        operator allowed, whatever its name resolves or redirects to.

        Raises:
            Permanent: `DigestMismatch`, `FormatMismatch`, `BackingFileForbidden`, `ImageLarger`,
                `SourceForbidden` or `SourceMissing`.
            Retryable: `SourceUnreachable`, `PoolFull`, `InspectionFailed`.
        """
        ...

    def observe_image(self, uid: str) -> ImageObservation | None:
        """The stored image, or None."""
        ...

    def observe_images(self) -> Mapping[str, ImageObservation]:
        """Every stored image, by uid (for the sweep of orphans)."""
        ...

    def observe_transfer(self, uid: str) -> ImageTransfer | None:
        """How far the image has come while `ensure_image` is at work or was interrupted; otherwise None."""
        ...

    def ensure_image_absent(self, uid: str) -> None:
        """Hide the image; its bytes go when the last volume that was cloned from it has gone.

        A transfer that is under way is given up.
        """
        ...

    def ensure_volume(self, volume: VolumeSource) -> VolumeObservation:
        """Make the volume, or grow it; shrinking is refused.

        What it starts as matters only while the volume is made: it may be gone later.

        Raises:
            NotFound: `ImageMissing`, `SnapshotMissing`; `VolumeMissing` for the volume that it starts as.
            Permanent: `ShrinkForbidden`; `ImageLarger` when what it starts as does not fit; `SizeUnsupported`;
                `SourceAmbiguous`.
            Retryable: `PoolFull`; `VolumeBusy` when the volume is to grow while a guest has it open (unless the driver
                resizes online), or starts as a volume that a guest has open.
        """
        ...

    def observe_volume(self, tenant_uid: str, uid: str) -> VolumeObservation | None:
        """The volume, or None. Another tenant's uid is None too."""
        ...

    def observe_volumes(self) -> Mapping[str, VolumeObservation]:
        """Every volume in the pool, by uid (for the sweep of orphans)."""
        ...

    def ensure_volume_absent(self, tenant_uid: str, uid: str, *, keep_s: float = 0.0) -> None:
        """Remove the volume; clones of it live on.

        Args:
            tenant_uid: its tenant.
            uid: the volume.
            keep_s: with more than 0 it is moved aside with its snapshots and can be restored for this many seconds.

        Raises:
            Retryable: `VolumeBusy` while a guest has it open.
            Permanent: `SnapshotsExist`, unless it is kept.
        """
        ...

    def restore_volume(self, tenant_uid: str, uid: str) -> VolumeObservation:
        """Take the volume out of the trash, under the same uid; one that is not in the trash stays as it is.

        Raises:
            NotFound: `VolumeMissing`: it is neither in the trash nor in the pool.
        """
        ...

    def observe_trash(self) -> Mapping[str, TrashObservation]:
        """Every volume in the trash, by uid."""
        ...

    def purge_trash(self) -> int:
        """Destroy the volumes in the trash whose time is over; tells how many."""
        ...

    def ensure_independent(self, tenant_uid: str, uid: str) -> VolumeObservation:
        """Give the volume bytes of its own (flatten), so that it needs nothing of what it started as.

        Its snapshots stay as they are, and what they need stays for them.

        Raises:
            NotFound: `VolumeMissing`.
            Retryable: `VolumeBusy` while a guest has it open; `PoolFull`.
        """
        ...

    def disk_source(self, tenant_uid: str, uid: str) -> DiskSource:
        """How a hypervisor opens the volume.

        Raises:
            NotFound: `VolumeMissing`.
        """
        ...

    # --- snapshots ---

    def ensure_snapshots(self, snapshots: Sequence[SnapshotSource]) -> tuple[SnapshotObservation, ...]:
        """Keep the content of several volumes of one tenant as of one moment: of all of them or of none.

        A snapshot that exists stays as it is.

        Raises:
            NotFound: `VolumeMissing`.
            Permanent: `SourceAmbiguous`: volumes of several tenants, or one volume twice.
            Retryable: `VolumeBusy` while a guest has one open: then the compute driver does it by way of
                `ensure_snapshot_prepared`; `PoolFull`.
        """
        ...

    def ensure_snapshot_prepared(self, snapshot: SnapshotSource) -> SnapshotPlan:
        """The storage half of snapshotting a volume that a guest has open; the same plan when asked again.

        Nothing changes for the guest until the compute driver acts on the plan. A plan that nobody acted on is dropped
        once the volume is closed and something else is done to it; one that was acted on is finished then.

        Raises:
            NotFound: `VolumeMissing`.
            Permanent: `SnapshotExists`.
            Retryable: `VolumeBusy` while the plan of another snapshot is open; `PoolFull`.
        """
        ...

    def ensure_snapshot_finished(self, snapshot: SnapshotSource) -> SnapshotObservation:
        """Record that the guest writes to the plan's overlay: from now on the snapshot exists.

        Raises:
            NotFound: `SnapshotMissing`: nothing was prepared.
        """
        ...

    def observe_snapshots(self, tenant_uid: str, volume_uid: str) -> tuple[SnapshotObservation, ...]:
        """The volume's snapshots, oldest first; of a volume that is not there, none."""
        ...

    def ensure_snapshot_absent(self, tenant_uid: str, volume_uid: str, uid: str) -> None:
        """Remove the snapshot; what was cloned from it lives on.

        Its bytes may stay until the volume is closed.

        Raises:
            Retryable: `PoolFull`.
        """
        ...

    def roll_back(self, tenant_uid: str, volume_uid: str, snapshot_uid: str, *, act: str) -> VolumeObservation:
        """Give the volume the content and size of the snapshot; every snapshot stays, also later ones.

        Args:
            tenant_uid: the volume's tenant.
            volume_uid: the volume.
            snapshot_uid: one of its snapshots.
            act: names this rollback; the same act again does nothing, though the volume was written to since.

        Raises:
            NotFound: `VolumeMissing` or `SnapshotMissing`.
            Retryable: `VolumeBusy` while a guest has it open; `PoolFull`.
        """
        ...

    # --- moving content ---

    def observe_differences(
        self,
        tenant_uid: str,
        volume_uid: str,
        *,
        since: str | None,
        until: str | None,
        whole_objects: bool = False,
    ) -> tuple[Extent, ...]:
        """Where two states of a volume differ, ordered and disjoint.

        Args:
            tenant_uid: the volume's tenant.
            volume_uid: the volume.
            since: the earlier snapshot; None is the empty disk.
            until: the later snapshot; None is the volume as it is now.
            whole_objects: in units of 4 MiB: faster for a reader, and the last may reach beyond what differs.

        Raises:
            NotFound: `VolumeMissing` or `SnapshotMissing`.
            Retryable: `VolumeBusy` when it is to be read as it is now and a guest has it open.
        """
        ...

    def export_differences(
        self, tenant_uid: str, volume_uid: str, *, since: str | None, until: str
    ) -> AbstractContextManager[Iterator[bytes]]:
        """The content of those differences as a stream; see `difference_stream` for its format.

        Raises:
            DriverError: as `observe_differences`, on entering and from the iterator.
        """
        ...

    def import_differences(self, tenant_uid: str, volume_uid: str, stream: Iterable[bytes]) -> SnapshotObservation:
        """Bring the volume from the state of the stream's earlier snapshot to the later one, which it then has.

        All or nothing: a stream that breaks off or is damaged changes nothing. The same stream again changes nothing.

        Raises:
            NotFound: `VolumeMissing`; `SnapshotMissing`: the volume does not have the earlier snapshot.
            Permanent: `StreamDamaged`; `VolumeChanged`: it was written to since the earlier snapshot (roll it back
                first) or, for a stream from the empty disk, is not empty.
            Retryable: `VolumeBusy` while a guest has it open; `PoolFull`.
        """
        ...

    def export_volume(
        self, tenant_uid: str, volume_uid: str, *, snapshot_uid: str | None, image_format: str
    ) -> AbstractContextManager[Iterator[bytes]]:
        """The volume, or one of its snapshots, as an image file: "raw" or "qcow2", which refers to nothing else.

        Raises:
            NotFound: `VolumeMissing` or `SnapshotMissing`.
            Permanent: `FormatMismatch`: another format.
            Retryable: `VolumeBusy` when it is to be read as it is now and a guest has it open; `PoolFull`.
        """
        ...

    # --- locks ---

    def ensure_locked(self, tenant_uid: str, uid: str, owner: str) -> None:
        """Have the owner hold the volume's exclusive lock, which `observe_volume` shows. It is kept across restarts.

        The lock is the control plane's word on who may open the volume; who asks for it before opening is safe.

        Raises:
            NotFound: `VolumeMissing`.
            Retryable: `VolumeLocked`: another owner has it.
        """
        ...

    def ensure_unlocked(self, tenant_uid: str, uid: str, owner: str) -> None:
        """Have the owner no longer hold the lock; that of another owner stays."""
        ...

    def break_lock(self, tenant_uid: str, uid: str, owner: str) -> None:
        """Take the lock from an owner who is gone, and fence it: where it knew the volume to be, it is no more.

        A `disk_source` that was told before is void; when another owner, or none, has the lock, nothing happens.

        Raises:
            NotFound: `VolumeMissing`.
            Retryable: `VolumeBusy` while a hypervisor that this driver can see has the volume open.
        """
        ...
