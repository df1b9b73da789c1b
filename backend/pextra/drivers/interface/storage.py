"""Images and volumes of one pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ImageSource:
    """Where an image's bytes come from and what they must be."""

    uid: str
    url: str  # "file:///…" or "https://…"; the sim driver takes "sim://…"
    format: str  # "qcow2" | "raw"
    sha256: str  # 64 hex digits


@dataclass(frozen=True, slots=True)
class ImageObservation:
    """An image as it is stored; content is immutable, named by its digest."""

    uid: str
    sha256: str
    virtual_size_bytes: int
    stored_bytes: int


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

        A stored uid with another digest is a `DigestMismatch`: content is immutable.

        Raises:
            Permanent: `DigestMismatch`, `FormatMismatch`, `BackingFileForbidden`, `SourceForbidden`,
                or `SourceMissing`.
            Retryable: `SourceUnreachable`, `PoolFull`.
        """
        ...

    def observe_image(self, uid: str) -> ImageObservation | None:
        """The stored image, or None."""
        ...

    def ensure_image_absent(self, uid: str) -> None:
        """Hide the image; its bytes go when the last volume that was cloned from it has gone."""
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
