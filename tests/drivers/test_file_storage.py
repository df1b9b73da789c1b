"""The file driver against lying images, bad sources, full disks and kills."""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from pextra.drivers.account import Account
from pextra.drivers.file.driver import FileStorage
from pextra.drivers.interface import ImageSource, Permanent, Retryable, VolumeSource

MIB = 1 << 20
TENANT = "tenant-a"
CONTENT = b"raw image".ljust(2 * MIB, b"\1")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    directory = tmp_path / "images"
    directory.mkdir()
    return directory


@pytest.fixture
def storage(tmp_path: Path, images: Path) -> FileStorage:
    return FileStorage(tmp_path / "pool", allowed_dirs=[images], max_image_bytes=64 * MIB)


def described(url: str, content: bytes, image_format: str = "raw") -> ImageSource:
    return ImageSource(str(uuid4()), url, image_format, hashlib.sha256(content).hexdigest())


def stored_at(path: Path, content: bytes, image_format: str = "raw") -> ImageSource:
    path.write_bytes(content)
    return described(path.as_uri(), content, image_format)


def refusal(storage: FileStorage, image: ImageSource) -> str:
    with pytest.raises(Permanent) as caught:
        storage.ensure_image(image)
    assert storage.observe_image(image.uid) is None
    assert files_of(storage) == []
    return caught.value.reason


def files_of(storage: FileStorage) -> list[Path]:
    return [path for path in storage._pool.root.glob("**/*") if path.is_file()]


def qemu_img(*arguments: str | Path) -> None:
    subprocess.run(["qemu-img", *arguments], check=True, capture_output=True, timeout=30)


# --- bytes ---


def test_zeros_take_no_space(storage: FileStorage, images: Path) -> None:
    image = stored_at(images / "sparse", bytes(32 * MIB))
    stored = storage.ensure_image(image)
    assert stored.virtual_size_bytes == 32 * MIB
    assert stored.stored_bytes < MIB


def test_image_s_bytes_go_with_its_last_clone(storage: FileStorage, images: Path) -> None:
    image = stored_at(images / "golden", CONTENT)
    storage.ensure_image(image)
    clones = [VolumeSource(f"clone-{n}", TENANT, 4 * MIB, image.uid) for n in range(2)]
    for clone in clones:
        storage.ensure_volume(clone)
    storage.ensure_image_absent(image.uid)
    shared = {path.stat().st_ino for path in files_of(storage) if path.stat().st_size == len(CONTENT)}
    assert len(shared) == 1
    for clone in clones:
        storage.ensure_volume_absent(TENANT, clone.uid)
    assert files_of(storage) == []


def test_pool_is_closed_to_others(tmp_path: Path, images: Path) -> None:
    ours = FileStorage(tmp_path / "ours", allowed_dirs=[images])
    ours.ensure_volume(VolumeSource("volume", TENANT, MIB))
    assert stat.S_IMODE((tmp_path / "ours" / "volumes" / TENANT).stat().st_mode) == 0o700
    assert stat.S_IMODE(Path(ours.disk_source(TENANT, "volume").location).stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another account")
def test_guests_account_opens_volumes_and_cannot_list_or_change_directories(images: Path) -> None:
    account = Account("nobody", 65534, 65534)
    with short_directory() as root:
        storage = FileStorage(root / "pool", allowed_dirs=[images], account=account)
        image = stored_at(images / "golden", CONTENT)
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
        assert as_account("test", "-w", str(Path(disk).with_suffix(".base"))) != 0
        assert storage.ensure_volume(VolumeSource("volume", TENANT, 8 * MIB)).size_bytes == 8 * MIB


@contextmanager
def short_directory() -> Generator[Path]:
    """A directory that every account may pass through, as pytest's own may not be."""
    import shutil
    import tempfile

    path = Path(tempfile.mkdtemp(prefix="px-", dir="/tmp"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)


# --- full disks ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    path = tmp_path / "small"
    path.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(path)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here: CAP_SYS_ADMIN is missing")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def test_full_disk_is_retryable_and_leaves_nothing(small_disk: Path, images: Path) -> None:
    storage = FileStorage(small_disk / "pool", allowed_dirs=[images])
    image = stored_at(images / "too-large", os.urandom(6 * MIB))
    with pytest.raises(Retryable) as caught:
        storage.ensure_image(image)
    assert caught.value.reason == "PoolFull"
    assert files_of(storage) == []
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(bytes(6 * MIB))
    with pytest.raises(Retryable) as caught:
        storage.ensure_volume(VolumeSource("volume", TENANT, MIB))
    assert caught.value.reason == "PoolFull"
    assert storage.observe_volumes() == {}
    assert files_of(storage) == []
    filler.unlink()
    assert storage.ensure_volume(VolumeSource("volume", TENANT, MIB)).size_bytes == MIB


# --- kills and crowds ---


def test_fetch_killed_in_the_middle_is_done_again(storage: FileStorage, images: Path, tmp_path: Path) -> None:
    """A process dies while it fetches from a pipe-like source; what it left is neither seen nor kept."""
    image = stored_at(images / "golden", CONTENT)
    fetcher = (
        "import sys, time; from pathlib import Path\n"
        "from pextra.drivers.file import driver, images\n"
        "from pextra.drivers.interface import ImageSource\n"
        "write = images._write_sparsely\n"
        "def slowly(file, chunk):\n"
        "    write(file, chunk); file.flush(); print('wrote', flush=True); time.sleep(60)\n"
        "images._write_sparsely = slowly\n"
        "driver.FileStorage(Path(sys.argv[1]), allowed_dirs=[Path(sys.argv[2])]).ensure_image(\n"
        "    ImageSource(*sys.argv[3:]))\n"
    )
    arguments = [str(tmp_path / "pool"), str(images), image.uid, image.url, image.format, image.sha256]
    with subprocess.Popen(
        [sys.executable, "-c", fetcher, *arguments],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"wrote\n"
        assert storage.observe_image(image.uid) is None
        process.send_signal(signal.SIGKILL)
    assert len(files_of(storage)) == 1
    storage.ensure_image(image)
    assert [path.read_bytes() for path in files_of(storage)] == [CONTENT]


def test_what_a_killed_process_left_of_a_volume_is_neither_seen_nor_in_the_way(
    storage: FileStorage, images: Path
) -> None:
    image = stored_at(images / "golden", CONTENT)
    storage.ensure_image(image)
    files = storage._pool.volume(TENANT, "volume")
    storage._pool.make_directory(files.disk.parent)
    for leftover in (files.base, files.part):
        leftover.write_bytes(b"half")
    assert storage.observe_volumes() == {}
    assert storage.observe_volume(TENANT, "volume") is None
    made = storage.ensure_volume(VolumeSource("volume", TENANT, 4 * MIB, image.uid))
    assert made.size_bytes == 4 * MIB
    assert files.base.read_bytes() == CONTENT
    files.part.write_bytes(b"half")
    storage.ensure_volume_absent(TENANT, "volume")
    assert len(files_of(storage)) == 1


def test_many_at_once_make_one_image_and_one_volume(storage: FileStorage, images: Path) -> None:
    image = stored_at(images / "golden", CONTENT)
    volume = VolumeSource("volume", TENANT, 4 * MIB, image.uid)

    def make(_: int) -> object:
        return storage.ensure_image(image), storage.ensure_volume(volume)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(make, range(8)))) == 1
    assert len(files_of(storage)) == 3
