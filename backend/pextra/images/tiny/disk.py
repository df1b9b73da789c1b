"""A bootable disk image, made in files alone: no loop device, no mount, no root."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Final

from pextra.images.tiny.failure import ImageBuildError, run_tool

_SECTOR: Final = 512
_MIB: Final = 1 << 20
_PARTITION_START: Final = _MIB // _SECTOR
_FAT16_LBA: Final = 0x0E
# The kernel prints on the display too; the last console is user space's. Timer calibration and mitigations cost an
# emulated machine most of its boot.
_COMMAND_LINE: Final = (
    "console=tty0 console=ttyS0 quiet panic=10 net.ifnames=0 mitigations=off random.trust_cpu=on no_timer_check "
    "tsc=reliable i8042.noaux cryptomgr.notests"
)
_BOOT_CONFIG: Final = f"""\
PROMPT 0
TIMEOUT 0
DEFAULT tiny
LABEL tiny
  KERNEL vmlinuz
  INITRD initrd
  APPEND {_COMMAND_LINE}
"""


def build_disk(tree: Path, initramfs: bytes, work_dir: Path) -> Path:
    """Make a qcow2 disk with one FAT16 partition from which SYSLINUX boots the kernel.

    Args:
        tree: the unpacked packages.
        initramfs: what the kernel starts from.
        work_dir: an existing directory for the pieces.

    Returns:
        The disk, in `work_dir`.

    Raises:
        ImageBuildError: the packages lack a part, or a tool failed.
    """
    kernels = sorted(tree.glob("boot/vmlinuz-*"))
    if not kernels:
        raise ImageBuildError("the kernel packages hold no boot/vmlinuz-*")
    pieces = {"vmlinuz": kernels[-1].read_bytes(), "initrd": initramfs, "syslinux.cfg": _BOOT_CONFIG.encode()}
    for name, content in pieces.items():
        (work_dir / name).write_bytes(content)
    content_mib = -(-sum(len(content) for content in pieces.values()) // _MIB)
    partition_sectors = (content_mib + 4) * _MIB // _SECTOR

    raw = work_dir / "disk.raw"
    with raw.open("wb") as disk:
        disk.write(_boot_record(tree, partition_sectors))
        disk.truncate((_PARTITION_START + partition_sectors) * _SECTOR)
    env = {
        "PATH": f"{tree}/usr/bin:{os.environ.get('PATH', os.defpath)}",
        "MTOOLS_SKIP_CHECK": "1",
        "SOURCE_DATE_EPOCH": "0",
        "LC_ALL": "C",
    }
    partition = f"{raw}@@{_PARTITION_START * _SECTOR}"
    geometry = ["-T", str(partition_sectors), "-H", str(_PARTITION_START), "-h", "16", "-s", "63", "-c", "4"]
    run_tool(["mformat", "-i", partition, *geometry, "-N", "50455854", "::"], package="mtools", env=env)
    sources = [str(work_dir / name) for name in pieces]
    run_tool(["mcopy", "-i", partition, *sources, "::"], package="mtools", env=env)
    offset = str(_PARTITION_START * _SECTOR)
    run_tool(["syslinux", "--install", "--offset", offset, str(raw)], package="syslinux", env=env)
    disk = work_dir / "disk.qcow2"
    run_tool(["qemu-img", "convert", "-O", "qcow2", str(raw), str(disk)], package="qemu-utils")
    return disk


def _boot_record(tree: Path, partition_sectors: int) -> bytes:
    """The first sector: SYSLINUX's master boot record and one active partition."""
    code = (tree / "usr/lib/syslinux/mbr/mbr.bin").read_bytes()
    # CHS fields at their maximum: every reader of the last decades uses the LBA fields then.
    entry = struct.pack(
        "<B3sB3sII", 0x80, b"\xfe\xff\xff", _FAT16_LBA, b"\xfe\xff\xff", _PARTITION_START, partition_sectors
    )
    return code.ljust(446, b"\0") + entry + b"\0" * 48 + b"\x55\xaa"
