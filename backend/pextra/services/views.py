"""Objects as clients see them."""

from __future__ import annotations

from typing import Any

from pextra.declaration.kind import Kind, Scope
from pextra.services.cloud import Cloud, Written
from pextra.store import quota
from pextra.store.database import Tx
from pextra.store.records import Record, timestamp


def view(cloud: Cloud, tx: Tx, record: Record, tenant_path: str | None) -> dict[str, Any]:
    """The wire form of an object: spec with its defaults, never a secret."""
    kind = cloud.registry[record.kind]
    metadata: dict[str, Any] = {"name": record.name}
    if kind.scope is Scope.TENANT:
        metadata["tenant"] = tenant_path
    metadata |= {
        "uid": record.uid,
        "site": cloud.site.uid,
        "labels": record.labels,
        "annotations": record.annotations,
        "generation": record.generation,
        "revision": record.revision,
        "etag": record.etag,
        "created_at": timestamp(record.created_us),
        "updated_at": timestamp(record.updated_us),
        "deleting": record.deleting,
    }
    return {
        "kind": record.kind,
        "metadata": metadata,
        "spec": kind.effective(record.spec, record.spec_version),
        "resolved": record.resolved,
        "status": record.status | _live_status(cloud, tx, kind, record),
    }


def written(cloud: Cloud, tx: Tx, outcome: Written) -> dict[str, Any]:
    """The wire form of what a write left, without a minted credential."""
    assert outcome.record is not None
    return view(cloud, tx, outcome.record, outcome.tenant_path)


def _live_status(cloud: Cloud, tx: Tx, kind: Kind, record: Record) -> dict[str, Any]:
    """What of a status is counted when it is asked for."""
    if kind.name != "quota":
        return {}
    counters = quota.usage(tx, record.tenant_uid)
    unlisted = None if record.spec.get("unlisted") == "unlimited" else 0
    empty = quota.Usage(unlisted, 0, 0)
    names = {*cloud.registry.countables, *counters}
    return {"usage": {name: counters.get(name, empty).as_dict() for name in sorted(names)}}
