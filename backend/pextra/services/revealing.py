"""What an object's host, or the server itself, is told of secrets: the object's own, and those taken from elsewhere."""

from __future__ import annotations

from pextra.declaration.kind import Spec
from pextra.services.cloud import Cloud
from pextra.store import objects, secrets
from pextra.store.database import Tx
from pextra.store.records import Record

USER_DATA = "user_data"
FROM = "user_data_from"


def takes_user_data(spec: Spec) -> bool:
    """Whether an instance with this effective spec has user data, its own or a secret's."""
    return USER_DATA in spec or FROM in spec


def missing(tx: Tx, record: Record, spec: Spec) -> str | None:
    """What an instance would take its user data from and that is not there; None when nothing is missing."""
    if FROM not in spec:
        return None
    name, entry = spec[FROM]["secret"], spec[FROM]["entry"]
    pin = record.resolved[f"secret/{name}"]
    if f"data.{entry}" in secrets.facts(tx, pin["tenant_uid"], pin["uid"]):
        return None
    return f"secret {name!r} has no entry {entry!r}"


def of_instance(cloud: Cloud, tx: Tx, record: Record) -> dict[str, str]:
    """The secrets of an instance as its guest gets them, by path.

    Raises:
        PextraError: `keys.lost`, `keys.unavailable`, `keys.damaged`.
    """
    source = record.spec.get(FROM)
    if source is None:
        return cloud.keys.reveal(tx, record.tenant_uid, record.uid)
    pin = record.resolved[f"secret/{source['secret']}"]
    held = cloud.keys.reveal(tx, pin["tenant_uid"], pin["uid"])
    path = f"data.{source['entry']}"
    return {USER_DATA: held[path]} if path in held else {}


def entry_of(cloud: Cloud, tx: Tx, tenant_uid: str, uid: str, entry: str) -> str | None:
    """An entry of a secret, for what the server itself does with it; None: it has no such entry.

    Raises:
        PextraError: `keys.lost`, `keys.unavailable`, `keys.damaged`.
    """
    return cloud.keys.reveal(tx, tenant_uid, uid).get(f"data.{entry}")


def of_object(cloud: Cloud, tx: Tx, tenant_uid: str, uid: str) -> dict[str, str]:
    """The same, of what is assigned to a host; nothing once the object has gone.

    Raises:
        PextraError: `keys.lost`, `keys.unavailable`, `keys.damaged`.
    """
    record = objects.by_uid(tx, tenant_uid, uid)
    return of_instance(cloud, tx, record) if record is not None else {}
