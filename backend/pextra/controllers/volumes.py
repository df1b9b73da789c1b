"""Volumes: made in the pool of the host on which they are first used, grown there, and removed there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pextra.controllers import remote
from pextra.controllers.fleet import Fleet
from pextra.controllers.images import source_of
from pextra.controllers.outcome import Next, Outcome, failed, gone, waiting
from pextra.declaration import conditions
from pextra.drivers import documents
from pextra.drivers.interface import DriverError, ImageSource, StorageDriver, VolumeObservation, VolumeSource
from pextra.services import status
from pextra.services.cloud import Cloud
from pextra.store import assignments, objects, work
from pextra.store.assignments import Assignment
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item

GIB: Final = 1 << 30


class VolumeController:
    """See the module."""

    part = 8

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def look(self, cloud: Cloud, items: Sequence[Item]) -> list[Outcome]:
        """See `Controller.look`."""
        found = cloud.database.read(lambda tx: objects.by_uids(tx, [(i.tenant_uid, i.uid) for i in items]))
        return [self._look_one(cloud, item, found.get(item.uid)) for item in items]

    def _look_one(self, cloud: Cloud, item: Item, record: Record | None) -> Outcome:
        if record is None:
            return gone(item)
        pool_name = record.status.get("pool", "")
        if record.deleting and record.status.get("attached_to"):
            return waiting(item, record, "InUse", "An instance is letting go of it.", poll_s=1.0)
        if not pool_name:
            if record.deleting:
                return Outcome(item, record, Next.REMOVE)
            message = "It will be made on the host of the first instance that uses it."
            return Outcome(item, record, Next.DONE, [conditions.ready(True, "WaitsForFirstUse", message)])
        host = _host_of(cloud, record)
        if host is not None and remote.has_agent(host):
            return self._on_host(cloud, item, record, host)
        pool = self._fleet.pools().get(pool_name)
        if pool is None and host is None and record.status.get("host"):  # nobody else reaches that pool
            if record.deleting:
                return Outcome(item, record, Next.REMOVE)
            return waiting(item, record, "HostNotReady", "The host that it was on has been deleted: delete it as well.")
        if pool is None:
            return waiting(
                item,
                record,
                "NoDriver",
                f"This control plane does not reach pool {pool_name!r}.",
                poll_s=10.0,
            )
        try:
            return self._remove(item, record, pool) if record.deleting else self._ensure(cloud, item, record, pool)
        except DriverError as error:
            if error.reason == "VolumeBusy" and record.status.get("attached_to") and not record.deleting:
                return _open_in_a_guest(item, record)
            return failed(item, record, error)

    @staticmethod
    def _on_host(cloud: Cloud, item: Item, record: Record, host: Record) -> Outcome:
        if record.deleting:
            return remote.take_away(cloud, item, record, host) or Outcome(item, record, Next.REMOVE)
        if (first := _content_first(cloud, item, record)) is not None:
            return first
        volume, image = _source(cloud, record)
        document = documents.write(documents.Volume(volume, image))

        def assign(tx: Tx) -> Assignment:
            remote.require_current(tx, record)
            if image is not None:
                pin = record.resolved[f"image/{record.spec['image']}"]
                remote.assign_image(tx, host, image, tenant_uid=pin["tenant_uid"])
            return assignments.put(
                tx,
                host.uid,
                record.uid,
                kind=assignments.VOLUME,
                tenant_uid=record.tenant_uid,
                document=document,
            )

        try:
            assigned = cloud.database.write(assign)
        except status.Stale:
            return Outcome(item, record, Next.LATER, delay_s=0.0)
        report = remote.report_of(assigned)
        if report is None or (report.failure is None and report.volume is None):
            return remote.unanswered(cloud, item, record, host)
        if report.failure is not None:
            if report.failure.reason == "VolumeBusy" and record.status.get("attached_to"):
                return _open_in_a_guest(item, record)
            return remote.reported_failure(item, record, report.failure)
        assert report.volume is not None
        return _made(item, record, report.volume)

    @staticmethod
    def _remove(item: Item, record: Record, pool: StorageDriver) -> Outcome:
        pool.ensure_volume_absent(record.tenant_uid, record.uid)
        return Outcome(item, record, Next.REMOVE)

    @staticmethod
    def _ensure(cloud: Cloud, item: Item, record: Record, pool: StorageDriver) -> Outcome:
        if (first := _content_first(cloud, item, record)) is not None:
            return first
        volume, image = _source(cloud, record)
        if image is not None:
            pool.ensure_image(image)
        return _made(item, record, pool.ensure_volume(volume))


def _source(cloud: Cloud, record: Record) -> tuple[VolumeSource, ImageSource | None]:
    """The volume as a storage driver takes it, and the image that it starts as."""
    spec = cloud.registry["volume"].effective(record.spec, record.spec_version)
    pin = record.resolved[f"image/{spec['image']}"] if "image" in spec else None
    image = source_of(pin["uid"], pin) if pin is not None else None
    size = spec["size_gib"] * GIB
    return VolumeSource(record.uid, record.tenant_uid, size, image.uid if image is not None else None), image


def _content_first(cloud: Cloud, item: Item, record: Record) -> Outcome | None:
    """What to say while the image that a new volume starts as has not been uploaded; None when nothing is to come."""
    name = record.spec.get("image")
    pin: dict[str, str] = record.resolved[f"image/{name}"] if name else {}
    if "upload" not in pin or "used_bytes" in record.status:
        return None
    image = cloud.database.read(lambda tx: objects.by_uid(tx, pin["tenant_uid"], pin["uid"]))
    if image is None or image.ready:
        return None
    return waiting(item, record, "ReferenceNotReady", f"Image {name!r} is not ready.")


def _made(item: Item, record: Record, seen: VolumeObservation) -> Outcome:
    ready = conditions.ready(True, "Ready")
    return Outcome(item, record, Next.DONE, [ready], {"used_bytes": seen.used_bytes}, also=_ask_holder(record))


def _host_of(cloud: Cloud, record: Record) -> Record | None:
    """The host that the volume lives on; None when its pool is shared, or the host has gone."""
    host_uid = record.status.get("host")
    return cloud.database.read(lambda tx: objects.by_uid(tx, cloud.site.uid, host_uid)) if host_uid else None


def _open_in_a_guest(item: Item, record: Record) -> Outcome:
    """The guest that has the volume open is the one that grows it; it is as usable as before."""
    condition = conditions.ready(True, "Converging", "The instance that uses it is growing it.")
    return Outcome(item, record, Next.LATER, [condition], delay_s=2.0, also=_ask_holder(record))


def _ask_holder(record: Record) -> Callable[[Tx], None] | None:
    """Have the instance that uses the volume looked at: its guest does not notice by itself that it grew."""
    holder = record.status.get("attached_to", "")
    return (lambda tx: work.ask(tx, record.tenant_uid, holder, "instance")) if holder else None
