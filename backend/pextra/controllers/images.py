"""Images: stored and verified in every pool that takes them; gone when nothing was made from them any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pextra.controllers import remote
from pextra.controllers.fleet import Fleet
from pextra.controllers.outcome import Next, Outcome, failed, gone, waiting
from pextra.declaration import conditions
from pextra.drivers import documents
from pextra.drivers.interface import DriverError, ImageObservation, ImageSource, Permanent, uploaded_url
from pextra.services import status, uploads
from pextra.services.cloud import Cloud
from pextra.store import assignments, objects, references
from pextra.store.assignments import Assignment
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item

UPLOADING_POLL_S: Final = 2.0


class ImageController:
    """See the module."""

    part = 1

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def look(self, cloud: Cloud, items: Sequence[Item]) -> list[Outcome]:
        """See `Controller.look`."""
        return [self._look_one(cloud, item) for item in items]

    def _look_one(self, cloud: Cloud, item: Item) -> Outcome:
        record = cloud.database.read(lambda tx: objects.by_uid(tx, item.tenant_uid, item.uid))
        if record is None:
            return gone(item)
        if record.deleting:
            return self._remove(cloud, item, record)
        return _awaited(cloud, item, record) or self._store(cloud, item, record)

    def _store(self, cloud: Cloud, item: Item, record: Record) -> Outcome:
        spec = cloud.registry["image"].effective(record.spec, record.spec_version)
        source = source_of(record.uid, spec)
        pools: dict[str, str] = {}
        stored: list[ImageObservation] = []
        errors: list[DriverError] = []
        for name, pool in sorted(self._fleet.pools().items()):
            try:
                seen = pool.ensure_image(source)
            except DriverError as error:
                pools[name] = f"{error.reason}: {error.message}"
                errors.append(error)
            else:
                stored.append(seen)
                pools[name] = "stored"
        waits = held = False
        try:
            copies = cloud.database.write(lambda tx: self._assign(cloud, tx, record, source))
        except status.Stale:
            return Outcome(item, record, Next.LATER, delay_s=0.0)
        for assigned, host in copies:
            report, pool = remote.report_of(assigned), host.status.get("pool") or host.name
            if report is not None and report.image is not None:
                stored.append(report.image)
                pools[pool] = "stored"
                held = True
            elif pools.get(pool) == "stored":
                continue  # what one host of a shared pool has stored, all have
            elif report is None:
                waits = True
                pools[pool] = "fetching"
            elif report.failure is not None:
                error = documents.error_of(report.failure)
                pools[pool] = f"{error.reason}: {error.message}"
                errors.insert(0, error)
        facts: dict[str, Any] = {"pools": pools, "fetched_on_demand": held and remote.fetched_on_demand(source)}
        if "upload" in spec:
            facts["uploaded_bytes"] = spec["upload"]["size_bytes"]
        if not stored:
            if waits:
                return Outcome(item, record, Next.FAILED, [_FETCHING], facts, delay_s=remote.POLL_S)
            if not errors:
                return waiting(item, record, "NoDriver", "There is no storage pool yet.", poll_s=5.0)
            return failed(item, record, _most_telling(errors), facts)
        sizes = {"virtual_size_bytes": stored[0].virtual_size_bytes, "stored_bytes": stored[0].stored_bytes}
        again = any(not isinstance(e, Permanent) for e in errors)
        after = Next.FAILED if again else Next.DONE
        return Outcome(item, record, after, [conditions.ready(True, "Ready")], facts | sizes, delay_s=5.0)

    @staticmethod
    def _assign(cloud: Cloud, tx: Tx, record: Record, source: ImageSource) -> list[tuple[Assignment, Record]]:
        """Have a few hosts with agents fetch it, besides those that were told to before."""
        remote.require_current(tx, record)
        told = {a.host_uid for a in assignments.of_uid(tx, record.uid) if not a.removed}
        wanted = told | {h.uid for h in remote.image_hosts(cloud, tx, source)}
        document = documents.write(source)
        assigned = [
            assignments.put(
                tx, host_uid, record.uid, kind=assignments.IMAGE, tenant_uid=record.tenant_uid, document=document
            )
            for host_uid in sorted(wanted)
        ]
        return remote.assigned_hosts(cloud, tx, assigned)

    def _remove(self, cloud: Cloud, item: Item, record: Record) -> Outcome:
        users = cloud.database.read(lambda tx: len(references.to(tx, record.tenant_uid, record.uid, limit=100)))
        if users:
            message = f"{users} objects use its content; it goes with the last of them."
            kept = self._store(cloud, item, record)  # where it is stored still decides where its users can go
            return replace(kept, conditions=[conditions.ready(False, "InUse", message)])
        try:
            for _, pool in sorted(self._fleet.pools().items()):
                pool.ensure_image_absent(record.uid)
        except DriverError as error:
            return failed(item, record, error)
        if cloud.depot is not None:
            cloud.depot.remove(record.uid)

        # Its copies on hosts with agents go when these are there to take them away: the object need not wait for them.
        return Outcome(item, record, Next.REMOVE)


def _awaited(cloud: Cloud, item: Item, record: Record) -> Outcome | None:
    """What to say while an upload has not come whole; None once it has, or when there is none to come."""
    declared = uploads.declared_of(cloud, record)
    if declared is None:
        return None
    if cloud.depot is None:
        return waiting(item, record, "NoDriver", "This control plane has no depot, which uploads need.", poll_s=10.0)
    received = cloud.depot.observe(declared)
    if received.complete:
        return None
    facts = {"uploaded_bytes": received.offset or 0}
    if received.offset is not None:
        percent = received.offset * 100 // declared.size_bytes
        under_way = conditions.ready(False, "Uploading", f"It is being uploaded: {percent} %.")
        return Outcome(item, record, Next.LATER, [under_way], facts, delay_s=UPLOADING_POLL_S)
    if received.refused:
        message = f"What was uploaded had the digest {received.refused}: upload the file that was declared."
        return Outcome(item, record, Next.DONE, [conditions.ready(False, "DigestMismatch", message)], facts)
    message = f"It waits for its content: pextra upload {record.name} --file FILE."
    return Outcome(item, record, Next.DONE, [conditions.ready(False, "WaitsForContent", message)], facts)


_FETCHING: Final = conditions.ready(False, "Converging", "It is being fetched and verified.")


def _most_telling(errors: Sequence[DriverError]) -> DriverError:
    """Of pools that could not store it, what one says that looked into it; most of all a host's."""
    return next((error for error in errors if error.reason != "SourceForbidden"), errors[0])


def source_of(uid: str, spec: Mapping[str, Any]) -> ImageSource:
    """The image as a storage driver takes it; `spec` is the effective one, or what was copied of it."""
    url = spec["url"] if "url" in spec else uploaded_url(uid, spec["upload"]["size_bytes"])
    return ImageSource(uid, url, spec["format"], spec["sha256"])
