"""Content of volumes on its way out of a pool and into it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import BinaryIO, Final

from pextra.drivers.file import nbd
from pextra.drivers.file.differences import between, whole_objects
from pextra.drivers.file.durable import publish, remove_file, step
from pextra.drivers.file.holding import Held, hold_one, snapshot_missing
from pextra.drivers.file.layers import (
    copy,
    create,
    install,
    is_written,
    paths,
    refuse_odd_size,
    refuse_tampered,
    size_of,
)
from pextra.drivers.file.manifest import KeptSnapshot, Manifest
from pextra.drivers.file.pool import Pool
from pextra.drivers.file.qemu import chain
from pextra.drivers.file.snapshots import Snapshots
from pextra.drivers.interface import Extent, Permanent, SnapshotObservation
from pextra.drivers.interface.difference_stream import (
    DATA_MAX_BYTES,
    Decoder,
    StreamHeader,
    Written,
    Zeroed,
    damaged,
    encode,
)

_FORMATS: Final = ("raw", "qcow2")


class Transfers:
    """See the module.

    Args:
        pool: whose volumes.
        snapshots: theirs.
    """

    def __init__(self, pool: Pool, snapshots: Snapshots) -> None:
        self._pool = pool
        self._snapshots = snapshots

    def observe_differences(
        self, tenant_uid: str, volume_uid: str, since: str | None, until: str | None, *, whole: bool
    ) -> tuple[Extent, ...]:
        """See `StorageDriver.observe_differences`."""
        with self._reading(tenant_uid, volume_uid, until) as (held, layer):
            extents = self._between(held, since, layer)
            return whole_objects(extents, size_of(held.place.dir / layer)) if whole else extents

    @contextmanager
    def export_differences(
        self, tenant_uid: str, volume_uid: str, since: str | None, until: str
    ) -> Generator[Iterator[bytes]]:
        """See `StorageDriver.export_differences`; the volume is not held while the stream is read."""
        with ExitStack() as opened:
            with self._reading(tenant_uid, volume_uid, until) as (held, layer):
                extents = self._between(held, since, layer)
                header = StreamHeader(size_of(held.place.dir / layer), since, until)
                disk = opened.enter_context(self._disk(held, layer, locking="on"))
            yield encode(header, _records(disk, extents))

    def import_differences(self, tenant_uid: str, volume_uid: str, stream: Iterable[bytes]) -> SnapshotObservation:
        """See `StorageDriver.import_differences`."""
        decoder = Decoder(stream)
        header = decoder.header
        place = self._pool.volume(tenant_uid, volume_uid)
        with hold_one(self._pool, place) as held:
            if held.present.snapshot(header.until) is None:
                with held.closed() as manifest:
                    if manifest.snapshot(header.until) is None:
                        self._import(held, manifest, decoder)
            else:
                for _ in decoder.records():
                    pass
        return next(s for s in self._snapshots.observe(tenant_uid, volume_uid) if s.uid == header.until)

    @contextmanager
    def export_volume(
        self, tenant_uid: str, volume_uid: str, snapshot_uid: str | None, image_format: str
    ) -> Generator[Iterator[bytes]]:
        """See `StorageDriver.export_volume`; as it is now, the volume is held until the stream ends."""
        if image_format not in _FORMATS:
            raise Permanent("FormatMismatch", f"volumes are exported as raw or qcow2, not as {image_format!r}")
        with ExitStack() as opened:
            held, layer = opened.enter_context(self._reading(tenant_uid, volume_uid, snapshot_uid))
            if image_format == "raw":
                extents = between(self._pool, held.place.dir, held.present, None, layer)
                yield _raw(opened.enter_context(self._disk(held, layer)), extents)
            else:
                path = held.place.work / "export.qcow2"
                chained = paths(held.place.dir, held.present.chain(layer))
                copy(self._pool, chained, path, size_of(chained[0]))
                file = opened.enter_context(path.open("rb"))
                remove_file(path)
                yield _pieces(file)

    @contextmanager
    def _reading(self, tenant_uid: str, volume_uid: str, snapshot_uid: str | None) -> Generator[tuple[Held, str]]:
        """A layer to read: a snapshot's, or the one on top while no guest can open it."""
        with ExitStack() as opened:
            held = opened.enter_context(hold_one(self._pool, self._pool.volume(tenant_uid, volume_uid)))
            head = opened.enter_context(held.closed()).head if snapshot_uid is None else ""
            layer = head if snapshot_uid is None else _layer_of(held, snapshot_uid)
            refuse_tampered(held.place.dir, held.present, layer)
            yield held, layer

    def _between(self, held: Held, since: str | None, layer: str) -> tuple[Extent, ...]:
        earlier = None if since is None else _layer_of(held, since)
        return between(self._pool, held.place.dir, held.present, earlier, layer)

    @contextmanager
    def _disk(self, held: Held, layer: str, *, locking: str = "off") -> Generator[nbd.Disk]:
        layers = chain(paths(held.place.dir, held.present.chain(layer)), locking=locking)
        with nbd.opened(layers, self._pool.account, writable=False) as disk:
            yield disk

    def _import(self, held: Held, manifest: Manifest, decoder: Decoder) -> None:
        header, place = decoder.header, held.place
        refuse_odd_size(header.size_bytes)
        below = _unchanged_since(held, manifest, header.since)
        received, head = (f"{place.uid}.{manifest.next_layer + n}.qcow2" for n in (0, 1))
        if below is not None and header.size_bytes < size_of(place.dir / below):
            raise damaged("the volume would shrink")
        create(self._pool, place.work / received, header.size_bytes, below)
        beneath = paths(place.dir, manifest.chain(below))
        step("receive")
        with nbd.opened(chain([place.work / received, *beneath]), self._pool.account, writable=True) as disk:
            for record in decoder.records():
                if isinstance(record, Written):
                    disk.write(record.offset, record.content)
                else:
                    for offset in range(record.offset, record.offset + record.length, nbd.ZEROES_MAX_BYTES):
                        disk.zero(offset, min(nbd.ZEROES_MAX_BYTES, record.offset + record.length - offset))
            disk.flush()
        publish(place.work / received, place.dir / received)
        install(self._pool, place.work, place.dir, head, header.size_bytes, received)
        kept = KeptSnapshot(header.until, manifest.next_id, received, self._snapshots.now())
        held.change(
            replace(
                manifest,
                head=head,
                layers={**manifest.layers, received: below, head: received},
                snapshots=(*manifest.snapshots, kept),
                next_id=manifest.next_id + 1,
                next_layer=manifest.next_layer + 2,
            )
        )


def _layer_of(held: Held, snapshot_uid: str) -> str:
    kept = held.present.snapshot(snapshot_uid)
    if kept is None:
        raise snapshot_missing(held.place.uid, snapshot_uid)
    return kept.layer


def _unchanged_since(held: Held, manifest: Manifest, since: str | None) -> str | None:
    """The layer of the earlier snapshot, of which the volume still has the content."""
    below = None if since is None else _layer_of(held, since)
    unwritten = not is_written(held.head) and manifest.layers[manifest.head] == below
    if not unwritten or (below is not None and size_of(held.head) != size_of(held.place.dir / below)):
        state = "empty" if since is None else f"as in snapshot {since}: roll it back first"
        raise Permanent("VolumeChanged", f"volume {held.place.uid} is not {state}")
    return below


def _records(disk: nbd.Disk, extents: Iterable[Extent]) -> Iterator[Written | Zeroed]:
    for extent in extents:
        if not extent.exists:
            yield Zeroed(extent.offset, extent.length)
            continue
        for offset, length in _cut(extent):
            yield Written(offset, disk.read(offset, length))


def _cut(extent: Extent) -> Iterator[tuple[int, int]]:
    end = extent.offset + extent.length
    for offset in range(extent.offset, end, DATA_MAX_BYTES):
        yield offset, min(DATA_MAX_BYTES, end - offset)


def _raw(disk: nbd.Disk, extents: Iterable[Extent]) -> Iterator[bytes]:
    at = 0
    for extent in (*extents, Extent(disk.size_bytes, 0, exists=False)):
        while at < extent.offset:
            zeros = bytes(min(DATA_MAX_BYTES, extent.offset - at))
            at += len(zeros)
            yield zeros
        for offset, length in _cut(extent):
            yield disk.read(offset, length)
        at = extent.offset + extent.length


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(DATA_MAX_BYTES):
        yield piece
