"""The file driver keeps the contract of storage drivers that take `file://` images."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from pextra.drivers.file.driver import FileStorage
from pextra.drivers.interface import ImageSource
from tests.contract.file_image_contract import FileImageContract

MARK = b"the image's own bytes"


class FileStorageHarness:
    """A pool in a temporary directory, its volumes read by QEMU's own programs."""

    def __init__(self, root: Path) -> None:
        self.image_dir = root / "images"
        self.foreign_dir = root / "foreign"
        self._pool = root / "pool"
        self.now = 1000.0
        for directory in (self.image_dir, self.foreign_dir):
            directory.mkdir()

    def driver(self) -> FileStorage:
        """A new driver object on the same pool."""
        return FileStorage(self._pool, allowed_dirs=[self.image_dir], clock=lambda: self.now)

    def new_image(self) -> ImageSource:
        """A raw image of 4 MiB."""
        path = self.image_dir / f"{uuid4()}.img"
        path.write_bytes(MARK.ljust(4 << 20, b"\0"))
        return ImageSource(str(uuid4()), path.as_uri(), "raw", hashlib.sha256(path.read_bytes()).hexdigest())

    @contextmanager
    def opened(self, tenant_uid: str, uid: str) -> Generator[None]:
        """qemu-io has the volume open for writing, with the locks that a guest's QEMU takes."""
        source = self.driver().disk_source(tenant_uid, uid)
        command = ["qemu-io", "-f", source.format, source.location]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"length\n")
            process.stdin.flush()
            process.stdout.readline()  # it answers once it has opened the file
            try:
                yield
            finally:
                process.communicate(b"quit\n")

    def write(self, tenant_uid: str, uid: str, offset: int, content: bytes) -> None:
        """As a guest writes, through QEMU's own program."""
        source = self.driver().disk_source(tenant_uid, uid)
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            pattern = f"-s {file.name}" if content.strip(b"\0") else "-z"
            command = f"write {pattern} {offset} {len(content)}"
            subprocess.run(
                ["qemu-io", "-f", source.format, "-c", command, source.location],
                check=True, capture_output=True, timeout=30,
            )  # fmt: skip

    def read(self, tenant_uid: str, uid: str, offset: int, length: int) -> bytes:
        """As a guest reads, through the volume's whole chain."""
        source = self.driver().disk_source(tenant_uid, uid)
        copied = self.foreign_dir / f"{uuid4()}.raw"
        subprocess.run(
            ["qemu-img", "convert", "-U", "-f", source.format, "-O", "raw", source.location, str(copied)],
            check=True, capture_output=True, timeout=30,
        )  # fmt: skip
        with copied.open("rb") as file:
            file.seek(offset)
            content = file.read(length)
        copied.unlink()
        return content

    def first_bytes(self, tenant_uid: str, uid: str) -> bytes:
        """The first sector, through the volume's whole chain."""
        source = self.driver().disk_source(tenant_uid, uid)
        copied = self.foreign_dir / f"{uuid4()}.raw"
        subprocess.run(
            ["qemu-img", "dd", "-U", "-f", source.format, "-O", "raw", "bs=512", "count=1",
             f"if={source.location}", f"of={copied}"],
            check=True, capture_output=True, timeout=30,
        )  # fmt: skip
        content = copied.read_bytes()
        assert content.startswith(MARK)
        return content


@pytest.mark.skipif(
    shutil.which("qemu-io") is None,
    reason="QEMU's tools are not installed: apt-get install --no-install-recommends qemu-utils",
)
class TestFileStorage(FileImageContract):
    @pytest.fixture(scope="class")
    @classmethod
    def harness(cls, tmp_path_factory: pytest.TempPathFactory) -> FileStorageHarness:
        return FileStorageHarness(tmp_path_factory.mktemp("storage"))
