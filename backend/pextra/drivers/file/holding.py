"""Holding a volume while it is changed, among all threads and processes that use the pool."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from pextra.drivers.file import manifest as manifests
from pextra.drivers.file.durable import remove_if_empty, remove_tree, sync
from pextra.drivers.file.layers import is_written, merge, refuse_tampered, tidy
from pextra.drivers.file.locking import closed, is_abandoned, is_open_in_qemu, locked_directory
from pextra.drivers.file.manifest import KeptSnapshot, Manifest
from pextra.drivers.file.pool import Pool, VolumePlace
from pextra.drivers.interface import NotFound, Retryable


class Held:
    """A volume that nobody else changes for now. Its manifest is what was decided, and its directory is tidy."""

    def __init__(self, pool: Pool, place: VolumePlace) -> None:
        self.pool = pool
        self.place = place
        self._manifest = self._settled()

    @property
    def manifest(self) -> Manifest | None:
        """What the volume consists of, or None when there is none."""
        return self._manifest

    @property
    def present(self) -> Manifest:
        """What the volume consists of.

        Raises:
            NotFound: `VolumeMissing`.
        """
        if self._manifest is None:
            raise missing(self.place.uid)
        return self._manifest

    @property
    def head(self) -> Path:
        """The layer that guests write."""
        return self.place.dir / self.present.head

    def reload(self) -> None:
        """Take note of what was written behind this object's back."""
        self._manifest = manifests.read(self.place)

    def change(self, manifest: Manifest) -> Manifest:
        """Have the volume consist of this from now on; what it no longer needs goes."""
        self._manifest = manifests.write(self.place.dir, manifest)
        tidy(self.pool, self.place.dir, self._manifest)
        return self._manifest

    def merge(self) -> None:
        """Merge what needs not be apart."""
        self._manifest = merge(self.pool, self.place, self.present)

    @contextmanager
    def closed(self) -> Generator[Manifest]:
        """The volume's manifest, while no guest can open it; a plan for a snapshot has been resolved.

        Raises:
            NotFound: `VolumeMissing`.
            Retryable: `VolumeBusy`.
        """
        with ExitStack() as held:
            held.enter_context(closed(self.head))
            if (pending := self.present.pending) is not None:
                held.enter_context(closed(self.place.dir / pending.overlay))
                self.change(resolved(self.place.dir, self.present))
            refuse_tampered(self.place.dir, self.present, self.present.head)
            yield self.present

    def destroy(self) -> None:
        """Remove the volume's directory, which no guest has open, in a way that a kill does not undo."""
        if self.place.dir.is_dir():
            self.place.dir.rename(self.place.gone)
            sync(self.place.tenant_dir)
        self._manifest = None
        remove_tree(self.place.gone)

    def _settled(self) -> Manifest | None:
        remove_tree(self.place.gone)
        manifests.settle(self.place)
        found = manifests.read(self.place)
        if found is not None:
            tidy(self.pool, self.place.dir, found)
        return found


@contextmanager
def hold(pool: Pool, places: Sequence[VolumePlace]) -> Generator[list[Held]]:
    """Hold volumes, whether they exist or not, in the order in which they are given; waits for others."""
    with ExitStack() as stack:
        for place in sorted(places, key=lambda place: (place.tenant_uid, place.uid)):
            stack.callback(remove_if_empty, place.tenant_dir)
            stack.enter_context(locked_directory(place.work, pool.make_directory))
            stack.callback(remove_tree, place.work)
            for leftover in place.work.iterdir():
                remove_tree(leftover) if leftover.is_dir() else leftover.unlink()
        yield [Held(pool, place) for place in places]


@contextmanager
def hold_one(pool: Pool, place: VolumePlace) -> Generator[Held]:
    """Hold one volume."""
    with hold(pool, [place]) as (held,):
        yield held


def clear_abandoned(pool: Pool, places: Sequence[VolumePlace]) -> None:
    """Remove what a kill left of volumes that need no change; who is at work on one is not waited for."""
    for place in places:
        if is_abandoned(place.work):
            with hold_one(pool, place):
                continue


def resolved(directory: Path, manifest: Manifest) -> Manifest:
    """Without the plan for a snapshot of a volume that is closed now: it was acted on, or it was not.

    When a guest wrote to the overlay, the snapshot was taken. When not, it makes no difference which of the two it
    goes on with.
    """
    pending = manifest.pending
    if pending is None:
        return manifest
    if is_written(directory / pending.overlay):
        return finished(manifest)
    return replace(manifest, pending=None)


def finished(manifest: Manifest) -> Manifest:
    """The planned snapshot exists, and guests write to its overlay."""
    assert manifest.pending is not None
    taken = KeptSnapshot(manifest.pending.snapshot_uid, manifest.next_id, manifest.head, manifest.pending.taken_s)
    return replace(
        manifest,
        head=manifest.pending.overlay,
        snapshots=(*manifest.snapshots, taken),
        next_id=manifest.next_id + 1,
        pending=None,
    )


def written_layer(directory: Path, manifest: Manifest) -> str:
    """The layer that a guest writes or would write: a plan for a snapshot may have been acted on."""
    if manifest.pending is not None:
        overlay = directory / manifest.pending.overlay
        if is_written(overlay) or is_open_in_qemu(overlay):
            return manifest.pending.overlay
    return manifest.head


def busy(place: VolumePlace, why: str) -> Retryable:
    """The failure for a volume that a guest has open."""
    return Retryable("VolumeBusy", f"volume {place.uid} is open: {why}")


def missing(uid: str) -> NotFound:
    """The failure for a volume that is not there."""
    return NotFound("VolumeMissing", f"volume {uid} is not in this pool")


def snapshot_missing(volume_uid: str, uid: str) -> NotFound:
    """The failure for a snapshot that is not there."""
    return NotFound("SnapshotMissing", f"volume {volume_uid} has no snapshot {uid}")
