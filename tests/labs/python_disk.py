"""This Python as a disk for guests that have none: an ISO 9660 image to `chroot` into, with `/python/bin/python3`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pextra.drivers.libvirt.seed import ISO_MAKERS

_LEFT_OUT: Final = ("test", "tests", "site-packages", "dist-packages", "config-*", "idlelib", "lib2to3", "ensurepip",
                    "tkinter", "turtledemo", "pydoc_data", "*.a", "*.opt-?.pyc")  # fmt: skip
_MOUNTED: Final = ("proc", "sys", "dev", "tmp")
_LIBRARY: Final = re.compile(r"(?:=> )?(/\S+) \(0x")


def build(work: Path, files: Mapping[str, Path]) -> Path:
    """Make the image.

    Args:
        work: a directory of the caller's own.
        files: what else lies in it, by path.
    """
    tree = work / "python-disk"
    stdlib = Path(sysconfig.get_path("stdlib"))
    target = tree / "python/lib" / stdlib.name
    shutil.copytree(stdlib, target, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    program = Path(sys.executable).resolve()
    for library in _libraries(program, *(target / "lib-dynload").glob("*.so")):
        copied = tree / ("lib64" if library.name.startswith("ld-linux") else "lib") / library.name
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, copied)
    (tree / "python/bin").mkdir()
    shutil.copy(program, tree / "python/bin/python3")
    for name in _MOUNTED:
        (tree / name).mkdir()
    for name, source in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, tree / name)
    image = work / "python.iso"
    maker = next(each for each in ISO_MAKERS if shutil.which(each[0]))
    subprocess.run(
        [*maker, "-quiet", "-R", "-o", str(image), str(tree)],
        check=True, timeout=120, capture_output=True,
    )  # fmt: skip
    shutil.rmtree(tree)
    return image


def _libraries(*programs: Path) -> set[Path]:
    said = subprocess.run(["ldd", *map(str, programs)], check=False, capture_output=True, text=True, timeout=60)
    return {Path(found) for found in _LIBRARY.findall(said.stdout)}
