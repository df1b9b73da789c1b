"""Conditions: what a loop says about an object, with a reason from a closed list."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

REASONS: Final = frozenset(
    {
        # every kind
        "Ready", "Pending", "Converging", "Deleting", "DriverFailed", "Unknown", "Internal",
        # waiting for something else
        "ReferenceNotReady", "HostNotReady", "NoDriver", "NoAgent", "AgentSilent",
        "InUse", "WaitsForFirstUse", "HasContent", "WaitsForContent", "Uploading",
        # placement and addresses
        "NoCapacity", "AddressExhausted", "VolumesOnDifferentHosts", "Placed",
        # guests
        "Running", "Stopped", "PoweredOffByGuest", "Crashed", "Stopping", "RestartRequired",
        # operations
        "Succeeded", "Failed", "Canceled",
        # floating IPs
        "PortTaken", "ForwardUnsupported",
        # what drivers report
        "DigestMismatch", "FormatMismatch", "BackingFileForbidden", "SourceForbidden", "SourceMissing",
        "SourceUnreachable", "PoolFull", "ImageMissing", "ImageLarger", "ShrinkForbidden", "VolumeBusy",
        "VolumeMissing", "NetworkBusy", "NetworkMissing", "ConsoleUnsupported", "HostDown",
        # guests, since they are changed while they run
        "Paused", "DetachPending", "DiskFailed", "FirmwareMissing", "TpmMissing", "HugepagesMissing", "TopologyInvalid",
        "GuestNotRunning", "AgentUnreachable", "NoDedicatedThreads",
        "SnapshotMissing", "SnapshotExists", "SnapshotsExist", "VolumeLocked", "VolumeChanged", "SizeUnsupported",
        "SourceAmbiguous", "StreamDamaged",
        # conditions of guests beside `ready`
        "KernelPanicked", "StartedAgain", "NoPanic", "DisksWork",
        # devices of hosts that guests have
        "DeviceLost", "DeviceInUse", "DeviceBusy", "DeviceTaken", "DeviceInvalid", "DeviceRefused", "DeviceUnfit",
        "DevicesForbidden", "GroupDivided", "IommuMissing", "VfioMissing", "LockingForbidden", "VfsInUse",
        "VfsUnsupported", "MdevExhausted", "MdevTaken", "MdevUnsupported", "VgpuTaken", "VgpuUnsupported",
        "VgpuExhausted",
        # networks that span hosts
        "FabricUnready", "FabricUnreachable", "FabricChanged", "PartInvalid", "Unplugged",
        "SwitchUnready", "SwitchUnreachable", "AddressTaken", "NetworksOverlap", "NextHopUnreachable",
        "NoOutlet", "NoRouter", "MemberUnreachable",
        # sessions with routers outside
        "NoSpeaker", "SessionDown", "BgpMissing", "BgpRefused", "BgpUnreachable", "PeerTaken", "AsTaken",
    }
)  # fmt: skip
"""Every reason that a condition may carry; append-only. A driver's reason that is not listed reads as
`DriverFailed`, with the reason in its message."""


class Condition(BaseModel):
    """One thing that is true, false or not known of an object."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    type: str
    """What is spoken of."""
    status: Literal["true", "false", "unknown"]
    """Whether it is so."""
    reason: str
    """Why, as one of a closed list of words for programs."""
    message: str = ""
    """Why, in words for people."""
    since: str = ""
    """When `status` last changed, RFC 3339; filled in by the store."""


def condition(type_: str, status: bool | None, reason: str, message: str = "") -> dict[str, Any]:
    """A condition as it is stored.

    Raises:
        ValueError: the reason is not in `REASONS`.
    """
    if reason not in REASONS:
        raise ValueError(f"condition reason {reason!r} is not in the closed list")
    text = "unknown" if status is None else str(status).lower()
    return {"type": type_, "status": text, "reason": reason, "message": message}


def ready(status: bool | None, reason: str, message: str = "") -> dict[str, Any]:
    """The condition that every object has."""
    return condition("ready", status, reason, message)


def merge_conditions(before: list[dict[str, Any]], after: list[dict[str, Any]], now: str) -> list[dict[str, Any]]:
    """`after`, each with the time since which its status holds, and those of `before` of which it does not speak."""
    since = {(c["type"], c["status"]): c.get("since") for c in before}
    spoken = {c["type"] for c in after}
    kept = [c for c in before if c["type"] not in spoken]
    return [*({**c, "since": since.get((c["type"], c["status"])) or now} for c in after), *kept]


def find(conditions: list[dict[str, Any]], type_: str) -> dict[str, Any] | None:
    """The condition of that type."""
    return next((c for c in conditions if c["type"] == type_), None)
