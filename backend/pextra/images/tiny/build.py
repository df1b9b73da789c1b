"""Builds the tiny image once and keeps it in a cache."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from pextra.images.tiny.disk import build_disk
from pextra.images.tiny.failure import ImageBuildError, run_tool
from pextra.images.tiny.initramfs import build_initramfs
from pextra.images.tiny.packages import unpack_packages

_RECIPE: Final = (
    "build.py",
    "disk.py",
    "initramfs.py",
    "packages.py",
    "guest/init",
    "guest/dhcp",
    "guest/cloud-config.awk",
)


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """A disk image and what names its content."""

    path: Path  # qcow2
    sha256: str
    virtual_size_bytes: int


def build_tiny_image(cache_dir: Path) -> BuiltImage:
    """The tiny guest's disk image, from the cache or built from the distribution's packages.

    The guest boots to a root shell on its first serial port and prints lines that begin with
    `PEXTRA-GUEST`: `user space after …s hostname=… instance-id=…`, one for each disk and network card,
    `cloud-init marker: …` when the user-data has run, and `ready`. It reads a NoCloud seed, executes
    user-data that is a script (`#!`), and of `#cloud-config` knows `hostname`, `runcmd` (strings) and
    `write_files`; keys, users and network-config are ignored, cards get their address by DHCP. It powers
    off when the power button is pressed, and keeps nothing between boots.

    Building needs no root, downloads only by `apt-get download`, takes some seconds, and may be
    interrupted or run twice at once. The cache is keyed by the recipe: remove it to get a newer kernel.

    Args:
        cache_dir: where built images lie; made when absent.

    Raises:
        ImageBuildError: a tool is missing or failed; the message says what to do.
    """
    cache_dir.mkdir(parents=True, exist_ok=True)
    image = cache_dir / f"tiny-{_recipe_digest()[:16]}.qcow2"
    with _locked(cache_dir / "tiny.lock"):
        return _cached(image) or _build(image)


def _recipe_digest() -> str:
    digest = hashlib.sha256()
    for name in _RECIPE:
        digest.update((files("pextra.images.tiny") / name).read_bytes())
    return digest.hexdigest()


def _facts_path(image: Path) -> Path:
    return image.with_suffix(".json")


def _cached(image: Path) -> BuiltImage | None:
    try:
        facts: dict[str, Any] = json.loads(_facts_path(image).read_text())
        built = BuiltImage(image, facts["sha256"], facts["virtual_size_bytes"])
        return built if _sha256(image) == built.sha256 else None
    except (OSError, ValueError, KeyError):
        return None


def _build(image: Path) -> BuiltImage:
    with tempfile.TemporaryDirectory(prefix=".tiny-", dir=image.parent) as work:
        work_dir = Path(work)
        try:
            tree = unpack_packages(work_dir)
            disk = build_disk(tree, build_initramfs(tree), work_dir)
        except OSError as error:
            raise ImageBuildError(f"the image could not be written below {image.parent}: {error}") from error
        shown = run_tool(["qemu-img", "info", "--output=json", str(disk)], package="qemu-utils")
        built = BuiltImage(image, _sha256(disk), json.loads(shown)["virtual-size"])
        facts = work_dir / "facts.json"
        facts.write_text(json.dumps({k: v for k, v in asdict(built).items() if k != "path"}))
        for source, target in ((disk, image), (facts, _facts_path(image))):
            _sync(source)
            source.replace(target)
        _sync(image.parent)
    return built


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(path: Path) -> Generator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
