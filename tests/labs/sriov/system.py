"""What runs in the laboratory's machine: a kernel, and this machine's own QEMU, libvirtd and Python on a disk.

Only the files that these need are packed, so that the disk is built in seconds and without root.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from pextra.images.tiny.failure import ImageBuildError, run_tool
from pextra.images.tiny.packages import unpack_packages

_MODULES: Final = ("irqbypass", "vfio_virqfd", "vfio", "vfio_iommu_type1", "vfio-pci-core", "vfio-pci")
_PROGRAMS: Final = ("qemu-system-x86_64", "qemu-img", "libvirtd", "genisoimage", "setpriv", "prlimit")
_PLACES: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Beside what the programs are linked with: what they load by name, and firmware.
_TREES: Final = (
    "/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so",
    "/usr/lib/x86_64-linux-gnu/libvirt/lock-driver",
    "/usr/lib/x86_64-linux-gnu/libvirt/storage-file",
    "/usr/lib/x86_64-linux-gnu/qemu/accel-tcg-x86_64.so",
    "/usr/lib/x86_64-linux-gnu/gconv",
    "/usr/share/libvirt/cpu_map",
    "/usr/share/libvirt/schemas",
    "/usr/share/qemu",
    "/usr/share/seabios",
    "/usr/lib/ipxe/qemu",
)
AGENT_PACKAGES: Final = (
    "annotated_types", "cryptography", "_cffi_backend", "pydantic", "pydantic_core", "typing_extensions",
    "typing_inspection", "urllib3", "websockets",
)  # fmt: skip
"""What a host's agent imports beside the standard library and libvirt's binding."""
_LINKED: Final = re.compile(r"(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)
_ACCOUNT_ID: Final = 64055
_ACCOUNTS: Final = {
    "etc/passwd": f"root:x:0:0:root:/root:/bin/sh\nlibvirt-qemu:x:{_ACCOUNT_ID}:{_ACCOUNT_ID}::/:/usr/sbin/nologin\n",
    "etc/group": f"root:x:0:\nlibvirt-qemu:x:{_ACCOUNT_ID}:\n",
    "etc/machine-id": "5ec0de5ec0de5ec0de5ec0de5ec0de00\n",
}
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class System:
    """Files that a machine is started with.

    Attributes:
        kernel: bzImage.
        busybox: a static one.
        modules: vfio's, in the order in which they are loaded.
        disk: an ext4 file system labelled `lab`.
    """

    kernel: Path
    busybox: Path
    modules: tuple[Path, ...]
    disk: Path


def build_system() -> System:
    """The system, from the cache or built.

    Raises:
        ImageBuildError: a tool, a package or the network is missing.
    """
    folder = user_cache_path("pextra") / "guests"
    folder.mkdir(parents=True, exist_ok=True)
    built = folder / f"sriov-{_digest()}"
    with (folder / "sriov.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            with tempfile.TemporaryDirectory(prefix=".sriov-", dir=folder) as work:
                _build(Path(work)).rename(built)
    modules = tuple(built / "modules" / f"{name}.ko" for name in _MODULES)
    return System(built / "vmlinuz", built / "busybox", tuple(m for m in modules if m.exists()), built / "lab.ext4")


def _digest() -> str:
    """Changes with the recipe and with every program that is packed."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in (*_PROGRAMS, sys.executable):
        path = Path(_program(name)).resolve()
        digest.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _program(name: str) -> str:
    found = shutil.which(name, path=_PLACES) if "/" not in name else name
    if found is None:
        raise ImageBuildError(f"{name} is not installed: scripts/setup-system.sh run")
    return found


def _build(work: Path) -> Path:
    packages, made, root = work / "packages", work / "made", work / "root"
    for folder in (packages, made, made / "modules", root):
        folder.mkdir()
    tree = unpack_packages(packages)
    shutil.copy(_only(tree, "boot/vmlinuz-*"), made / "vmlinuz")
    shutil.copy(_only(tree, "*/busybox", "usr/bin/busybox"), made / "busybox")
    for name in _MODULES:
        for module in tree.glob(f"**/lib/modules/*/kernel/**/{name}.ko"):
            shutil.copy(module, made / "modules" / module.name)
    _pack(root)
    size_mib = sum(f.lstat().st_size for f in root.rglob("*") if not f.is_symlink()) * 5 // 4 // _MIB + 256
    run_tool(
        ["mke2fs", "-q", "-t", "ext4", "-L", "lab", "-d", str(root), "-E", "root_owner=0:0",
         str(made / "lab.ext4"), f"{size_mib}M"],
        package="e2fsprogs",
    )  # fmt: skip
    return made


def _only(tree: Path, *patterns: str) -> Path:
    found = sorted(path for pattern in patterns for path in tree.glob(pattern) if path.is_file())
    if not found:
        raise ImageBuildError(f"the packages hold no {' or '.join(patterns)}")
    return found[-1]


def _pack(root: Path) -> None:
    """Copy what is needed to where it lies on this machine, and links on the way as links."""
    for name, target in (("bin", "usr/bin"), ("sbin", "usr/sbin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")):
        (root / target).mkdir(parents=True)
        (root / name).symlink_to(target)
    for name in ("proc", "sys", "dev", "run", "tmp", "etc", "var/lib", "pextra"):
        (root / name).mkdir(parents=True)
    for name, text in _ACCOUNTS.items():
        (root / name).write_text(text)
    programs = [_program(name) for name in _PROGRAMS]
    python = os.path.realpath(sys.executable)
    pieces = [*programs, python, *_TREES, *_python_files()]
    for piece in (*pieces, *_linked([*pieces, *map(str, [*binding_files(), *map(module_path, AGENT_PACKAGES)])])):
        _copy(Path(piece), root)
    (root / "usr/bin/python3").unlink(missing_ok=True)
    (root / "usr/bin/python3").symlink_to(python)


def _python_files() -> Iterator[str]:
    """The standard library without what is of no use here."""
    library = Path(os.__file__).parent
    for path in library.iterdir():
        if path.name not in {"site-packages", "test", "idlelib", "tkinter", "ensurepip", "lib2to3", "turtledemo"} and (
            not path.name.startswith("config-")
        ):
            yield str(path)


def binding_files() -> list[Path]:
    """The modules of libvirt's binding for Python.

    Raises:
        ImageBuildError: it is not installed.
    """
    found = [find_spec(name) for name in ("libvirt", "libvirtmod", "libvirtaio")]
    files = [Path(spec.origin) for spec in found if spec is not None and spec.origin is not None]
    if not files:
        raise ImageBuildError("libvirt-python is not installed: scripts/install-libvirt-python.sh")
    return files


def module_path(name: str) -> Path:
    """The directory of a package of Python's, or the file of a module.

    Raises:
        ImageBuildError: it is not installed.
    """
    found = find_spec(name)
    if found is None or found.origin is None:
        raise ImageBuildError(f"{name} is not installed: make sets up what the tests need")
    origin = Path(found.origin)
    return origin.parent if origin.name == "__init__.py" else origin


def _linked(pieces: Iterable[str]) -> set[str]:
    """The libraries that programs and modules are linked with."""
    found: set[str] = set()
    for piece in pieces:
        path = Path(piece)
        files = [path] if path.is_file() else [*path.rglob("*.so"), *path.rglob("*.so.*")]
        for file in files:
            if file.read_bytes()[:4] == b"\x7fELF":
                listed = subprocess.run(["ldd", str(file)], capture_output=True, text=True, check=False, timeout=60)
                found |= set(_LINKED.findall(listed.stdout))
    return found


def _copy(source: Path, root: Path) -> None:
    """A file, a tree, or nothing where this machine has none; a link comes with what it leads to."""
    if source.is_symlink():
        _copy(source.resolve(), root)
    target = root / str(source.parent.resolve() / source.name).lstrip("/")
    if target.exists() or target.is_symlink() or not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(source.resolve())
    elif source.is_dir():
        target.mkdir()
        for inner in source.iterdir():
            if inner.name != "__pycache__":
                _copy(inner, root)
    else:
        shutil.copy(source, target)
