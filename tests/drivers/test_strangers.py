"""What is nobody's is taken from a pool of files: disks can be had back for a while, images go at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pextra.drivers import strangers
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.file.driver import FileStorage
from pextra.drivers.interface import HostInventory, ImageSource, SnapshotSource, VolumeSource
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.network import SimNetwork
from pextra.drivers.sim.world import SimWorld

MIB = 1 << 20
KEPT_S = 100.0


def test_disks_of_files_go_to_the_trash_with_their_snapshots_and_images_go_at_once(tmp_path: Path) -> None:
    now = 1000.0
    storage = FileStorage(tmp_path / "pool", allowed_dirs=[tmp_path], clock=lambda: now)
    world = SimWorld()
    world.ensure_host("host", HostInventory(1, 1024, 10, "sim", accelerated=False))
    host = HostDrivers(SimCompute(world, "host"), SimNetwork(world, "host"), storage, "pool")
    source = tmp_path / "raw"
    source.write_bytes(bytes(MIB))
    digest = hashlib.sha256(bytes(MIB)).hexdigest()
    for uid in ("orphan", "kept"):
        storage.ensure_image(ImageSource(f"{uid}-image", source.as_uri(), "raw", digest))
        storage.ensure_volume(VolumeSource(uid, "tenant", 2 * MIB, f"{uid}-image"))
    storage.ensure_volume(VolumeSource("orphan.rescue", "tenant", 2 * MIB))
    storage.ensure_snapshots([SnapshotSource("snapshot", "tenant", "orphan")])
    assert strangers.on_host(host) == {"orphan", "kept", "orphan-image", "kept-image"}
    for uid in ("orphan", "orphan-image", "never-there"):
        strangers.remove(uid, host, keep_s=KEPT_S)
    assert strangers.on_host(host) == {"kept", "kept-image"}
    assert {t.uid: t.until_s for t in storage.observe_trash().values()} == dict.fromkeys(
        ("orphan", "orphan.rescue"), now + KEPT_S
    )
    assert storage.restore_volume("tenant", "orphan").size_bytes == 2 * MIB
    assert len(storage.observe_snapshots("tenant", "orphan")) == 1
    strangers.remove("orphan", host, keep_s=KEPT_S)
    assert storage.purge_trash() == 0
    now += KEPT_S + 1
    assert storage.purge_trash() == 2
    assert storage.observe_trash() == {}
