"""The guest's root file system: busybox, our init, and the kernel modules that a virtio guest needs."""

from __future__ import annotations

import gzip
import lzma
import re
import stat
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

from pextra.images.tiny.failure import ImageBuildError, run_tool

# Those that this kernel has built in are not among its modules and are passed over.
_WANTED: Final = (
    "virtio_pci", "virtio_blk", "virtio_net", "virtio_rng", "virtio_console", "isofs", "evdev", "button",
    "pvpanic_mmio",
)  # fmt: skip
_DEPENDS: Final = re.compile(rb"\0depends=([^\0]*)\0")
_GUEST_FILES: Final = (("init", 0o755), ("dhcp", 0o755), ("agent", 0o755), ("cloud-config.awk", 0o644))


def build_initramfs(tree: Path) -> bytes:
    """The gzipped cpio archive that the boot loader hands to the kernel.

    The result depends on the packages alone: it holds no time and no name of this machine.

    Args:
        tree: the unpacked packages.

    Raises:
        ImageBuildError: busybox is not in the packages.
    """
    busybox = _first(tree, "bin/busybox", "usr/bin/busybox")
    guest = files("pextra.images.tiny") / "guest"
    archive = _Cpio()
    for name in ("bin", "modules", "etc"):
        archive.add(name, stat.S_IFDIR | 0o755)
    archive.add("bin/busybox", stat.S_IFREG | 0o755, busybox.read_bytes())
    for name, mode in _GUEST_FILES:
        archive.add(name, stat.S_IFREG | mode, (guest / name).read_bytes())
    order: list[str] = []
    for name, content in _modules_in_load_order(tree):
        archive.add(f"modules/{name}.ko", stat.S_IFREG | 0o644, content)
        order.append(f"{name}.ko\n")
    archive.add("modules/order", stat.S_IFREG | 0o644, "".join(order).encode())
    return gzip.compress(archive.finish(), 6, mtime=0)


def _first(tree: Path, *candidates: str) -> Path:
    for candidate in candidates:
        if (tree / candidate).is_file():
            return tree / candidate
    raise ImageBuildError(f"the packages hold none of {', '.join(candidates)}")


def _modules_in_load_order(tree: Path) -> Iterator[tuple[str, bytes]]:
    """Each wanted module after those that it depends on (the ELF section .modinfo names them)."""
    found = {
        path.name.split(".ko")[0].replace("-", "_"): path
        for path in sorted(tree.glob("**/lib/modules/*/kernel/**/*.ko*"))
    }
    loaded: set[str] = set()

    def load(name: str) -> Iterator[tuple[str, bytes]]:
        if name in loaded or name not in found:
            return
        loaded.add(name)
        content = _uncompressed(found[name])
        depends = _DEPENDS.search(content)
        for needed in (depends.group(1).decode() if depends else "").split(","):
            yield from load(needed.replace("-", "_"))
        yield name, content

    for name in _WANTED:
        yield from load(name)


def _uncompressed(module: Path) -> bytes:
    if module.suffix == ".xz":
        return lzma.decompress(module.read_bytes())
    if module.suffix == ".zst":
        plain = module.with_suffix("")
        run_tool(["zstd", "-q", "-d", "-f", str(module), "-o", str(plain)], package="zstd")
        return plain.read_bytes()
    return module.read_bytes()


class _Cpio:
    """An archive in the "newc" format, every entry owned by root and dated 1970.

    Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._inode = 0

    def add(self, name: str, mode: int, content: bytes = b"") -> None:
        """Append a file or directory; `mode` includes the file type."""
        self._inode += 1
        encoded = name.encode() + b"\0"
        fields = (
            self._inode, mode, 0, 0, 2 if stat.S_ISDIR(mode) else 1, 0, len(content), 0, 0, 0, 0,
            len(encoded), 0,
        )  # fmt: skip
        header = b"070701" + "".join(f"{value:08X}" for value in fields).encode() + encoded
        self._parts += [header, _padding(len(header)), content, _padding(len(content))]

    def finish(self) -> bytes:
        """The archive, closed by its trailer."""
        self.add("TRAILER!!!", 0)
        return b"".join(self._parts)


def _padding(length: int) -> bytes:
    return b"\0" * (-length % 4)
