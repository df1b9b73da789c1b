"""The file driver on a disk that is full: it says so, leaves nothing half made, and goes on when there is room."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Runs in a mount namespace of its own, so that the small disk is nobody else's and goes with it.
ON_A_SMALL_DISK = """
import hashlib, json, os, subprocess, sys
from pathlib import Path
from pextra.drivers.file.driver import FileStorage
from pextra.drivers.interface import DriverError, ImageSource, SnapshotSource, VolumeSource

disk, MIB = Path(sys.argv[1]), 1 << 20
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", str(disk)], check=True)
root, filler = disk / "pool", disk / "filler"
images = Path(sys.argv[2])
storage = FileStorage(root, allowed_dirs=[images])

def image(uid, size):
    path = images / uid
    path.write_bytes(os.urandom(size))
    return ImageSource(uid, path.as_uri(), "raw", hashlib.sha256(path.read_bytes()).hexdigest())

def write(uid, offset, size):
    location = storage.disk_source("t", uid).location
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", f"write -P 7 {offset} {size}", location], check=True,
                   stdout=subprocess.DEVNULL)

def files():
    return sorted(str(p.relative_to(root)) for p in root.glob("**/*"))

def seen():
    return [sorted(storage.observe_volumes()), sorted(storage.observe_images()),
            [s.uid for s in storage.observe_snapshots("t", "v")]]

small, large = image("small", MIB), image("large", 30 * MIB)
storage.ensure_image(small)
storage.ensure_volume(VolumeSource("v", "t", 16 * MIB))
write("v", 0, 3 * MIB)
storage.ensure_snapshots([SnapshotSource("s1", "t", "v")])
write("v", MIB, MIB)
with storage.export_differences("t", "v", since=None, until="s1") as pieces:
    stream = b"".join(pieces)
storage.ensure_volume(VolumeSource("empty", "t", 16 * MIB))
acts = {
    "store an image": lambda: storage.ensure_image(large),
    "make a volume": lambda: storage.ensure_volume(VolumeSource("n", "t", MIB)),
    "clone an image": lambda: storage.ensure_volume(VolumeSource("c", "t", MIB, "small")),
    "clone a volume": lambda: storage.ensure_volume(VolumeSource("d", "t", 16 * MIB, volume_uid="v")),
    "copy a volume": lambda: storage.ensure_volume(
        VolumeSource("e", "t", 16 * MIB, volume_uid="v", snapshot_uid="s1", independent=True)),
    "snapshot": lambda: storage.ensure_snapshots([SnapshotSource("s2", "t", "v")]),
    "roll back": lambda: storage.roll_back("t", "v", "s1", act="a"),
    "import": lambda: storage.import_differences("t", "empty", [stream]),
}
told = {}
before, kept = seen(), files()
for name, act in acts.items():
    if name != "store an image":
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    continue
            except OSError:
                pass
    try:
        act()
        told[name] = "done"
    except DriverError as error:
        told[name] = f"{type(error).__name__} {error.reason}"
    if (seen(), files()) != (before, kept):
        told[name] += f" and left {sorted(set(files()) ^ set(kept))}"
    filler.unlink(missing_ok=True)
for name in ("snapshot", "clone an image", "import"):
    acts[name]()
told["then"] = seen()
print(json.dumps(told))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system takes root")
def test_full_disk_is_retryable_leaves_nothing_and_is_recovered_from(tmp_path: Path) -> None:
    disk, images = tmp_path / "disk", tmp_path / "images"
    for directory in (disk, images):
        directory.mkdir()
    allowed = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "none", str(disk)],
        capture_output=True, check=False,
    )  # fmt: skip
    if allowed.returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here: CAP_SYS_ADMIN is missing")
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", ON_A_SMALL_DISK, str(disk),
         str(images)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    then = told.pop("then")
    assert told == dict.fromkeys(told, "Retryable PoolFull")
    assert len(told) == 8
    assert then == [["c", "empty", "v"], ["small"], ["s1", "s2"]]
    assert list(disk.iterdir()) == []
