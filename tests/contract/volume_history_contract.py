"""What every storage driver does with the history of a volume: snapshots, clones, trash, differences and locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from pextra.drivers.interface import (
    Extent,
    ImageSource,
    NotFound,
    Permanent,
    Retryable,
    SnapshotSource,
    StorageDriver,
    VolumeSource,
)
from tests.contract.storage_contract import MIB, STRANGER, TENANT, StorageContract, StorageHarness, blank

BLOCK = 64 << 10


class VolumeHistoryContract(StorageContract):
    """The contract of `StorageDriver`, with what only drivers that keep a volume's history can do."""

    @pytest.fixture
    def written(self, harness: StorageHarness, storage: StorageDriver) -> Iterator[VolumeSource]:
        """A volume that begins with b"one"."""
        source = blank()
        storage.ensure_volume(source)
        harness.write(TENANT, source.uid, 0, _block(b"one"))
        yield source
        _remove(storage, source.uid)

    # --- snapshots ---

    def test_snapshots_are_ordered_and_keep_ids_and_sizes(self, storage: StorageDriver, written: VolumeSource) -> None:
        first = _snapshot(storage, written)
        storage.ensure_volume(replace(written, size_bytes=written.size_bytes + MIB))
        second, third = _snapshot(storage, written), _snapshot(storage, written)
        storage.ensure_snapshot_absent(TENANT, written.uid, third)
        fourth = _snapshot(storage, written)
        seen = storage.observe_snapshots(TENANT, written.uid)
        assert [s.uid for s in seen] == [first, second, fourth]
        assert [s.size_bytes - written.size_bytes for s in seen] == [0, MIB, MIB]
        assert seen[0].id < seen[1].id < seen[2].id - 1
        assert {s.volume_uid for s in seen} == {written.uid}

    def test_taking_a_snapshot_again_leaves_it_as_it_is(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource
    ) -> None:
        uid = _snapshot(storage, written)
        before = storage.observe_snapshots(TENANT, written.uid)
        harness.write(TENANT, written.uid, 0, _block(b"two"))
        again = harness.driver().ensure_snapshots([SnapshotSource(uid, TENANT, written.uid)])
        assert [(s.uid, s.id, s.taken_s) for s in again] == [(s.uid, s.id, s.taken_s) for s in before]
        storage.roll_back(TENANT, written.uid, uid, act="1")
        assert harness.read(TENANT, written.uid, 0, 3) == b"one"

    def test_rollback_restores_content_and_size_and_keeps_every_snapshot(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource
    ) -> None:
        first = _snapshot(storage, written)
        harness.write(TENANT, written.uid, 0, _block(b"two"))
        storage.ensure_volume(replace(written, size_bytes=written.size_bytes + MIB))
        second = _snapshot(storage, written)
        assert storage.roll_back(TENANT, written.uid, first, act="a").size_bytes == written.size_bytes
        assert harness.read(TENANT, written.uid, 0, 3) == b"one"
        assert [s.uid for s in storage.observe_snapshots(TENANT, written.uid)] == [first, second]
        larger = storage.roll_back(TENANT, written.uid, second, act="b")
        assert larger.size_bytes == written.size_bytes + MIB
        assert harness.read(TENANT, written.uid, 0, 3) == b"two"

    def test_act_rolls_back_once(self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource) -> None:
        uid = _snapshot(storage, written)
        storage.roll_back(TENANT, written.uid, uid, act="a")
        harness.write(TENANT, written.uid, 0, _block(b"two"))
        harness.driver().roll_back(TENANT, written.uid, uid, act="a")
        assert harness.read(TENANT, written.uid, 0, 3) == b"two"

    def test_removed_snapshot_takes_no_content_with_it(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource
    ) -> None:
        uids: list[str] = []
        for text in (b"two", b"three", b"four"):
            uids.append(_snapshot(storage, written))
            harness.write(TENANT, written.uid, len(uids) * BLOCK, _block(text))
        for uid in (uids[1], uids[0], uids[1]):
            storage.ensure_snapshot_absent(TENANT, written.uid, uid)
        assert [s.uid for s in storage.observe_snapshots(TENANT, written.uid)] == [uids[2]]
        expected = [b"one", b"two", b"three", b"four"]
        assert [harness.read(TENANT, written.uid, n * BLOCK, len(t)) for n, t in enumerate(expected)] == expected
        storage.roll_back(TENANT, written.uid, uids[2], act="a")
        assert harness.read(TENANT, written.uid, 3 * BLOCK, 4) == bytes(4)
        assert harness.read(TENANT, written.uid, 2 * BLOCK, 5) == b"three"

    def test_group_is_snapshotted_as_a_whole_or_not_at_all(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource, volume: VolumeSource
    ) -> None:
        group = [SnapshotSource(str(uuid4()), TENANT, v.uid) for v in (written, volume)]
        missing = SnapshotSource(str(uuid4()), TENANT, str(uuid4()))
        with pytest.raises(NotFound):
            storage.ensure_snapshots([*group, missing])
        with harness.opened(TENANT, volume.uid), pytest.raises(Retryable) as caught:
            storage.ensure_snapshots(group)
        assert caught.value.reason == "VolumeBusy"
        assert [storage.observe_snapshots(TENANT, s.volume_uid) for s in group] == [(), ()]
        assert [s.uid for s in storage.ensure_snapshots(group)] == [s.uid for s in group]
        for one in group:
            assert [s.uid for s in storage.observe_snapshots(TENANT, one.volume_uid)] == [one.uid]
        storage.ensure_snapshot_absent(TENANT, volume.uid, group[1].uid)

    def test_group_of_one_volume_twice_or_two_tenants_is_refused(
        self, storage: StorageDriver, volume: VolumeSource
    ) -> None:
        for tenant in (TENANT, STRANGER):
            twice = [SnapshotSource(str(uuid4()), t, volume.uid) for t in (TENANT, tenant)]
            with pytest.raises(Permanent) as caught:
                storage.ensure_snapshots(twice)
            assert caught.value.reason == "SourceAmbiguous"

    def test_open_volume_is_neither_snapshotted_nor_rolled_back(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource
    ) -> None:
        uid = _snapshot(storage, written)
        with harness.opened(TENANT, written.uid):
            acts: list[Callable[[], object]] = [
                lambda: _snapshot(storage, written),
                lambda: storage.roll_back(TENANT, written.uid, uid, act="a"),
                lambda: storage.ensure_volume(replace(blank(), volume_uid=written.uid)),
            ]
            for act in acts:
                with pytest.raises(Retryable) as caught:
                    act()
                assert caught.value.reason == "VolumeBusy"
            storage.ensure_snapshots([SnapshotSource(uid, TENANT, written.uid)])
        assert harness.read(TENANT, written.uid, 0, 3) == b"one"

    def test_planned_snapshot_exists_once_it_is_finished(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource
    ) -> None:
        wanted = SnapshotSource(str(uuid4()), TENANT, written.uid)
        with pytest.raises(NotFound) as caught:
            storage.ensure_snapshot_finished(wanted)
        assert caught.value.reason == "SnapshotMissing"
        plan = storage.ensure_snapshot_prepared(wanted)
        assert plan.current == storage.disk_source(TENANT, written.uid)
        assert harness.driver().ensure_snapshot_prepared(wanted) == plan
        assert storage.observe_snapshots(TENANT, written.uid) == ()
        finished = storage.ensure_snapshot_finished(wanted)
        assert storage.ensure_snapshot_finished(wanted) == finished
        assert storage.observe_snapshots(TENANT, written.uid) == (finished,)
        assert storage.disk_source(TENANT, written.uid) == plan.overlay
        with pytest.raises(Permanent) as refused:
            storage.ensure_snapshot_prepared(wanted)
        assert refused.value.reason == "SnapshotExists"
        assert harness.read(TENANT, written.uid, 0, 3) == b"one"

    def test_plan_that_nobody_acted_on_is_dropped(self, storage: StorageDriver, written: VolumeSource) -> None:
        storage.ensure_snapshot_prepared(SnapshotSource(str(uuid4()), TENANT, written.uid))
        uid = _snapshot(storage, written)
        assert [s.uid for s in storage.observe_snapshots(TENANT, written.uid)] == [uid]

    def test_snapshots_of_a_stranger_are_as_if_absent(self, storage: StorageDriver, written: VolumeSource) -> None:
        uid = _snapshot(storage, written)
        assert storage.observe_snapshots(STRANGER, written.uid) == ()
        storage.ensure_snapshot_absent(STRANGER, written.uid, uid)
        with pytest.raises(NotFound):
            storage.roll_back(STRANGER, written.uid, uid, act="a")
        with pytest.raises(NotFound):
            storage.ensure_volume(replace(blank(), tenant_uid=STRANGER, volume_uid=written.uid, snapshot_uid=uid))
        assert [s.uid for s in storage.observe_snapshots(TENANT, written.uid)] == [uid]

    def test_volume_with_snapshots_is_not_destroyed(self, storage: StorageDriver, written: VolumeSource) -> None:
        uid = _snapshot(storage, written)
        with pytest.raises(Permanent) as caught:
            storage.ensure_volume_absent(TENANT, written.uid)
        assert caught.value.reason == "SnapshotsExist"
        storage.ensure_snapshot_absent(TENANT, written.uid, uid)
        storage.ensure_volume_absent(TENANT, written.uid)
        assert storage.observe_volume(TENANT, written.uid) is None
        storage.ensure_snapshot_absent(TENANT, written.uid, uid)

    # --- clones of volumes ---

    @pytest.mark.parametrize("independent", [False, True])
    @pytest.mark.parametrize("of_snapshot", [False, True])
    def test_clone_has_the_content_and_outlives_its_origin(
        self,
        harness: StorageHarness,
        storage: StorageDriver,
        written: VolumeSource,
        of_snapshot: bool,
        independent: bool,
    ) -> None:
        uid = _snapshot(storage, written) if of_snapshot else None
        if of_snapshot:
            harness.write(TENANT, written.uid, 0, _block(b"two"))
        clone = replace(blank(16), volume_uid=written.uid, snapshot_uid=uid, independent=independent)
        made = storage.ensure_volume(clone)
        assert (made.size_bytes, made.independent) == (clone.size_bytes, independent)
        assert storage.ensure_volume(clone) == made
        harness.write(TENANT, written.uid, 0, _block(b"three"))
        harness.write(TENANT, clone.uid, BLOCK, _block(b"own"))
        assert harness.read(TENANT, written.uid, BLOCK, 3) == bytes(3)
        _remove(storage, written.uid)
        assert harness.read(TENANT, clone.uid, 0, 3) == b"one"
        assert harness.read(TENANT, clone.uid, BLOCK, 3) == b"own"
        _remove(storage, clone.uid)

    def test_flattened_volume_needs_its_origin_no_more_and_keeps_its_snapshots(
        self, harness: StorageHarness, storage: StorageDriver, image: ImageSource
    ) -> None:
        seen = storage.observe_image(image.uid)
        assert seen is not None
        clone = replace(blank(), image_uid=image.uid, size_bytes=seen.virtual_size_bytes)
        assert not storage.ensure_volume(clone).independent
        content = harness.first_bytes(TENANT, clone.uid)
        uid = _snapshot(storage, clone)
        harness.write(TENANT, clone.uid, BLOCK, _block(b"own"))
        assert storage.ensure_independent(TENANT, clone.uid).independent
        assert storage.ensure_independent(TENANT, clone.uid).independent
        storage.ensure_image_absent(image.uid)
        assert harness.first_bytes(TENANT, clone.uid) == content
        assert harness.read(TENANT, clone.uid, BLOCK, 3) == b"own"
        storage.roll_back(TENANT, clone.uid, uid, act="a")
        assert harness.read(TENANT, clone.uid, BLOCK, 3) == bytes(3)
        assert harness.first_bytes(TENANT, clone.uid) == content
        _remove(storage, clone.uid)

    def test_clone_of_what_is_not_there_is_not_found(self, storage: StorageDriver, volume: VolumeSource) -> None:
        for missing, reason in (
            (replace(blank(), volume_uid=str(uuid4())), "VolumeMissing"),
            (replace(blank(), volume_uid=volume.uid, snapshot_uid="none"), "SnapshotMissing"),
        ):
            with pytest.raises(NotFound) as caught:
                storage.ensure_volume(missing)
            assert caught.value.reason == reason
            assert storage.observe_volume(TENANT, missing.uid) is None

    def test_clone_of_two_things_or_smaller_than_its_origin_is_refused(
        self, storage: StorageDriver, volume: VolumeSource
    ) -> None:
        for wrong, reason in (
            (replace(blank(), volume_uid=volume.uid, image_uid="image"), "SourceAmbiguous"),
            (replace(blank(), snapshot_uid="alone"), "SourceAmbiguous"),
            (replace(blank(1), volume_uid=volume.uid), "ImageLarger"),
        ):
            with pytest.raises(Permanent) as caught:
                storage.ensure_volume(wrong)
            assert caught.value.reason == reason

    # --- trash ---

    def test_volume_in_the_trash_comes_back_with_all_it_had(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource
    ) -> None:
        uid = _snapshot(storage, written)
        before = storage.observe_volume(TENANT, written.uid)
        storage.ensure_volume_absent(TENANT, written.uid, keep_s=60)
        assert storage.observe_volume(TENANT, written.uid) is None
        assert written.uid not in storage.observe_volumes()
        seen = harness.driver().observe_trash()[written.uid]
        assert (seen.tenant_uid, seen.size_bytes, seen.until_s) == (TENANT, written.size_bytes, harness.now + 60)
        storage.ensure_volume_absent(TENANT, written.uid)
        assert written.uid in storage.observe_trash()
        with pytest.raises(NotFound) as caught:
            storage.restore_volume(STRANGER, written.uid)
        assert caught.value.reason == "VolumeMissing"
        assert storage.restore_volume(TENANT, written.uid) == before
        assert storage.restore_volume(TENANT, written.uid) == before
        assert written.uid not in storage.observe_trash()
        assert [s.uid for s in storage.observe_snapshots(TENANT, written.uid)] == [uid]
        assert harness.read(TENANT, written.uid, 0, 3) == b"one"

    def test_trash_is_destroyed_after_its_time_and_not_before(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource
    ) -> None:
        _snapshot(storage, written)
        storage.ensure_volume_absent(TENANT, written.uid, keep_s=60)
        harness.now += 59
        assert storage.purge_trash() == 0
        harness.now += 2
        assert storage.purge_trash() == 1
        assert storage.observe_trash() == {}
        with pytest.raises(NotFound):
            storage.restore_volume(TENANT, written.uid)

    # --- differences ---

    def test_differences_are_where_it_was_written_and_tell_zeros_apart(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource
    ) -> None:
        harness.write(TENANT, written.uid, 5 * MIB, _block(b"five"))
        first = _snapshot(storage, written)
        harness.write(TENANT, written.uid, MIB, _block(b"new") + _block(b"more"))
        harness.write(TENANT, written.uid, 5 * MIB, bytes(BLOCK))
        second = _snapshot(storage, written)
        harness.write(TENANT, written.uid, 2 * MIB, _block(b"later"))

        def differ(since: str | None, until: str | None, *, whole: bool = False) -> tuple[Extent, ...]:
            return storage.observe_differences(TENANT, written.uid, since=since, until=until, whole_objects=whole)

        changed = (Extent(MIB, 2 * BLOCK, exists=True), Extent(5 * MIB, BLOCK, exists=False))
        assert differ(first, second) == changed
        assert differ(second, second) == ()
        assert differ(None, first) == (Extent(0, BLOCK, exists=True), Extent(5 * MIB, BLOCK, exists=True))
        assert differ(second, None) == (Extent(2 * MIB, BLOCK, exists=True),)
        assert differ(first, second, whole=True) == (
            Extent(0, 4 * MIB, exists=True),
            Extent(4 * MIB, 4 * MIB, exists=False),
        )
        storage.roll_back(TENANT, written.uid, first, act="a")
        back = differ(second, None)
        assert {(e.offset, e.exists) for e in back} == {(MIB, False), (5 * MIB, True)}
        for since, until in (("none", second), (first, "none")):
            with pytest.raises(NotFound) as caught:
                differ(since, until)
            assert caught.value.reason == "SnapshotMissing"

    def test_exported_differences_make_another_volume_the_same(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource
    ) -> None:
        first = _snapshot(storage, written)
        harness.write(TENANT, written.uid, 0, bytes(BLOCK))
        harness.write(TENANT, written.uid, 3 * MIB, _block(b"three"))
        storage.ensure_volume(replace(written, size_bytes=written.size_bytes + MIB))
        second = _snapshot(storage, written)
        whole, part = _stream(storage, written.uid, None, first), _stream(storage, written.uid, first, second)
        copy = blank()
        storage.ensure_volume(copy)
        with pytest.raises(NotFound):
            storage.import_differences(TENANT, copy.uid, [part])
        assert storage.import_differences(TENANT, copy.uid, [whole]).uid == first
        assert harness.read(TENANT, copy.uid, 0, 3) == b"one"
        taken = storage.import_differences(TENANT, copy.uid, [part[:100], part[100:]])
        assert (taken.uid, taken.size_bytes) == (second, written.size_bytes + MIB)
        assert storage.import_differences(TENANT, copy.uid, [part]) == taken
        size = taken.size_bytes
        assert harness.read(TENANT, copy.uid, 0, size) == harness.read(TENANT, written.uid, 0, size)
        assert harness.read(TENANT, copy.uid, 3 * MIB, 5) == b"three"
        storage.roll_back(TENANT, copy.uid, first, act="a")
        assert harness.read(TENANT, copy.uid, 0, 3) == b"one"
        _remove(storage, copy.uid)

    def test_damaged_stream_changes_nothing(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource
    ) -> None:
        uid = _snapshot(storage, written)
        stream = _stream(storage, written.uid, None, uid)
        copy = blank()
        storage.ensure_volume(copy)
        flipped = bytearray(stream)
        flipped[len(stream) // 2] ^= 1
        for wrong in (b"", stream[:-1], stream[: len(stream) // 2], stream + b"x", bytes(flipped), b"x" + stream):
            with pytest.raises(Permanent) as caught:
                storage.import_differences(TENANT, copy.uid, [wrong])
            assert caught.value.reason == "StreamDamaged"
        assert storage.observe_snapshots(TENANT, copy.uid) == ()
        assert harness.read(TENANT, copy.uid, 0, 3) == bytes(3)
        _remove(storage, copy.uid)

    def test_stream_does_not_overwrite_what_was_written_since(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource
    ) -> None:
        uid = _snapshot(storage, written)
        stream = _stream(storage, written.uid, None, uid)
        copy = blank()
        storage.ensure_volume(copy)
        harness.write(TENANT, copy.uid, 0, _block(b"mine"))
        with pytest.raises(Permanent) as caught:
            storage.import_differences(TENANT, copy.uid, [stream])
        assert caught.value.reason == "VolumeChanged"
        assert harness.read(TENANT, copy.uid, 0, 4) == b"mine"
        _remove(storage, copy.uid)

    def test_volume_is_exported_byte_for_byte(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource
    ) -> None:
        uid = _snapshot(storage, written)
        harness.write(TENANT, written.uid, 0, _block(b"two"))
        for snapshot, text in ((uid, b"one"), (None, b"two")):
            with storage.export_volume(TENANT, written.uid, snapshot_uid=snapshot, image_format="raw") as pieces:
                assert b"".join(pieces) == text.ljust(written.size_bytes, b"\0")
        with pytest.raises(Permanent), storage.export_volume(TENANT, written.uid, snapshot_uid=uid, image_format="x"):
            pass

    # --- locks ---

    def test_lock_is_one_owner_s_until_given_back(
        self, harness: StorageHarness, storage: StorageDriver, volume: VolumeSource
    ) -> None:
        storage.ensure_locked(TENANT, volume.uid, "h1")
        storage.ensure_locked(TENANT, volume.uid, "h1")
        with pytest.raises(Retryable) as caught:
            harness.driver().ensure_locked(TENANT, volume.uid, "h2")
        assert caught.value.reason == "VolumeLocked"
        storage.ensure_unlocked(TENANT, volume.uid, "h2")
        seen = storage.observe_volume(TENANT, volume.uid)
        assert seen is not None
        assert seen.lock_owner == "h1"
        storage.ensure_unlocked(TENANT, volume.uid, "h1")
        storage.ensure_locked(TENANT, volume.uid, "h2")

    def test_broken_lock_fences_its_owner_and_waits_for_an_open_guest(
        self, harness: StorageHarness, storage: StorageDriver, written: VolumeSource
    ) -> None:
        storage.ensure_locked(TENANT, written.uid, "h1")
        known = storage.disk_source(TENANT, written.uid)
        with harness.opened(TENANT, written.uid):
            with pytest.raises(Retryable) as caught:
                storage.break_lock(TENANT, written.uid, "h1")
            assert caught.value.reason == "VolumeBusy"
        storage.break_lock(TENANT, written.uid, "h2")
        assert storage.disk_source(TENANT, written.uid) == known
        storage.break_lock(TENANT, written.uid, "h1")
        storage.break_lock(TENANT, written.uid, "h1")
        assert storage.disk_source(TENANT, written.uid) != known
        assert harness.read(TENANT, written.uid, 0, 3) == b"one"
        storage.ensure_locked(TENANT, written.uid, "h2")

    def test_capabilities_tell_what_this_contract_tests(self, storage: StorageDriver) -> None:
        able = storage.capabilities()
        assert (able.snapshots, able.clones, able.differences, able.trash, able.locks) == (True,) * 5


def _block(text: bytes) -> bytes:
    return text.ljust(BLOCK, b"\0")


def _snapshot(storage: StorageDriver, volume: VolumeSource) -> str:
    """The uid of a new snapshot."""
    uid = str(uuid4())
    storage.ensure_snapshots([SnapshotSource(uid, TENANT, volume.uid)])
    return uid


def _stream(storage: StorageDriver, uid: str, since: str | None, until: str) -> bytes:
    with storage.export_differences(TENANT, uid, since=since, until=until) as pieces:
        return b"".join(pieces)


def _remove(storage: StorageDriver, uid: str) -> None:
    for snapshot in storage.observe_snapshots(TENANT, uid):
        storage.ensure_snapshot_absent(TENANT, uid, snapshot.uid)
    storage.ensure_volume_absent(TENANT, uid)
