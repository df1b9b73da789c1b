"""The storage half of a live snapshot, with QEMU's own block layer as the guest that has the volume open."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pextra.drivers.file.driver import FileStorage
from pextra.drivers.file.nbd import Disk
from pextra.drivers.interface import DiskSource, Retryable, SnapshotPlan, SnapshotSource, VolumeSource
from tests.drivers.pools import MIB, TENANT, Pool
from tests.labs.waiting import wait_until

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-storage-daemon") is None,
    reason="qemu-storage-daemon is not installed: apt-get install --no-install-recommends qemu-system-common",
)
BLOCK = 64 << 10
WANTED = SnapshotSource("s1", TENANT, "v")


class Guest:
    """A QEMU program that has a disk open for writing, as a guest's has; it is told what to do as by QMP."""

    def __init__(self, process: subprocess.Popen[str], disk: Disk) -> None:
        self._process = process
        self.disk = disk

    def write(self, offset: int, text: bytes) -> None:
        """Write a block."""
        self.disk.write(offset, text.ljust(BLOCK, b"\0"))
        self.disk.flush()

    def act_on(self, plan: SnapshotPlan, *, switch: bool = True) -> None:
        """What a compute driver does."""
        file = {"driver": "file", "filename": plan.overlay.location}
        self.tell("blockdev-add", {"driver": "qcow2", "node-name": "top", "file": file, "backing": None})
        if switch:
            self.tell("blockdev-snapshot", {"node": "disk", "overlay": "top"})

    def tell(self, command: str, arguments: dict[str, Any] | None = None) -> None:
        """One QMP command, which must succeed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"execute": command, "arguments": arguments or {}}) + "\n")
        self._process.stdin.flush()
        while "event" in (answer := json.loads(self._process.stdout.readline())):
            continue
        assert "return" in answer, answer


@contextmanager
def guest_on(source: DiskSource, directory: Path) -> Generator[Guest]:
    """A guest on the disk, which is opened by the word of its headers, as libvirt has it."""
    address = directory / "nbd"
    node = {"driver": source.format, "node-name": "disk", "file": {"driver": "file", "filename": source.location}}
    command = [
        "qemu-storage-daemon", "--blockdev", json.dumps(node),
        "--chardev", "stdio,id=c", "--monitor", "chardev=c",
        "--nbd-server", f"addr.type=unix,addr.path={address}",
        "--export", "type=nbd,id=e,node-name=disk,name=d,writable=on",
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "QMP" in process.stdout.readline()
            with socket.socket(socket.AF_UNIX) as connection:
                wait_until(lambda: connection.connect_ex(str(address)) == 0, 10.0, "the guest's disk")
                guest = Guest(process, Disk(connection))
                guest.tell("qmp_capabilities")
                yield guest
        finally:
            process.terminate()
            process.communicate()
            address.unlink(missing_ok=True)


@pytest.fixture
def storage(tmp_path: Path) -> FileStorage:
    storage = Pool(tmp_path).driver()
    storage.ensure_volume(VolumeSource("v", TENANT, 8 * MIB))
    return storage


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory whose name leaves room for a socket's."""
    return tmp_path_factory.mktemp("s")


def content(storage: FileStorage, snapshot: str | None) -> list[bytes]:
    with storage.export_volume(TENANT, "v", snapshot_uid=snapshot, image_format="raw") as pieces:
        whole = b"".join(pieces)
    return [whole[n * BLOCK :][:8].rstrip(b"\0") for n in range(3)]


def test_guest_is_snapshotted_while_it_writes_and_never_by_storage_alone(storage: FileStorage, short: Path) -> None:
    with guest_on(storage.disk_source(TENANT, "v"), short) as guest:
        guest.write(0, b"before")
        with pytest.raises(Retryable) as caught:
            storage.ensure_snapshots([WANTED])
        assert caught.value.reason == "VolumeBusy"
        guest.act_on(storage.ensure_snapshot_prepared(WANTED))
        guest.write(BLOCK, b"after")
        assert storage.ensure_snapshot_finished(WANTED).uid == "s1"
        assert content(storage, "s1") == [b"before", b"", b""]
        with pytest.raises(Retryable):
            storage.roll_back(TENANT, "v", "s1", act="a")
        with pytest.raises(Retryable):
            storage.ensure_volume_absent(TENANT, "v", keep_s=60)
        guest.write(2 * BLOCK, b"later")
    assert content(storage, None) == [b"before", b"after", b"later"]
    with guest_on(storage.disk_source(TENANT, "v"), short) as guest:
        assert guest.disk.read(BLOCK, 5) == b"after"
    storage.roll_back(TENANT, "v", "s1", act="a")
    assert content(storage, None) == [b"before", b"", b""]


def test_snapshot_removed_under_a_running_guest_is_merged_once_it_is_off(
    storage: FileStorage, short: Path, tmp_path: Path
) -> None:
    with guest_on(storage.disk_source(TENANT, "v"), short) as guest:
        guest.write(0, b"before")
        guest.act_on(storage.ensure_snapshot_prepared(WANTED))
        guest.write(BLOCK, b"after")
        storage.ensure_snapshot_finished(WANTED)
        storage.ensure_snapshot_absent(TENANT, "v", "s1")
        assert storage.observe_snapshots(TENANT, "v") == ()
        assert guest.disk.read(0, 6) == b"before"
        assert len(list(tmp_path.glob("pool/volumes/*/v/*.qcow2"))) == 2
    storage.ensure_snapshot_absent(TENANT, "v", "s1")
    assert len(list(tmp_path.glob("pool/volumes/*/v/*.qcow2"))) == 1
    assert content(storage, None) == [b"before", b"after", b""]


def test_plan_that_was_acted_on_is_finished_though_nobody_came_back_for_it(storage: FileStorage, short: Path) -> None:
    with guest_on(storage.disk_source(TENANT, "v"), short) as guest:
        guest.write(0, b"before")
        guest.act_on(storage.ensure_snapshot_prepared(WANTED))
        guest.write(BLOCK, b"after")
    # The guest restarts on what it wrote last, before anybody has finished anything.
    with guest_on(storage.disk_source(TENANT, "v"), short) as guest:
        assert guest.disk.read(BLOCK, 5) == b"after"
        guest.write(2 * BLOCK, b"later")
    storage.ensure_snapshots([SnapshotSource("s2", TENANT, "v")])
    assert [s.uid for s in storage.observe_snapshots(TENANT, "v")] == ["s1", "s2"]
    assert content(storage, "s1") == [b"before", b"", b""]
    assert content(storage, "s2") == [b"before", b"after", b"later"]


def test_plan_whose_overlay_was_opened_but_not_switched_to_is_dropped(storage: FileStorage, short: Path) -> None:
    with guest_on(storage.disk_source(TENANT, "v"), short) as guest:
        plan = storage.ensure_snapshot_prepared(WANTED)
        guest.act_on(plan, switch=False)
        guest.write(0, b"before")
        with pytest.raises(Retryable) as caught:
            storage.ensure_snapshot_prepared(SnapshotSource("s2", TENANT, "v"))
        assert caught.value.reason == "VolumeBusy"
    assert storage.disk_source(TENANT, "v") == plan.current
    storage.ensure_snapshots([SnapshotSource("s3", TENANT, "v")])
    assert [s.uid for s in storage.observe_snapshots(TENANT, "v")] == ["s3"]
    assert content(storage, None) == [b"before", b"", b""]
