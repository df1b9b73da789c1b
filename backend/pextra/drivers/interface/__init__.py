"""The contract between loops and the world: compute, storage and network drivers.

Rules that every implementation keeps, and that `tests/contract` checks:

* `ensure_*` is idempotent and level-triggered: it compares the world with its argument and acts on the
  difference. It may be interrupted (kill -9) after any step; calling it again finishes the work.
* `observe_*` changes nothing.
* `ensure_*_absent` on something that is not there succeeds.
* Everything is named by uid; names in the arguments are for people only.
* A driver keeps no state of its own that it could not rebuild from the world.
* Failures are one of the four classes below, and nothing else.
"""

from __future__ import annotations

from pextra.drivers.interface.compute import (
    AgentReport,
    CellShare,
    ComputeCapabilities,
    ComputeDriver,
    CpuPolicy,
    CpuTopology,
    DiskMetrics,
    Firmware,
    FirmwareType,
    GuestDisk,
    GuestMetrics,
    GuestNic,
    GuestObservation,
    GuestSpec,
    HostCell,
    HostFeature,
    HostInventory,
    HugepagePool,
    NicMetrics,
    Power,
    Problem,
    Seed,
    StopCause,
)
from pextra.drivers.interface.devices import DeviceKind, GpuChannel, GuestDevice
from pextra.drivers.interface.errors import (
    DriverError,
    NotFound,
    Permanent,
    Retryable,
    Unknown,
)
from pextra.drivers.interface.network import (
    Forward,
    NetworkCapabilities,
    NetworkDriver,
    NetworkSource,
    PortBinding,
    PortSource,
    SecurityRule,
    SubnetSource,
)
from pextra.drivers.interface.storage import (
    UPLOADED,
    DiskSource,
    Extent,
    ImageObservation,
    ImageSource,
    ImageTransfer,
    SnapshotObservation,
    SnapshotPlan,
    SnapshotSource,
    StorageCapabilities,
    StorageDriver,
    TrashObservation,
    VolumeObservation,
    VolumeSource,
    uploaded_url,
)

__all__ = [
    "UPLOADED",
    "AgentReport",
    "CellShare",
    "ComputeCapabilities",
    "ComputeDriver",
    "CpuPolicy",
    "CpuTopology",
    "DeviceKind",
    "DiskMetrics",
    "DiskSource",
    "DriverError",
    "Extent",
    "Firmware",
    "FirmwareType",
    "Forward",
    "GpuChannel",
    "GuestDevice",
    "GuestDisk",
    "GuestMetrics",
    "GuestNic",
    "GuestObservation",
    "GuestSpec",
    "HostCell",
    "HostFeature",
    "HostInventory",
    "HugepagePool",
    "ImageObservation",
    "ImageSource",
    "ImageTransfer",
    "NetworkCapabilities",
    "NetworkDriver",
    "NetworkSource",
    "NicMetrics",
    "NotFound",
    "Permanent",
    "PortBinding",
    "PortSource",
    "Power",
    "Problem",
    "Retryable",
    "SecurityRule",
    "Seed",
    "SnapshotObservation",
    "SnapshotPlan",
    "SnapshotSource",
    "StopCause",
    "StorageCapabilities",
    "StorageDriver",
    "SubnetSource",
    "TrashObservation",
    "Unknown",
    "VolumeObservation",
    "VolumeSource",
    "uploaded_url",
]
