"""Kills the file driver before every single step that it takes in a pool, and looks at what comes of it.

Run as a program, because it forks: `python -m tests.drivers.killing ACT DIRECTORY`. It prints how many steps the act
takes and everything that was wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from pextra.drivers.file.driver import FileStorage
from pextra.drivers.file.durable import Steps
from pextra.drivers.interface import ImageSource, SnapshotSource, VolumeSource

TENANT = "tenant-a"
MIB = 1 << 20
NOW = 1000.0


class Scene:
    """A pool with an image, a volume `v` with two snapshots, a volume `w`, and `t` in the trash."""

    def __init__(self, root: Path, images: Path) -> None:
        self.root = root
        self.images = images
        self.late = FileStorage(root, allowed_dirs=[images], clock=lambda: NOW + 1000)
        self.storage = FileStorage(root, allowed_dirs=[images], clock=lambda: NOW)

    def furnish(self) -> None:
        """Make what is there before the act."""
        image = self.image("golden", b"golden".ljust(MIB, b"\1"))
        self.storage.ensure_image(image)
        for uid in ("v", "w", "t"):
            self.storage.ensure_volume(VolumeSource(uid, TENANT, 2 * MIB, image.uid))
            self.write(uid, 1, 0)
        self.storage.ensure_volume_absent(TENANT, "t", keep_s=60)
        for number, snapshot in enumerate(("s1", "s2"), 2):
            self.storage.ensure_snapshots([SnapshotSource(snapshot, TENANT, "v")])
            self.write("v", number, number * 65536)
        self.storage.ensure_locked(TENANT, "w", "gone")
        self.storage.ensure_volume(VolumeSource("empty", TENANT, 2 * MIB))

    def image(self, uid: str, content: bytes) -> ImageSource:
        """A raw image of this content."""
        path = self.images / uid
        path.write_bytes(content)
        return ImageSource(uid, path.as_uri(), "raw", hashlib.sha256(content).hexdigest())

    def vmdk(self) -> ImageSource:
        """An image that has to be converted."""
        raw, path = self.images / "raw", self.images / "vmdk"
        if not path.exists():
            raw.write_bytes(b"vmdk".ljust(MIB, b"\2"))
            subprocess.run(["qemu-img", "convert", "-O", "vmdk", str(raw), str(path)], check=True)
        return ImageSource("vmdk", path.as_uri(), "vmdk", hashlib.sha256(path.read_bytes()).hexdigest())

    def write(self, uid: str, pattern: int, offset: int) -> None:
        """Write 64 KiB as a guest."""
        location = self.storage.disk_source(TENANT, uid).location
        command = f"write -P {pattern} {offset} 64k"
        subprocess.run(["qemu-io", "-f", "qcow2", "-c", command, location], check=True, capture_output=True)

    def content(self, uid: str) -> str:
        """What a guest would read."""
        location = self.storage.disk_source(TENANT, uid).location
        done = subprocess.run(
            ["qemu-io", "-f", "qcow2", "-r", "-c", "read -v 0 1M", location], check=True, capture_output=True
        )
        return hashlib.sha256(b"".join(line[:57] for line in done.stdout.splitlines() if line[8:9] == b":")).hexdigest()

    def state(self) -> dict[str, object]:
        """What can be seen of the pool, but for the bytes that are used."""
        volumes = self.storage.observe_volumes()
        return {
            "volumes": {
                uid: [v.size_bytes, v.independent, v.lock_owner, self.content(uid)]
                for uid, v in sorted(volumes.items())
            },
            "snapshots": {
                uid: [[s.uid, s.id, s.size_bytes] for s in self.storage.observe_snapshots(TENANT, uid)]
                for uid in sorted(volumes)
            },
            "trash": sorted(self.storage.observe_trash()),
            "images": sorted(self.storage.observe_images()),
        }

    def files(self) -> list[str]:
        """Every file and directory of the pool."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.glob("**/*"))


def _import(scene: Scene) -> None:
    stream = (scene.images / "stream").read_bytes()
    scene.storage.import_differences(TENANT, "empty", [stream])


ACTS: dict[str, Callable[[Scene], object]] = {
    "store an image": lambda s: s.storage.ensure_image(s.image("other", b"other".ljust(MIB, b"\3"))),
    "convert an image": lambda s: s.storage.ensure_image(s.vmdk()),
    "remove an image": lambda s: s.storage.ensure_image_absent("golden"),
    "make a volume": lambda s: s.storage.ensure_volume(VolumeSource("n", TENANT, MIB)),
    "clone an image": lambda s: s.storage.ensure_volume(VolumeSource("n", TENANT, 2 * MIB, "golden")),
    "clone a volume": lambda s: s.storage.ensure_volume(VolumeSource("n", TENANT, 2 * MIB, volume_uid="v")),
    "clone a snapshot": lambda s: s.storage.ensure_volume(
        VolumeSource("n", TENANT, 2 * MIB, volume_uid="v", snapshot_uid="s1")
    ),
    "copy a volume": lambda s: s.storage.ensure_volume(
        VolumeSource("n", TENANT, 2 * MIB, volume_uid="v", independent=True)
    ),
    "grow a volume": lambda s: s.storage.ensure_volume(VolumeSource("v", TENANT, 3 * MIB)),
    "flatten a volume": lambda s: s.storage.ensure_independent(TENANT, "v"),
    "snapshot a group": lambda s: s.storage.ensure_snapshots(
        [SnapshotSource(f"g-{uid}", TENANT, uid) for uid in ("v", "w")]
    ),
    "snapshot a volume": lambda s: s.storage.ensure_snapshots([SnapshotSource("s3", TENANT, "v")]),
    "plan and finish a snapshot": lambda s: (
        None
        if any(k.uid == "s3" for k in s.storage.observe_snapshots(TENANT, "v"))
        else s.storage.ensure_snapshot_prepared(SnapshotSource("s3", TENANT, "v")),
        s.storage.ensure_snapshot_finished(SnapshotSource("s3", TENANT, "v")),
    ),
    "remove a snapshot": lambda s: s.storage.ensure_snapshot_absent(TENANT, "v", "s1"),
    "roll back": lambda s: s.storage.roll_back(TENANT, "v", "s1", act="a"),
    "break a lock": lambda s: s.storage.break_lock(TENANT, "w", "gone"),
    "destroy a volume": lambda s: s.storage.ensure_volume_absent(TENANT, "w"),
    "move to the trash": lambda s: s.storage.ensure_volume_absent(TENANT, "v", keep_s=60),
    "restore": lambda s: s.storage.restore_volume(TENANT, "t"),
    "purge": lambda s: s.late.purge_trash(),
    "import": _import,
}


def _killed_before(act: Callable[[Scene], object], scene: Scene, number: int) -> bool:
    """Whether the act was killed before its step of that number; otherwise it was done."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code not in (0, 9):
            raise RuntimeError(f"the act failed with {code}")
        return code == 9
    taken = 0

    def count(_: str) -> None:
        nonlocal taken
        taken += 1
        if taken == number:
            os._exit(9)

    Steps.before = count
    try:
        act(scene)
    except BaseException as error:  # noqa: BLE001 - a forked child must not go on as its parent
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def main(name: str, directory: Path) -> dict[str, object]:
    """Kill the act before each of its steps in turn, and let it be done again."""
    act, images = ACTS[name], directory / "images"
    images.mkdir()
    first = Scene(directory / "first", images)
    first.furnish()
    with first.storage.export_differences(TENANT, "v", since=None, until="s2") as stream:
        (images / "stream").write_bytes(b"".join(stream))
    before = first.state()
    done = Scene(_copied(first.root, directory / "done"), images)
    act(done)
    after, files = done.state(), done.files()
    problems: list[str] = []
    if after == before:
        problems.append("the act does nothing")
    number = 0
    while True:
        number += 1
        scene = Scene(_copied(first.root, directory / f"killed-{number}"), images)
        if not _killed_before(act, scene, number):
            break
        if (between := scene.state()) not in (before, after) and name != "plan and finish a snapshot":
            problems.append(f"killed before step {number}: {between}")
        act(scene)
        if (again := scene.state()) != after:
            problems.append(f"done again after a kill before step {number}: {again}")
        if litter := set(scene.files()) ^ set(files):
            problems.append(f"done again after a kill before step {number}: {sorted(litter)}")
    return {"steps": number - 1, "problems": problems}


def _copied(root: Path, target: Path) -> Path:
    subprocess.run(["cp", "-a", str(root), str(target)], check=True)
    return target


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
