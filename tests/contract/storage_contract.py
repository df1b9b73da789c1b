"""What every storage driver does.

A driver's test module subclasses `StorageContract` (or `FileImageContract` when the driver takes `file://`
images) under a name that begins with `Test` and overrides the class-scoped fixture `harness`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest

from pextra.drivers.interface import (
    ImageSource,
    NotFound,
    Permanent,
    Retryable,
    StorageDriver,
    VolumeSource,
)

MIB = 1 << 20
TENANT = "tenant-a"
STRANGER = "tenant-b"


class StorageHarness(Protocol):
    """What the contract needs to know of a driver and its world."""

    def driver(self) -> StorageDriver:
        """A new driver object on the same pool, as after a restart of the agent."""
        ...

    def new_image(self) -> ImageSource:
        """A good image with a fresh uid that the driver can fetch; its virtual size is at least 2 MiB."""
        ...

    def opened(self, tenant_uid: str, uid: str) -> AbstractContextManager[None]:
        """The volume is open, as by a running guest, for as long as the context lasts."""
        ...

    def first_bytes(self, tenant_uid: str, uid: str) -> bytes:
        """What a guest would read at the start of the volume; not empty. It fails when it cannot be read."""
        ...


class FileHarness(StorageHarness, Protocol):
    """What the contract needs besides, of a driver that takes `file://` images."""

    image_dir: Path
    """A folder from which the driver may take images."""

    foreign_dir: Path
    """A folder from which the driver may not take images."""


def blank(size_mib: int = 8) -> VolumeSource:
    """A volume without an image, with a fresh uid."""
    return VolumeSource(uid=str(uuid4()), tenant_uid=TENANT, size_bytes=size_mib * MIB)


class StorageContract:
    """The contract of `pextra.drivers.interface.StorageDriver`."""

    @pytest.fixture(scope="class")
    @classmethod
    def harness(cls) -> Iterator[StorageHarness]:
        """The world under test; a subclass provides it."""
        raise NotImplementedError("a driver's test class overrides the fixture `harness`")

    @pytest.fixture(scope="class")
    @classmethod
    def storage(cls, harness: StorageHarness) -> StorageDriver:
        """The driver under test."""
        return harness.driver()

    @pytest.fixture
    def image(self, harness: StorageHarness, storage: StorageDriver) -> Iterator[ImageSource]:
        """A stored image of one test's own."""
        source = harness.new_image()
        storage.ensure_image(source)
        yield source
        storage.ensure_image_absent(source.uid)

    @pytest.fixture
    def volume(self, storage: StorageDriver) -> Iterator[VolumeSource]:
        """A blank volume of one test's own."""
        source = blank()
        storage.ensure_volume(source)
        yield source
        storage.ensure_volume_absent(TENANT, source.uid)

    # --- images ---

    def test_image_is_stored_under_its_digest(self, storage: StorageDriver, image: ImageSource) -> None:
        seen = storage.observe_image(image.uid)
        assert seen is not None
        assert (seen.uid, seen.sha256) == (image.uid, image.sha256)
        assert seen.virtual_size_bytes >= 2 * MIB
        assert seen.stored_bytes > 0

    def test_stored_image_is_listed_and_no_longer_under_way(self, storage: StorageDriver, image: ImageSource) -> None:
        assert storage.observe_images()[image.uid] == storage.observe_image(image.uid)
        assert storage.observe_transfer(image.uid) is None
        storage.ensure_image_absent(image.uid)
        assert image.uid not in storage.observe_images()

    def test_storing_an_image_again_changes_nothing(
        self, harness: StorageHarness, storage: StorageDriver, image: ImageSource
    ) -> None:
        before = storage.observe_image(image.uid)
        assert storage.ensure_image(image) == before
        assert harness.driver().ensure_image(image) == before
        assert storage.observe_image(image.uid) == before

    def test_image_with_another_digest_is_refused_and_not_stored(
        self, harness: StorageHarness, storage: StorageDriver
    ) -> None:
        wrong = replace(harness.new_image(), sha256="0" * 64)
        with pytest.raises(Permanent) as caught:
            storage.ensure_image(wrong)
        assert caught.value.reason == "DigestMismatch"
        assert storage.observe_image(wrong.uid) is None

    def test_image_from_an_unsupported_source_is_refused(self, harness: StorageHarness, storage: StorageDriver) -> None:
        gopher = replace(harness.new_image(), url="gopher://example.invalid/image")
        with pytest.raises(Permanent) as caught:
            storage.ensure_image(gopher)
        assert caught.value.reason == "SourceForbidden"
        assert storage.observe_image(gopher.uid) is None

    def test_removing_an_image_twice_succeeds(self, storage: StorageDriver, image: ImageSource) -> None:
        storage.ensure_image_absent(image.uid)
        storage.ensure_image_absent(image.uid)
        assert storage.observe_image(image.uid) is None

    def test_removed_image_can_be_stored_again(self, storage: StorageDriver, image: ImageSource) -> None:
        before = storage.observe_image(image.uid)
        storage.ensure_image_absent(image.uid)
        assert storage.ensure_image(image) == before

    # --- volumes ---

    def test_volume_is_as_described(self, storage: StorageDriver, volume: VolumeSource) -> None:
        seen = storage.observe_volume(TENANT, volume.uid)
        assert seen is not None
        assert (seen.uid, seen.tenant_uid, seen.size_bytes) == (volume.uid, TENANT, volume.size_bytes)
        assert seen.used_bytes >= 0
        assert storage.observe_volumes()[volume.uid] == seen

    def test_making_a_volume_again_changes_nothing(
        self, harness: StorageHarness, storage: StorageDriver, volume: VolumeSource
    ) -> None:
        before = storage.observe_volume(TENANT, volume.uid)
        source = storage.disk_source(TENANT, volume.uid)
        assert storage.ensure_volume(volume) == before
        assert harness.driver().ensure_volume(volume) == before
        assert storage.disk_source(TENANT, volume.uid) == source

    def test_volume_grows(self, storage: StorageDriver, volume: VolumeSource) -> None:
        larger = replace(volume, size_bytes=volume.size_bytes * 2)
        assert storage.ensure_volume(larger).size_bytes == larger.size_bytes
        seen = storage.observe_volume(TENANT, volume.uid)
        assert seen is not None
        assert seen.size_bytes == larger.size_bytes

    def test_volume_never_shrinks(self, storage: StorageDriver, volume: VolumeSource) -> None:
        with pytest.raises(Permanent) as caught:
            storage.ensure_volume(replace(volume, size_bytes=volume.size_bytes - MIB))
        assert caught.value.reason == "ShrinkForbidden"
        seen = storage.observe_volume(TENANT, volume.uid)
        assert seen is not None
        assert seen.size_bytes == volume.size_bytes

    def test_absent_volume_is_observed_as_none_and_has_no_source(self, storage: StorageDriver) -> None:
        uid = str(uuid4())
        assert storage.observe_volume(TENANT, uid) is None
        with pytest.raises(NotFound) as caught:
            storage.disk_source(TENANT, uid)
        assert caught.value.reason == "VolumeMissing"

    def test_removing_a_volume_twice_succeeds(self, storage: StorageDriver, volume: VolumeSource) -> None:
        storage.ensure_volume_absent(TENANT, volume.uid)
        storage.ensure_volume_absent(TENANT, volume.uid)
        assert storage.observe_volume(TENANT, volume.uid) is None
        assert volume.uid not in storage.observe_volumes()

    def test_volume_of_another_tenant_is_as_if_absent(self, storage: StorageDriver, volume: VolumeSource) -> None:
        assert storage.observe_volume(STRANGER, volume.uid) is None
        with pytest.raises(NotFound) as caught:
            storage.disk_source(STRANGER, volume.uid)
        assert caught.value.reason == "VolumeMissing"
        storage.ensure_volume_absent(STRANGER, volume.uid)
        assert storage.observe_volume(TENANT, volume.uid) is not None

    def test_open_volume_is_busy_until_it_is_closed(
        self, harness: StorageHarness, storage: StorageDriver, volume: VolumeSource
    ) -> None:
        with harness.opened(TENANT, volume.uid):
            with pytest.raises(Retryable) as caught:
                storage.ensure_volume_absent(TENANT, volume.uid)
            assert caught.value.reason == "VolumeBusy"
            assert storage.observe_volume(TENANT, volume.uid) is not None
        storage.ensure_volume_absent(TENANT, volume.uid)
        assert storage.observe_volume(TENANT, volume.uid) is None

    # --- clones ---

    def test_clone_has_the_volume_s_size_and_the_image_s_content(
        self, harness: StorageHarness, storage: StorageDriver, image: ImageSource
    ) -> None:
        size = _virtual_size(storage, image)
        one = replace(blank(), image_uid=image.uid, size_bytes=size + MIB)
        two = replace(blank(), image_uid=image.uid, size_bytes=size)
        assert storage.ensure_volume(one).size_bytes == size + MIB
        storage.ensure_volume(two)
        assert harness.first_bytes(TENANT, one.uid) == harness.first_bytes(TENANT, two.uid)
        assert storage.disk_source(TENANT, one.uid) != storage.disk_source(TENANT, two.uid)
        storage.ensure_volume_absent(TENANT, one.uid)
        assert harness.first_bytes(TENANT, two.uid)
        storage.ensure_volume_absent(TENANT, two.uid)

    def test_clone_smaller_than_its_image_is_refused(self, storage: StorageDriver, image: ImageSource) -> None:
        size = _virtual_size(storage, image)
        small = replace(blank(), image_uid=image.uid, size_bytes=size - MIB)
        with pytest.raises(Permanent) as caught:
            storage.ensure_volume(small)
        assert caught.value.reason == "ImageLarger"
        assert storage.observe_volume(TENANT, small.uid) is None

    def test_clone_of_a_missing_image_is_not_found(self, storage: StorageDriver) -> None:
        orphan = replace(blank(), image_uid=str(uuid4()))
        with pytest.raises(NotFound) as caught:
            storage.ensure_volume(orphan)
        assert caught.value.reason == "ImageMissing"
        assert storage.observe_volume(TENANT, orphan.uid) is None

    def test_removed_image_hides_at_once_and_its_clones_live_on(
        self, harness: StorageHarness, storage: StorageDriver, image: ImageSource
    ) -> None:
        clone = replace(blank(), image_uid=image.uid, size_bytes=_virtual_size(storage, image))
        before = storage.ensure_volume(clone)
        content = harness.first_bytes(TENANT, clone.uid)
        storage.ensure_image_absent(image.uid)
        assert storage.observe_image(image.uid) is None
        with pytest.raises(NotFound) as caught:
            storage.ensure_volume(replace(clone, uid=str(uuid4())))
        assert caught.value.reason == "ImageMissing"
        assert storage.ensure_volume(clone) == before
        assert harness.first_bytes(TENANT, clone.uid) == content
        grown = replace(clone, size_bytes=clone.size_bytes + MIB)
        assert storage.ensure_volume(grown).size_bytes == grown.size_bytes
        storage.ensure_volume_absent(TENANT, clone.uid)
        assert storage.observe_volume(TENANT, clone.uid) is None


def _virtual_size(storage: StorageDriver, image: ImageSource) -> int:
    seen = storage.observe_image(image.uid)
    assert seen is not None
    return seen.virtual_size_bytes


@pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img is not on PATH")
class FileImageContract(StorageContract):
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
