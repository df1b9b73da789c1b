"""The running system: kernel, distribution, identity, and what protects guests from each other."""

from __future__ import annotations

import hashlib
import hmac
import re
import shlex
import uuid
from dataclasses import dataclass
from typing import Final

from pextra.agent.inventory.tree import Tree

# Names this product to `machine_id`; another value would make every host another one.
APPLICATION_ID: Final = uuid.UUID("6f0c5d1e-9a53-4d0b-8b6a-2f4f8c1b7e90")
_MACHINE_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_OS_RELEASE_BYTES: Final = 16_384
_VIRTUAL_VENDORS: Final = frozenset({"QEMU", "KVM", "VMware, Inc.", "Xen", "innotek GmbH", "Bochs"})


@dataclass(frozen=True, slots=True)
class Distribution:
    """The operating system's distribution, as os-release names it.

    Attributes:
        id: such as debian.
        version: such as 12; None for one that has no versions.
        name: for people.
    """

    id: str
    version: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class System:
    """The running system.

    Attributes:
        kernel: its release.
        boot_id: another one after each boot.
        machine_id: stays while the system is installed; made from the machine's own id, which it does not tell.
        distribution: None where it is not told.
        virtualised: whether this is itself a virtual machine; None where nothing tells.
        iommu: whether devices can be kept apart, and so be given to guests; None where the kernel cannot tell.
        apparmor: whether AppArmor is enabled; None where the kernel cannot tell.
    """

    kernel: str | None
    boot_id: str | None
    machine_id: str | None
    distribution: Distribution | None
    virtualised: bool | None
    iommu: bool | None
    apparmor: bool | None


def read_system(tree: Tree, cpu_flags: tuple[str, ...]) -> System:
    """What the kernel tells of itself.

    Args:
        tree: where to read.
        cpu_flags: of the first processor; one of them tells of a hypervisor.
    """
    return System(
        kernel=tree.text("proc/sys/kernel/osrelease"),
        boot_id=tree.text("proc/sys/kernel/random/boot_id"),
        machine_id=_machine_id(tree),
        distribution=_distribution(tree),
        virtualised=_virtualised(tree, cpu_flags),
        iommu=_iommu(tree),
        apparmor=_apparmor(tree),
    )


def _machine_id(tree: Tree) -> str | None:
    """An id that is this machine's for this product only.

    Source: machine-id(5), which asks that the id itself be told to nobody; sd_id128_get_machine_app_specific(3) for
    how: HMAC-SHA256 of the application's id with the machine's as key, its first half as a version 4 UUID.
    """
    text = tree.text("etc/machine-id")
    if text is None or text == "uninitialized":
        return None
    if _MACHINE_ID.fullmatch(text) is None or int(text, 16) == 0:
        tree.problem("etc/machine-id", "32 lower-case hex digits were expected, not all of them 0")
        return None
    digest = hmac.digest(bytes.fromhex(text), APPLICATION_ID.bytes, hashlib.sha256)
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _distribution(tree: Tree) -> Distribution | None:
    for path in ("etc/os-release", "usr/lib/os-release"):
        values: dict[str, str] = {}
        for line in tree.lines(path, _OS_RELEASE_BYTES):
            name, equals, value = line.strip().partition("=")
            if not equals or name.startswith("#"):
                continue
            try:
                values[name] = "".join(filter(str.isprintable, " ".join(shlex.split(value))))[:128]
            except ValueError:
                tree.problem(path, f"the quotes of {name[:40]} do not close")
        if values:
            # os-release(5): a system that does not name itself is this one.
            return Distribution(
                values.get("ID") or "linux", values.get("VERSION_ID") or None, values.get("PRETTY_NAME") or None
            )
    return None


def _virtualised(tree: Tree, cpu_flags: tuple[str, ...]) -> bool | None:
    if "hypervisor" in cpu_flags or tree.names("proc/device-tree/hypervisor"):
        return True
    vendor = tree.text("sys/class/dmi/id/sys_vendor")
    if vendor in _VIRTUAL_VENDORS:
        return True
    return False if cpu_flags or vendor else None


def _iommu(tree: Tree) -> bool | None:
    if not tree.names("sys/kernel"):
        return None
    # Groups alone do not keep anything apart: VFIO makes some up in its mode without an IOMMU.
    return bool(tree.names("sys/class/iommu")) and bool(tree.names("sys/kernel/iommu_groups"))


def _apparmor(tree: Tree) -> bool | None:
    if not tree.names("sys/module"):
        return None
    return tree.flag("sys/module/apparmor/parameters/enabled") or False
