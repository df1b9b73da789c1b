"""The laboratory's machine, from power-on to power-off."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Generator, Mapping, Sequence
from compileall import compile_dir
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.labs.sriov.system import System, binding_files, module_path

TIMEOUT_S: Final = 1080
_MEMORY_MIB: Final = 2048
_VFS: Final = 4
_KERNEL_ARGUMENTS: Final = (
    "console=ttyS0 panic=-1 intel_iommu=on iommu=pt mitigations=off random.trust_cpu=on no_timer_check tsc=reliable "
    "cryptomgr.notests"
)
_LABS: Final = Path(__file__).parents[1]
_PRODUCT: Final = ("pextra", "pextra_client")
# Queues and interrupts that the controller can give to its virtual functions, and keeps for itself.
_CONTROLLER: Final = (
    f"sriov_max_vfs={_VFS},sriov_vq_flexible={2 * _VFS},sriov_vi_flexible={_VFS},max_ioqpairs={2 * _VFS + 2},"
    f"msix_qsize={_VFS + 2}"
)


def run_program(system: System, program: Path, work: Path, files: Mapping[str, Path]) -> list[dict[str, Any]]:
    """Start the machine, let it run a program as root, and wait until it is off.

    Args:
        system: what it runs.
        program: Python, for which the product, libvirt's binding and `virtualization` are there to be imported.
        work: a directory of the caller's own, which receives the consoles.
        files: what lies below `/pextra` in the machine, by name.

    Returns:
        The JSON documents that the program printed, one a line.

    Raises:
        TimeoutError: it was still running after `TIMEOUT_S`; the consoles are in the notes.
    """
    console, reports = work / "console", work / "reports"
    command = _command(system, program, work, files)
    try:
        subprocess.run(command, check=True, timeout=TIMEOUT_S, capture_output=True, text=True)
    except subprocess.TimeoutExpired as error:
        late = TimeoutError(f"the machine was still running after {TIMEOUT_S} s")
        late.add_note(_end_of(console))
        late.add_note(_end_of(reports))
        raise late from error
    return [json.loads(line) for line in reports.read_text().splitlines() if line.startswith("{")]


@contextmanager
def running(
    system: System, program: Path, work: Path, files: Mapping[str, Path], packages: Sequence[str]
) -> Generator[subprocess.Popen[bytes]]:
    """The machine, while it runs a program that talks by its third serial port, which is the socket `link`.

    Args:
        system, program, work, files: see `run_program`; the directory's path has at most 90 characters.
        packages: Python's, that the program imports.

    Yields:
        The emulator, which is ended when the body ends.
    """
    command = _command(system, program, work, files, packages)
    with (work / "qemu").open("wb") as said:
        process = subprocess.Popen(
            [*command, "-serial", f"unix:{work / 'link'},server=on,wait=off"], stdout=said, stderr=said
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


def _command(
    system: System, program: Path, work: Path, files: Mapping[str, Path], packages: Sequence[str] = ()
) -> list[str]:
    initramfs = _initramfs(system, program, work, files, packages)
    disks = [work / f"gpu{index}.raw" for index in (0, 1)]
    for index, disk in enumerate(disks):
        with disk.open("wb") as file:
            file.write(f"gpu{index} says hello\n".encode())
            file.truncate(16 << 20)
    return [
        *_machine(), *_controllers(disks), *_root_disk(system.disk),
        "-serial", f"file:{work / 'console'}", "-serial", f"file:{work / 'reports'}",
        "-kernel", str(system.kernel), "-initrd", str(initramfs),
        "-append", _KERNEL_ARGUMENTS,
    ]  # fmt: skip


def _machine() -> list[str]:
    half = _MEMORY_MIB // 2
    return [
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2",
        "-M", "q35,kernel-irqchip=split",
        "-m", str(_MEMORY_MIB), "-nodefaults", "-display", "none", "-no-reboot",
        "-object", f"memory-backend-ram,id=m0,size={half}M", "-object", f"memory-backend-ram,id=m1,size={half}M",
        "-numa", "node,nodeid=0,cpus=0,memdev=m0", "-numa", "node,nodeid=1,cpus=1,memdev=m1",
        "-device", "intel-iommu,intremap=on,caching-mode=on",
    ]  # fmt: skip


def _controllers(disks: list[Path]) -> list[str]:
    """Below a root complex of each cell, a controller that can be divided."""
    arguments: list[str] = []
    for cell, bus in enumerate(("0x20", "0x60")):
        arguments += [
            "-device", f"pxb-pcie,id=px{cell},bus_nr={bus},bus=pcie.0,numa_node={cell}",
            "-device", f"pcie-root-port,id=rp{cell},slot={cell + 1},chassis={cell + 1},bus=px{cell}",
            "-device", f"nvme-subsys,id=s{cell}",
            "-device", f"nvme,id=c{cell},serial=gpu{cell},subsys=s{cell},bus=rp{cell},{_CONTROLLER}",
            "-drive", f"file={disks[cell]},if=none,id=d{cell},format=raw,cache=unsafe",
            "-device", f"nvme-ns,drive=d{cell},bus=c{cell},nsid=1,shared=on",
        ]  # fmt: skip
    return arguments


def _root_disk(disk: Path) -> list[str]:
    return [
        "-drive", f"file={disk},if=none,id=root,format=raw,snapshot=on,cache=unsafe",
        "-device", "nvme,serial=root,drive=root,bus=pcie.0",
    ]  # fmt: skip


def _initramfs(system: System, program: Path, work: Path, files: Mapping[str, Path], packages: Sequence[str]) -> Path:
    """What the machine begins with: busybox, vfio's modules, the product's code and the program."""
    tree = work / "initramfs"
    for name in ("bin", "modules", "pextra/libvirt", "pextra/backend"):
        (tree / name).mkdir(parents=True)
    shutil.copy(system.busybox, tree / "bin/busybox")
    for module in system.modules:
        shutil.copy(module, tree / "modules")
    (tree / "modules/order").write_text("".join(f"{module.name}\n" for module in system.modules))
    shutil.copy(Path(__file__).with_name("init"), tree / "init")
    (tree / "init").chmod(0o755)
    for name in (*_PRODUCT, *packages):
        _copy_module(name, tree / "pextra/backend")
    # It is this Python that runs in there, and it would take many times as long to compile.
    compile_dir(tree / "pextra/backend", quiet=2, workers=0)
    for module in binding_files():
        shutil.copy(module, tree / "pextra/libvirt")
    for name in ("__init__.py", "sriov/__init__.py", "sriov/virtualization.py"):
        copied = tree / "pextra/tests/labs" / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_LABS / name, copied)
    shutil.copy(program, tree / "pextra/program.py")
    for name, source in files.items():
        (tree / "pextra" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, tree / "pextra" / name)
    listed = "".join(f"{path.relative_to(tree)}\n" for path in sorted(tree.rglob("*")))
    archive = work / "initramfs.cpio"
    with archive.open("wb") as output:
        subprocess.run(
            ["cpio", "--quiet", "-o", "-H", "newc", "--owner=0:0"],
            cwd=tree, input=listed.encode(), stdout=output, check=True, timeout=60,
        )  # fmt: skip
    return archive


def _copy_module(name: str, target: Path) -> None:
    origin = module_path(name)
    if origin.is_dir():
        shutil.copytree(origin, target / name, ignore=_no_caches)
    else:
        shutil.copy2(origin, target)


_no_caches = shutil.ignore_patterns("__pycache__")


def _end_of(path: Path) -> str:
    return path.read_text(errors="replace")[-6000:] if path.exists() else ""
