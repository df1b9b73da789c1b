"""Images and volumes of one pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ImageSource:
    """Where an image's bytes come from and what they must be."""

    uid: str
    url: str  # "file:///…", "https://…" or "http://…"; the sim driver takes "sim://…"
    format: str  # "qcow2" | "raw" | "vmdk" (monolithicSparse or streamOptimized); stored as qcow2 or raw
    sha256: str  # 64 hex digits


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
    """A volume as it should be."""

    uid: str
    tenant_uid: str
    size_bytes: int
    image_uid: str | None = None  # starts as a copy-on-write clone of this image


@dataclass(frozen=True, slots=True)
class VolumeObservation:
    """A volume as it is."""

    uid: str
    tenant_uid: str
    size_bytes: int  # what the guest sees
    used_bytes: int  # what is allocated, rounded up as the backend does


@dataclass(frozen=True, slots=True)
class DiskSource:
    """How a hypervisor reaches a volume; made by a storage driver, read by a compute driver."""

    type: str  # "file" | "sim" | "rbd"
    location: str  # absolute path, or the driver's own address
    format: str  # "qcow2" | "raw"


@dataclass(frozen=True, slots=True)
class StorageCapabilities:
    """What a storage driver can do beyond the contract's minimum."""

    shared: bool = False  # reachable from every host; otherwise a volume lives on one
    snapshots: bool = False


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

        The image matters only while the volume is made: it may be gone later.

        Raises:
            NotFound: `ImageMissing`.
            Permanent: `ShrinkForbidden`; `ImageLarger` when the image does not fit.
            Retryable: `PoolFull`.
        """
        ...

    def observe_volume(self, tenant_uid: str, uid: str) -> VolumeObservation | None:
        """The volume, or None. Another tenant's uid is None too."""
        ...

    def observe_volumes(self) -> Mapping[str, VolumeObservation]:
        """Every volume in the pool, by uid (for the sweep of orphans)."""
        ...

    def ensure_volume_absent(self, tenant_uid: str, uid: str) -> None:
        """Remove the volume.

        Raises:
            Retryable: `VolumeBusy` while a guest has it open.
        """
        ...

    def disk_source(self, tenant_uid: str, uid: str) -> DiskSource:
        """How a hypervisor opens the volume.

        Raises:
            NotFound: `VolumeMissing`.
        """
        ...
