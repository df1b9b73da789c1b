"""A Debian guest such as tenants run: systemd, cloud-init, OpenSSH and qemu-guest-agent from Debian's packages.

Built once and kept in the product's cache: `python -m tests.labs.debian_guest` builds it and says where it is.
It is a disk with a boot loader, a first partition that holds the kernel, and a last one that cloud-init grows. Nothing
is mounted and no loop device is used; mmdebstrap, which makes the tree, runs as root.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import struct
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from pextra.images.tiny.failure import ImageBuildError, run_tool
from pextra.images.tiny.packages import unpack_packages

BUILD_TIMEOUT_S: Final = 1200
USER: Final = "debian"
"""Whom cloud-init lets in with the instance's keys."""

_SECTOR: Final = 512
_MIB: Final = 1 << 20
_BOOT_MIB: Final = 64
_ROOT_MIB: Final = 1500
_BOOT_START: Final = _MIB // _SECTOR
_ROOT_START: Final = _BOOT_START + _BOOT_MIB * _MIB // _SECTOR
_FAT16_LBA: Final = 0x0E
_LINUX: Final = 0x83
_PACKAGES: Final = (
    "systemd-sysv", "dbus", "udev", "linux-image-cloud-amd64", "initramfs-tools", "busybox", "kmod",
    "cloud-init", "cloud-guest-utils", "fdisk", "e2fsprogs", "qemu-guest-agent", "openssh-server", "sudo",
    "iproute2", "ifupdown", "isc-dhcp-client", "netbase", "ca-certificates",
)  # fmt: skip
# Timer calibration and mitigations cost an emulated machine most of its boot.
_BOOT_CONFIG: Final = """\
PROMPT 0
TIMEOUT 0
DEFAULT debian
LABEL debian
  KERNEL vmlinuz
  INITRD initrd
  APPEND root=LABEL=root ro console=ttyS0 net.ifnames=0 mitigations=off random.trust_cpu=on no_timer_check \
tsc=reliable cryptomgr.notests
"""
_FILES: Final = {
    "etc/fstab": "LABEL=root / ext4 defaults,noatime 0 1\n",
    # One key is enough, and an RSA key takes an emulated machine a minute.
    "etc/cloud/cloud.cfg.d/90_guest.cfg": (
        "datasource_list: [ NoCloud, None ]\nssh_genkeytypes: [ ed25519 ]\n"
        "locale: false\n"  # which takes the package `locales`
    ),
}
_EARLY_FILES: Final = {
    "etc/initramfs-tools/conf.d/modules": "MODULES=list\n",
    "usr/share/initramfs-tools/modules.d/guest": "virtio_pci\nvirtio_blk\next4\n",
}
_MASKED: Final = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "dpkg-db-backup.timer",
)


@cache
def reason_unavailable() -> str | None:
    """What keeps the image from being there, or None; it is built at the first call, which takes minutes."""
    if os.geteuid() != 0:
        return "the Debian guest is built by root alone"
    try:
        debian_image()
    except ImageBuildError as error:
        return str(error)
    return None


def debian_image() -> Path:
    """The qcow2 disk, from the cache or built.

    Raises:
        ImageBuildError: a tool or the network is missing.
    """
    folder = user_cache_path("pextra") / "guests"
    folder.mkdir(parents=True, exist_ok=True)
    image = folder / f"debian-{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]}.qcow2"
    with (folder / "debian.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not image.exists():
            with tempfile.TemporaryDirectory(prefix=".debian-", dir=folder) as work:
                _build(Path(work)).replace(image)
    return image


def _build(work: Path) -> Path:
    packages = work / "packages"
    packages.mkdir()
    tools = unpack_packages(packages)
    root = _make_root(work)
    disk = work / "disk.raw"
    with disk.open("wb") as file:
        file.write(_boot_record(tools))
        file.truncate((_ROOT_START * _SECTOR) + _ROOT_MIB * _MIB)
    _make_boot_partition(disk, root, tools, work)
    run_tool(
        ["mke2fs", "-q", "-t", "ext4", "-L", "root", "-d", str(root),
         "-E", f"lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0,offset={_ROOT_START * _SECTOR}",
         str(disk), f"{_ROOT_MIB}M"],
        package="e2fsprogs",
    )  # fmt: skip
    shutil.rmtree(root)
    made = work / "disk.qcow2"
    run_tool(["qemu-img", "convert", "-O", "qcow2", str(disk), str(made)], package="qemu-utils")
    return made


def _make_root(work: Path) -> Path:
    """The tree of an installed Debian."""
    root, early = work / "root", work / "early"
    for name, text in _EARLY_FILES.items():
        path = early / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    # In mounts of its own: what it mounts within the tree is gone when it ends, however it ends.
    run_tool(
        ["unshare", "--mount", "mmdebstrap", "--quiet", "--mode=root", "--variant=minbase",
         f"--include={','.join(_PACKAGES)}",
         '--aptopt=APT::Sandbox::User "root"', f"--setup-hook=copy-in {early}/etc {early}/usr /",
         "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
         _suite(), str(root), *_sources()],
        package="mmdebstrap",
        timeout_s=BUILD_TIMEOUT_S,
    )  # fmt: skip
    for name, text in _FILES.items():
        (root / name).write_text(text)
    for unit in _MASKED:
        link = root / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    (root / "etc/machine-id").write_text("")  # each guest makes its own
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    return root


def _suite() -> str:
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        lines = []
    facts = dict(line.replace('"', "").split("=", 1) for line in lines if "=" in line)
    if facts.get("ID") != "debian":
        raise ImageBuildError("the Debian guest is built on Debian only")
    return facts.get("VERSION_CODENAME", "stable")


def _sources() -> list[str]:
    """Where this machine has its packages from; mmdebstrap knows Debian's own servers without it."""
    ours = Path("/etc/apt/sources.list.d/debian.sources")
    return [str(ours)] if ours.exists() else []


def _make_boot_partition(disk: Path, root: Path, tools: Path, work: Path) -> None:
    pieces = {
        "vmlinuz": _only(root, "boot/vmlinuz-*").read_bytes(),
        "initrd": _only(root, "boot/initrd.img-*").read_bytes(),
        "syslinux.cfg": _BOOT_CONFIG.encode(),
    }
    for name, content in pieces.items():
        (work / name).write_bytes(content)
    env = {
        "PATH": f"{tools}/usr/bin:{os.environ.get('PATH', os.defpath)}",
        "MTOOLS_SKIP_CHECK": "1",
        "LC_ALL": "C",
    }
    partition = f"{disk}@@{_BOOT_START * _SECTOR}"
    sectors = str(_BOOT_MIB * _MIB // _SECTOR)
    geometry = ["-T", sectors, "-H", str(_BOOT_START), "-h", "16", "-s", "63", "-c", "4"]
    run_tool(["mformat", "-i", partition, *geometry, "::"], package="mtools", env=env)
    run_tool(["mcopy", "-i", partition, *(str(work / name) for name in pieces), "::"], package="mtools", env=env)
    offset = str(_BOOT_START * _SECTOR)
    run_tool(["syslinux", "--install", "--offset", offset, str(disk)], package="syslinux", env=env)


def _boot_record(tools: Path) -> bytes:
    """The first sector: the boot loader's first stage and the two partitions."""
    entries = b"".join(
        # CHS fields at their maximum: every reader of the last decades uses the LBA fields then.
        struct.pack("<B3sB3sII", active, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", start, mib * _MIB // _SECTOR)
        for active, kind, start, mib in (
            (0x80, _FAT16_LBA, _BOOT_START, _BOOT_MIB),
            (0, _LINUX, _ROOT_START, _ROOT_MIB),
        )
    )
    code = (tools / "usr/lib/syslinux/mbr/mbr.bin").read_bytes()
    return code.ljust(446, b"\0") + entries + b"\0" * 32 + b"\x55\xaa"


def _only(root: Path, pattern: str) -> Path:
    found = sorted(root.glob(pattern))
    if not found:
        raise ImageBuildError(f"the packages made no {pattern}")
    return found[-1]


if __name__ == "__main__":
    print(debian_image())
