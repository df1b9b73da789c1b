"""Looks at an image that a stranger made, before anything else opens it.

An image may name other files of this host (as backing or data file, extent or parent) or be something else
than it is said to be, and QEMU would follow. Headers are read here first, and QEMU never guesses a format.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

from pextra.drivers.account import Account
from pextra.drivers.file import vmdk
from pextra.drivers.file.qcow2 import read_header
from pextra.drivers.file.qemu import argument, described, node, qemu_img
from pextra.drivers.interface import Permanent, Retryable

FORMATS: Final = ("qcow2", "raw", "vmdk")
_CPU_S: Final = 60
_SECTOR: Final = 512
# What a file begins with that is a disk in some format other than raw.
_MAGICS: Final = {
    b"QFI\xfb": "qcow2",
    b"KDMV": "vmdk",
    b"COWD": "vmdk",
    b"# Disk DescriptorFile": "vmdk",
    b"vhdxfile": "vhdx",
    b"conectix": "vpc",
    b"QED\0": "qed",
    b"WithoutFreeSpace": "parallels",
    b"WithouFreSpacExt": "parallels",
}
_VDI_AT: Final = 0x40
_VDI: Final = b"\x7f\x10\xda\xbe"


def inspect_image(path: Path, declared_format: str, account: Account | None, *, max_virtual_bytes: int) -> int:
    """Refuse an image that lies; otherwise return its virtual size in bytes.

    Args:
        path: the image, whose bytes are the ones that were asked for.
        declared_format: one of `FORMATS`.
        account: whom qemu-img runs as; it may read the file.
        max_virtual_bytes: the largest disk that is taken, however small the file.

    Raises:
        Permanent: `FormatMismatch` (also for a damaged image), `BackingFileForbidden` or `ImageLarger`.
        Retryable: `InspectionFailed`: qemu-img did not finish within its limits.
    """
    with path.open("rb") as file:
        found = _magic(file)
        if found != declared_format:
            raise Permanent("FormatMismatch", f"the image is declared as {declared_format} and is {found}")
        size = _claimed_size(file, declared_format)
    if size > max_virtual_bytes:
        raise Permanent("ImageLarger", f"the image is a disk of {size} bytes: at most {max_virtual_bytes} are taken")
    told = _ask("info", argument(node(declared_format, path)), account)
    if declared_format != "raw":
        _refuse_damaged(path, declared_format, account)
    return int(told["virtual-size"])


def _magic(file: BinaryIO) -> str:
    start = file.read(_SECTOR)
    for magic, image_format in _MAGICS.items():
        if start.startswith(magic):
            return image_format
    if not start:
        return "empty"
    return "vdi" if start[_VDI_AT:].startswith(_VDI) else "raw"


def _claimed_size(file: BinaryIO, declared_format: str) -> int:
    if declared_format == "raw":
        return file.seek(0, 2)
    if declared_format == "vmdk":
        try:
            size = vmdk.virtual_size_bytes(file)
        except vmdk.OtherFiles as error:
            raise Permanent(
                "BackingFileForbidden", f"the image refers to another file ({error}): convert it with qemu-img convert"
            ) from error
        if size is None:
            raise Permanent("FormatMismatch", "the image is cut off within its header")
        return size
    header = read_header(file)
    if header is None:
        raise Permanent("FormatMismatch", "the image is cut off within its header")
    if header.backing_file is not None or header.has_data_file:
        raise Permanent("BackingFileForbidden", "the image refers to another file: flatten it with qemu-img convert")
    if header.encrypted:
        raise Permanent("FormatMismatch", "the image is encrypted, and nobody has its key: decrypt it first")
    return header.virtual_size_bytes


def _refuse_damaged(path: Path, image_format: str, account: Account | None) -> None:
    checked = _ask("check", argument(node(image_format, path)), account)
    if checked.get("corruptions") or checked.get("check-errors"):
        raise Permanent("FormatMismatch", "the image is damaged: see qemu-img check")
    if checked.get("image-end-offset", 0) > path.stat().st_size:
        raise Permanent("FormatMismatch", "the image is cut off: the file ends before its last cluster")


def _ask(verb: str, opened: str, account: Account | None) -> dict[str, int]:
    try:
        answer: dict[str, int] = described(
            qemu_img(verb, "--output=json", opened, account=account, cpu_s=_CPU_S, file_bytes=0)
        )
    except Retryable as error:
        if error.reason == "QemuImgFailed" and "still running" in error.message:
            raise Retryable("InspectionFailed", error.message) from error
        if error.reason == "QemuImgFailed":
            raise Permanent("FormatMismatch", f"the image cannot be read: {error.message}") from error
        raise
    return answer
