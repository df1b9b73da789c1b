"""What every storage driver does that takes `file://` images, which may lie about themselves."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest

from pextra.drivers.interface import ImageSource, Permanent, StorageDriver
from tests.contract.storage_contract import MIB, StorageHarness
from tests.contract.volume_history_contract import VolumeHistoryContract


class FileHarness(StorageHarness, Protocol):
    """What the contract needs besides, of a driver that takes `file://` images."""

    image_dir: Path
    """A folder from which the driver may take images."""

    foreign_dir: Path
    """A folder from which the driver may not take images."""


@pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img is not on PATH")
class FileImageContract(VolumeHistoryContract):
    """The contract of a storage driver that takes `file://` images, which may lie about themselves."""

    @pytest.fixture(scope="class")
    @classmethod
    def harness(cls) -> Iterator[FileHarness]:
        """The world under test; a subclass provides it."""
        raise NotImplementedError("a driver's test class overrides the fixture `harness`")

    def test_qcow2_with_a_backing_file_is_refused(self, harness: FileHarness, storage: StorageDriver) -> None:
        secret = harness.foreign_dir / "secret"
        secret.write_bytes(b"not yours" * 1024)
        path = _fresh(harness.image_dir)
        _qemu_img("create", "-q", "-f", "qcow2", "-b", str(secret), "-F", "raw", str(path))
        assert _refusal(storage, _source(path, "qcow2")) == "BackingFileForbidden"

    def test_qcow2_with_a_data_file_is_refused(self, harness: FileHarness, storage: StorageDriver) -> None:
        data, path = _fresh(harness.image_dir), _fresh(harness.image_dir)
        _qemu_img("create", "-q", "-f", "qcow2", "-o", f"data_file={data}", str(path), "4M")
        assert _refusal(storage, _source(path, "qcow2")) == "BackingFileForbidden"

    def test_raw_bytes_declared_as_qcow2_are_refused(self, harness: FileHarness, storage: StorageDriver) -> None:
        path = _fresh(harness.image_dir)
        path.write_bytes(b"\x00raw" * MIB)
        assert _refusal(storage, _source(path, "qcow2")) == "FormatMismatch"

    def test_qcow2_declared_as_raw_is_refused(self, harness: FileHarness, storage: StorageDriver) -> None:
        path = _fresh(harness.image_dir)
        _qemu_img("create", "-q", "-f", "qcow2", str(path), "4M")
        assert _refusal(storage, _source(path, "raw")) == "FormatMismatch"

    def test_vmdk_that_names_another_file_is_refused(self, harness: FileHarness, storage: StorageDriver) -> None:
        secret = harness.foreign_dir / "secret"
        secret.write_bytes(b"not yours" * 1024)
        path = _fresh(harness.image_dir)
        path.write_text(f'# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\nRW 8 FLAT "{secret}" 0\n')
        assert _refusal(storage, _source(path, "vmdk")) == "BackingFileForbidden"
        assert _refusal(storage, _source(path, "raw")) == "FormatMismatch"

    def test_vmdk_of_one_file_is_taken(self, harness: FileHarness, storage: StorageDriver) -> None:
        path = _fresh(harness.image_dir)
        _qemu_img("create", "-q", "-f", "vmdk", "-o", "subformat=monolithicSparse", str(path), "4M")
        source = _source(path, "vmdk")
        assert storage.ensure_image(source).virtual_size_bytes == 4 * MIB
        storage.ensure_image_absent(source.uid)

    def test_missing_file_is_refused(self, harness: FileHarness, storage: StorageDriver) -> None:
        missing = _fresh(harness.image_dir)
        source = ImageSource(str(uuid4()), missing.as_uri(), "raw", "0" * 64)
        assert _refusal(storage, source) == "SourceMissing"

    def test_file_outside_the_allowed_folders_is_refused(self, harness: FileHarness, storage: StorageDriver) -> None:
        path = _fresh(harness.foreign_dir)
        path.write_bytes(bytes(4 * MIB))
        assert _refusal(storage, _source(path, "raw")) == "SourceForbidden"

    def test_link_out_of_the_allowed_folders_is_refused(self, harness: FileHarness, storage: StorageDriver) -> None:
        target, link = _fresh(harness.foreign_dir), _fresh(harness.image_dir)
        target.write_bytes(bytes(4 * MIB))
        link.symlink_to(target)
        assert _refusal(storage, _source(link, "raw")) == "SourceForbidden"


def _fresh(folder: Path) -> Path:
    return folder / f"{uuid4()}.img"


def _source(path: Path, image_format: str) -> ImageSource:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ImageSource(str(uuid4()), path.as_uri(), image_format, digest)


def _refusal(storage: StorageDriver, source: ImageSource) -> str:
    """The reason with which the image is refused; it must leave nothing behind."""
    with pytest.raises(Permanent) as caught:
        storage.ensure_image(source)
    assert storage.observe_image(source.uid) is None
    return caught.value.reason


def _qemu_img(*arguments: str) -> None:
    subprocess.run(["qemu-img", *arguments], check=True, capture_output=True, timeout=30)
