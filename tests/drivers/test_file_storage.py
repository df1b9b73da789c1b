"""The file driver's own promises: whose bytes are where, full disks, kills and crowds."""

from __future__ import annotations

import os
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pextra.drivers.account import Account
from pextra.drivers.file.driver import FileStorage
from pextra.drivers.interface import SnapshotSource, VolumeSource
from tests.drivers.pools import CONTENT, MIB, TENANT, Pool, open_directory, qemu_io


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return Pool(tmp_path)


# --- bytes ---


def test_image_s_bytes_go_with_its_last_clone(pool: Pool) -> None:
    image = pool.stored_at("golden", CONTENT)
    storage = pool.driver()
    storage.ensure_image(image)
    clones = [VolumeSource(f"clone-{n}", TENANT, 4 * MIB, image.uid) for n in range(2)]
    for clone in clones:
        storage.ensure_volume(clone)
    storage.ensure_image_absent(image.uid)
    shared = {path.stat().st_ino for path in pool.files() if path.stat().st_size == len(CONTENT)}
    assert len(shared) == 1
    for clone in clones:
        storage.ensure_volume_absent(TENANT, clone.uid)
    assert pool.files() == []


def test_pool_is_closed_to_others(pool: Pool) -> None:
    ours = pool.driver()
    ours.ensure_volume(VolumeSource("volume", TENANT, MIB))
    for directory in ("", "volumes", f"volumes/{TENANT}", f"volumes/{TENANT}/volume"):
        assert stat.S_IMODE((pool.root / directory).stat().st_mode) == 0o700
    assert stat.S_IMODE(Path(ours.disk_source(TENANT, "volume").location).stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another account")
def test_guests_account_opens_volumes_and_cannot_list_or_change_directories(pool: Pool) -> None:
    account = Account("nobody", 65534, 65534)
    with open_directory() as root:
        storage = FileStorage(root / "pool", allowed_dirs=[pool.images], account=account)
        image = pool.stored_at("golden", CONTENT)
        storage.ensure_image(image)
        storage.ensure_volume(VolumeSource("volume", TENANT, 4 * MIB, image.uid))
        disk = storage.disk_source(TENANT, "volume").location

        def as_account(*command: str) -> int:
            return subprocess.run(
                command, user=account.uid, group=account.gid, extra_groups=[], cwd="/",
                capture_output=True, timeout=30, check=False,
            ).returncode  # fmt: skip

        assert as_account("qemu-io", "-f", "qcow2", "-c", "write 0 512", disk) == 0
        assert as_account("ls", str(Path(disk).parent)) != 0
        assert as_account("touch", str(Path(disk).parent / "planted")) != 0
        (base,) = Path(disk).parent.glob("image.*")
        assert as_account("test", "-r", str(base)) == 0
        assert as_account("test", "-w", str(base)) != 0
        storage.ensure_snapshots([SnapshotSource("snapshot", TENANT, "volume")])
        assert as_account("test", "-r", disk) == 0
        assert as_account("test", "-w", disk) != 0
        top = storage.disk_source(TENANT, "volume").location
        assert as_account("qemu-io", "-f", "qcow2", "-c", "write 0 512", top) == 0
        assert storage.ensure_volume(VolumeSource("volume", TENANT, 8 * MIB)).size_bytes == 8 * MIB


def test_many_at_once_make_one_image_and_one_volume(pool: Pool) -> None:
    image = pool.stored_at("golden", CONTENT)
    volume = VolumeSource("volume", TENANT, 4 * MIB, image.uid)
    storage = pool.driver()

    def make(_: int) -> object:
        return storage.ensure_image(image), storage.ensure_volume(volume)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(make, range(8)))) == 1
    assert len(pool.files()) == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another account")
def test_history_of_a_volume_works_for_the_guests_account(pool: Pool) -> None:
    with open_directory() as root:
        storage = FileStorage(root / "pool", allowed_dirs=[pool.images], account=Account("nobody", 65534, 65534))
        image = pool.stored_at("golden", CONTENT)
        storage.ensure_image(image)
        storage.ensure_volume(VolumeSource("v", TENANT, 4 * MIB, image.uid))
        for uid in ("s1", "s2"):
            storage.ensure_snapshots([SnapshotSource(uid, TENANT, "v")])
            qemu_io(storage.disk_source(TENANT, "v").location, "write -P 7 1M 64k")
        storage.ensure_volume(VolumeSource("copy", TENANT, 4 * MIB, None, "v", "s2", independent=True))
        storage.ensure_volume(VolumeSource("twin", TENANT, 4 * MIB))
        with storage.export_differences(TENANT, "v", since=None, until="s2") as stream:
            assert storage.import_differences(TENANT, "twin", stream).uid == "s2"
        for uid in ("s1", "s2"):
            storage.ensure_snapshot_absent(TENANT, "v", uid)
        assert storage.ensure_independent(TENANT, "v").independent
        with storage.export_volume(TENANT, "v", snapshot_uid=None, image_format="raw") as pieces:
            assert b"".join(pieces)[: 2 * MIB] == CONTENT[:MIB] + b"\7" * 65536 + CONTENT[MIB + 65536 :]
        assert len(list(root.glob("pool/volumes/*/v/*.qcow2"))) == 1
