"""Objects as the store holds them, made without the rules that are above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pextra.store import events, objects
from pextra.store.database import Database, Tx
from pextra.store.records import Record


def volume(database: Database, tenant_uid: str, name: str = "data", **facts: Any) -> Record:
    """A volume that is not stored yet."""
    plain: dict[str, Any] = {
        "tenant_uid": tenant_uid,
        "uid": database.new_uid(),
        "kind": "volume",
        "name": name,
        "generation": 1,
        "labels": {},
        "annotations": {},
        "spec": {},
        "spec_version": 1,
        "resolved": {},
        "finalizers": [],
        "created_us": 0,
        "updated_us": 0,
        "deleting_us": None,
        "status_revision": 0,
        "status": {},
    }
    return Record(**{**plain, **facts})


def store(database: Database, *records: Record, index: Mapping[str, str] | None = None) -> None:
    """Store the objects, all with the same index rows."""

    def work(tx: Tx) -> None:
        for record in records:
            objects.add(tx, record, index or {})

    database.write(work)


def create(tx: Tx, record: Record) -> None:
    """Store a new object and note its event, as a write does."""
    objects.add(tx, record, {})
    events.record(tx, "created", record)


def update(tx: Tx, tenant_uid: str, uid: str) -> Record:
    """Bring an object to its next generation and note the event, as a write does."""
    before = objects.by_uid(tx, tenant_uid, uid)
    assert before is not None
    after = replace(before, generation=before.generation + 1)
    assert objects.replace(tx, before, after)
    events.record(tx, "updated", after)
    return after


def touch(tx: Tx, tenant_uid: str, uid: str) -> Record:
    """Bring an object's status to its next revision and note the event, as a loop does."""
    before = objects.by_uid(tx, tenant_uid, uid)
    assert before is not None
    assert objects.replace_status(tx, before, {"looked": tx.now_us})
    after = before.with_status({"looked": tx.now_us})
    events.record(tx, "status", after)
    return after
