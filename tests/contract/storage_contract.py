"""What every storage driver does.

A driver's test module subclasses `StorageContract` (`VolumeHistoryContract` when the driver keeps snapshots,
`FileImageContract` when it takes `file://` images as well) under a name that begins with `Test` and overrides the
class-scoped fixture `harness`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
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

    now: float
    """The time in the driver's world, in seconds since the epoch; a test may move it on."""

    def write(self, tenant_uid: str, uid: str, offset: int, content: bytes) -> None:
        """A guest writes this, whole blocks of 64 KiB, and closes the volume again."""
        ...

    def read(self, tenant_uid: str, uid: str, offset: int, length: int) -> bytes:
        """What a guest reads there."""
        ...

    def first_bytes(self, tenant_uid: str, uid: str) -> bytes:
        """What a guest would read at the start of the volume; not empty. It fails when it cannot be read."""
        ...


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

    @pytest.mark.parametrize("size_bytes", [0, -512, 1, MIB + 1])
    def test_size_that_no_disk_can_have_is_refused_not_rounded(self, storage: StorageDriver, size_bytes: int) -> None:
        odd = replace(blank(), size_bytes=size_bytes)
        with pytest.raises(Permanent) as caught:
            storage.ensure_volume(odd)
        assert caught.value.reason == "SizeUnsupported"
        assert storage.observe_volume(TENANT, odd.uid) is None

    def test_size_is_kept_to_the_sector(self, storage: StorageDriver) -> None:
        odd = replace(blank(), size_bytes=MIB + 512)
        assert storage.ensure_volume(odd).size_bytes == MIB + 512
        storage.ensure_volume_absent(TENANT, odd.uid)

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
        again = storage.ensure_volume(clone)
        # The bytes that it shared may be its own to pay for now.
        assert replace(again, used_bytes=before.used_bytes) == before
        assert harness.first_bytes(TENANT, clone.uid) == content
        grown = replace(clone, size_bytes=clone.size_bytes + MIB)
        assert storage.ensure_volume(grown).size_bytes == grown.size_bytes
        storage.ensure_volume_absent(TENANT, clone.uid)
        assert storage.observe_volume(TENANT, clone.uid) is None


def _virtual_size(storage: StorageDriver, image: ImageSource) -> int:
    seen = storage.observe_image(image.uid)
    assert seen is not None
    return seen.virtual_size_bytes
