"""The content of images that users upload: where an upload stands, and what comes next of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pextra.depot import Declared, Depot, Received
from pextra.errors import PextraError
from pextra.services import authorization, bounds, tenancy
from pextra.services.cloud import Address, Cloud, Context
from pextra.store import objects, work
from pextra.store.database import Tx
from pextra.store.records import Record


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that the caller may see or make.

    Attributes:
        tenant_uid: the image's tenant.
        declared: what the content must be.
    """

    tenant_uid: str
    declared: Declared


def find(ctx: Context, address: Address, *, uid: str | None) -> Upload:
    """The upload of an image which the caller may change.

    Raises:
        PextraError: `object.not_found`, `auth.denied`, `object.uid_mismatch`, `object.deleting`; `upload.unexpected`:
            the image's content comes from elsewhere.
    """
    tenant = tenancy.of_address(ctx, address)
    record = objects.by_name(ctx.tx, ctx.cloud.owner_uid(address.kind, tenant), address.kind.name, address.name)
    if record is None:
        authorization.require(ctx, address, authorization.READ)
        authorization.absent(address)
    authorization.require(ctx, address, "update", record)
    if uid is not None and record.uid != uid:
        raise PextraError("object.uid_mismatch", f"The name of {address} belongs to another object.")
    if record.deleting:
        raise PextraError("object.deleting", f"The {address} is being deleted.", retry_after_s=2)
    declared = declared_of(ctx.cloud, record)
    if declared is None:
        raise PextraError(
            "upload.unexpected", f"The content of {address} comes from its url: declare `upload` in another image."
        )
    return Upload(record.tenant_uid, declared)


def declared_of(cloud: Cloud, image: Record) -> Declared | None:
    """What the image's uploaded content must be; None when it is not uploaded."""
    spec = cloud.registry["image"].effective(image.spec, image.spec_version)
    if "upload" not in spec:
        return None
    return Declared(image.uid, spec["upload"]["size_bytes"], spec["sha256"])


def depot_of(cloud: Cloud) -> Depot:
    """Where uploads lie.

    Raises:
        PextraError: `server.busy`: this process has no part in them.
    """
    if cloud.depot is None:
        raise PextraError("server.busy", "This server takes no uploads: it has no depot.", retry_after_s=30)
    return cloud.depot


def receive(cloud: Cloud, upload: Upload, offset: int, length: int, chunks: Iterable[bytes]) -> Received:
    """Take what comes next, and have the image looked at when the upload begins or ends. Runs outside transactions.

    Raises:
        PextraError: as `Depot.append`; what had come before is kept.
    """
    depot = depot_of(cloud)
    if depot.begin(upload.declared):
        _ask(cloud, upload)
    try:
        received = depot.append(upload.declared, offset, length, chunks)
    except PextraError as error:
        if error.code == "upload.digest_mismatch":
            _ask(cloud, upload)
        raise
    if received.complete:
        _ask(cloud, upload)
    return received


def _ask(cloud: Cloud, upload: Upload) -> None:
    def ask(tx: Tx) -> None:
        bounds.only(tx, upload.tenant_uid)
        if objects.by_uid(tx, upload.tenant_uid, upload.declared.uid) is not None:
            work.ask(tx, upload.tenant_uid, upload.declared.uid, "image")

    cloud.database.write(ask)
