"""How long the file driver takes for what a volume goes through, and how fast bytes come in.

Run it as a script: `python tests/benchmarks/storage.py [DIRECTORY]`. Only the ratios to the clone carry from one
machine and disk to another. Each figure is the best of three runs, but for the copies.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "backend"))
sys.path.insert(0, str(Path(__file__).parents[2]))

from pextra.drivers.file.driver import FileStorage
from pextra.drivers.interface import ImageSource, SnapshotSource, VolumeSource
from tests.benchmarks.table import show

MIB = 1 << 20
GIB = 1 << 30
TENANT = "tenant"


def seconds(act: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def main(parent: Path) -> None:
    """Measure in a directory of our own below `parent`."""
    with tempfile.TemporaryDirectory(dir=parent, prefix="pextra-benchmark-") as name:
        measure(Path(name))


def measure(root: Path) -> None:
    """Print the tables."""
    images = root / "images"
    images.mkdir()
    storage = FileStorage(root / "pool", allowed_dirs=[images])

    def image(uid: str, size: int, image_format: str = "raw") -> ImageSource:
        path = images / uid
        with path.open("wb") as file:
            for _ in range(size // MIB):
                file.write(os.urandom(MIB))
        if image_format != "raw":
            converted = path.with_suffix(f".{image_format}")
            subprocess.run(["qemu-img", "convert", "-O", image_format, str(path), str(converted)], check=True)
            path = converted
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return ImageSource(uid, path.as_uri(), image_format, digest)

    small = {kind: image(f"i-{kind}", 64 * MIB, kind) for kind in ("raw", "qcow2", "vmdk")}
    speeds = [
        (f"64 MiB image, {kind}", seconds(lambda source=source: storage.ensure_image(source)))
        for kind, source in small.items()
    ]
    golden = image("golden", GIB)
    speeds.append(("1 GiB image, raw", seconds(lambda: storage.ensure_image(golden))))

    def write(uid: str, offset: int, size: int) -> None:
        location = storage.disk_source(TENANT, uid).location
        command = f"write -P {offset % 250 + 1} {offset} {size}"
        subprocess.run(["qemu-io", "-f", "qcow2", "-c", command, location], check=True, capture_output=True)

    times: list[tuple[str, float]] = []

    def best(what: str, *acts: Callable[[], object]) -> None:
        times.append((what, min(seconds(act) for act in acts)))

    def clone(n: int) -> Callable[[], object]:
        return lambda: storage.ensure_volume(VolumeSource(f"v{n}", TENANT, GIB, "golden"))

    def snapshot(n: int) -> Callable[[], object]:
        return lambda: storage.ensure_snapshots([SnapshotSource(f"s{n}", TENANT, "v0")])

    best("clone (overlay) of a 1 GiB image", *map(clone, range(3)))
    best("observe a volume", *[lambda: storage.observe_volume(TENANT, "v0")] * 3)
    best("snapshot", snapshot(0))
    write("v0", 0, 64 * MIB)
    best("snapshot with 64 MiB written", snapshot(1))
    group = [SnapshotSource(f"g{n}", TENANT, f"v{n}") for n in range(3)]
    best("snapshot of a group of three", lambda: storage.ensure_snapshots(group))
    best("roll back", *[lambda n=n: storage.roll_back(TENANT, "v0", "s0", act=str(n)) for n in range(3)])
    best(
        "differences of two snapshots",
        *[lambda: storage.observe_differences(TENANT, "v0", since="s0", until="s1")] * 3,
    )
    best(
        "clone of a snapshot",
        *[lambda n=n: storage.ensure_volume(VolumeSource(f"c{n}", TENANT, GIB, None, "v0", "s1")) for n in range(3)],
    )
    whole: list[bytes] = []

    def export() -> None:
        with storage.export_differences(TENANT, "v0", since="s0", until="s1") as pieces:
            whole.extend(pieces)

    speeds.append(("64 MiB of differences, exported", seconds(export)))
    target = VolumeSource("target", TENANT, GIB, None, "v0", "s0")
    storage.ensure_volume(target)
    base: list[bytes] = []
    with storage.export_differences(TENANT, "v0", since=None, until="s0") as pieces:
        base.extend(pieces)
    storage.ensure_volume(VolumeSource("twin", TENANT, GIB))
    for what, stream in (("1 GiB from the empty disk, imported", base), ("64 MiB of differences, imported", whole)):
        spent = seconds(lambda stream=stream: storage.import_differences(TENANT, "twin", stream))
        speeds.append((what, spent))
    best("remove a snapshot of 1 GiB, merging", lambda: storage.ensure_snapshot_absent(TENANT, "twin", "s0"))
    best(
        "full copy of 1 GiB",
        lambda: storage.ensure_volume(VolumeSource("copy", TENANT, GIB, None, "v1", None, independent=True)),
    )
    best("flatten 1 GiB", lambda: storage.ensure_independent(TENANT, "v2"))
    best("move to the trash", lambda: storage.ensure_volume_absent(TENANT, "copy", keep_s=60))
    best("restore", lambda: storage.restore_volume(TENANT, "copy"))
    best("destroy 1 GiB", lambda: storage.ensure_volume_absent(TENANT, "copy"))
    unit = times[0][1]
    show("Acts", ("what", "ms", "clones"), [(what, took * 1000, took / unit) for what, took in times])
    rates = [(what, took, (1024 if "1 GiB" in what else 64) / took) for what, took in speeds]
    show("Bytes", ("what", "s", "MiB/s"), rates)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.gettempdir()))
