"""Pools of files, and images to put into them, for the tests of the file driver."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from uuid import uuid4

import pytest

from pextra.drivers.file.driver import FileStorage
from pextra.drivers.interface import ImageSource, Permanent

MIB = 1 << 20
TENANT = "tenant-a"
CONTENT = b"raw image".ljust(2 * MIB, b"\1")
LOOPBACK = [ip_network("127.0.0.0/8")]


class Pool:
    """A pool in a directory of its own, and the directory that its images may come from."""

    def __init__(self, root: Path) -> None:
        self.root = root / "pool"
        self.images = root / "images"
        self.images.mkdir()

    def driver(self) -> FileStorage:
        """A new driver object on the pool; it may fetch from this machine."""
        return FileStorage(
            self.root, allowed_dirs=[self.images], max_image_bytes=64 * MIB, max_virtual_bytes=1 << 40,
            allowed_networks=LOOPBACK,
        )  # fmt: skip

    def files(self) -> list[Path]:
        """Every file in the pool."""
        return sorted(path for path in self.root.glob("**/*") if path.is_file())

    def stored_at(self, name: str, content: bytes, image_format: str = "raw") -> ImageSource:
        """An image that lies in a file of this name."""
        path = self.images / name
        path.write_bytes(content)
        return described(path.as_uri(), content, image_format)

    def refusal(self, image: ImageSource) -> str:
        """The reason with which the image is refused; it must leave nothing behind."""
        storage = self.driver()
        with pytest.raises(Permanent) as caught:
            storage.ensure_image(image)
        assert storage.observe_image(image.uid) is None
        assert self.files() == []
        return caught.value.reason


def described(url: str, content: bytes, image_format: str = "raw") -> ImageSource:
    """An image at a URL whose digest is the content's."""
    return ImageSource(str(uuid4()), url, image_format, hashlib.sha256(content).hexdigest())


def qemu_img(*arguments: str | Path) -> str:
    """What qemu-img prints; it must succeed."""
    return subprocess.run(["qemu-img", *arguments], check=True, capture_output=True, timeout=30, text=True).stdout


def qemu_io(path: Path | str, *commands: str) -> str:
    """What qemu-io prints after these commands on a qcow2 file."""
    arguments = [word for command in commands for word in ("-c", command)]
    done = subprocess.run(
        ["qemu-io", "-f", "qcow2", *arguments, str(path)], check=True, capture_output=True, timeout=30, text=True
    )
    return done.stdout


@contextmanager
def open_directory() -> Generator[Path]:
    """A directory that every account may pass through, as pytest's own may not be."""
    import shutil
    import tempfile

    path = Path(tempfile.mkdtemp(prefix="px-", dir="/tmp"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)
