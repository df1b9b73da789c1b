"""Objects of every kind: one table, read and written alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, delete, exists, func, insert, or_, select, update

from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.tables import resource, resource_index, resource_status

Condition = ColumnElement[bool]
"""A restriction of `page`, made by `indexed` or `below_any`."""

_COLUMNS = (*resource.c, resource_status.c.revision, resource_status.c.status)
_JOINED = resource.join(
    resource_status,
    and_(resource.c.tenant_uid == resource_status.c.tenant_uid, resource.c.uid == resource_status.c.uid),
)


def _select() -> Select[Any]:
    return select(*_COLUMNS).select_from(_JOINED)


# The statements of every request are made once: making one costs more than running it on a warm database.
_BY_NAME = _select().where(
    resource.c.tenant_uid == bindparam("tenant_uid"),
    resource.c.kind == bindparam("kind"),
    resource.c.name == bindparam("name"),
)
_BY_UID = _select().where(resource.c.tenant_uid == bindparam("tenant_uid"), resource.c.uid == bindparam("uid"))
_ADD = insert(resource)
_ADD_STATUS = insert(resource_status)
_REPLACE_STATUS = (
    update(resource_status)
    .where(
        resource_status.c.tenant_uid == bindparam("at_tenant"),
        resource_status.c.uid == bindparam("at_uid"),
        resource_status.c.revision == bindparam("at_revision"),
    )
    .values(status=bindparam("new_status"), revision=bindparam("new_revision"), updated_us=bindparam("new_updated_us"))
)


def _record(row: Row[Any]) -> Record:
    return Record(*row)  # `_COLUMNS` are in the order of its fields


def by_name(tx: Tx, tenant_uid: str, kind: str, name: str) -> Record | None:
    """The object of that name, or None; one that is hidden has no name."""
    row = tx.conn.execute(_BY_NAME, {"tenant_uid": tenant_uid, "kind": kind, "name": name}).first()
    record = _record(row) if row is not None else None
    return None if record is None or record.hidden else record


def by_uid(tx: Tx, tenant_uid: str, uid: str) -> Record | None:
    """The object with that uid, hidden ones too, or None."""
    row = tx.conn.execute(_BY_UID, {"tenant_uid": tenant_uid, "uid": uid}).first()
    return _record(row) if row is not None else None


def by_uids(tx: Tx, keys: Iterable[tuple[str, str]]) -> dict[str, Record]:
    """The objects with those (tenant uid, uid), by uid."""
    wanted: dict[str, list[str]] = {}
    for tenant_uid, uid in keys:
        wanted.setdefault(tenant_uid, []).append(uid)
    found: dict[str, Record] = {}
    for tenant_uid, uids in wanted.items():
        for start in range(0, len(uids), 500):
            query = _select().where(resource.c.tenant_uid == tenant_uid, resource.c.uid.in_(uids[start : start + 500]))
            found.update((r.uid, r) for r in map(_record, tx.conn.execute(query)))
    return found


def of_kind(tx: Tx, tenant_uid: str, kind: str) -> list[Record]:
    """Every visible object of the kind in the tenant, by name."""
    query = _select().where(resource.c.tenant_uid == tenant_uid, resource.c.kind == kind).order_by(resource.c.name)
    return [r for r in map(_record, tx.conn.execute(query)) if not r.hidden]


def everywhere(tx: Tx, kinds: Sequence[str]) -> list[tuple[str, str, str]]:
    """(tenant uid, uid, kind) of every object of the kinds in the whole cloud."""
    rows = tx.conn.execute(
        select(resource.c.tenant_uid, resource.c.uid, resource.c.kind).where(resource.c.kind.in_(kinds))
    )
    return [(r[0], r[1], r[2]) for r in rows]


def content(tx: Tx, tenant_uid: str, *, limit: int) -> list[Record]:
    """Objects that live in the tenant, at most `limit`."""
    rows = tx.conn.execute(_select().where(resource.c.tenant_uid == tenant_uid).limit(limit))
    return [_record(r) for r in rows]


def census(tx: Tx, tenant_uids: Iterable[str]) -> dict[tuple[str, str], int]:
    """How many visible objects of each kind live in each of the tenants, by (tenant uid, kind)."""
    uids, found = list(tenant_uids), dict[tuple[str, str], int]()
    for start in range(0, len(uids), 500):
        query = (
            select(resource.c.tenant_uid, resource.c.kind, func.count())
            .where(resource.c.tenant_uid.in_(uids[start : start + 500]), ~resource.c.name.startswith("."))
            .group_by(resource.c.tenant_uid, resource.c.kind)
        )
        found.update(((r[0], r[1]), r[2]) for r in tx.conn.execute(query))
    return found


def descendants(tx: Tx, site_uid: str, path: str) -> list[tuple[str, str]]:
    """(uid, path) of every tenant below `path`, in the order of their paths."""
    rows = tx.conn.execute(
        select(resource.c.uid, resource.c.name)
        .where(
            resource.c.tenant_uid == site_uid,
            resource.c.kind == "tenant",
            resource.c.name > f"{path}.",
            resource.c.name < f"{path}/",  # "/" follows "." in every collation that compares bytes
        )
        .order_by(resource.c.name)
    )
    return [(r[0], r[1]) for r in rows]


def tenant_paths(tx: Tx, site_uid: str, uids: Iterable[str]) -> dict[str, str]:
    """The paths of tenants by uid."""
    rows = tx.conn.execute(
        select(resource.c.uid, resource.c.name).where(resource.c.tenant_uid == site_uid, resource.c.uid.in_(list(uids)))
    )
    return {r[0]: r[1] for r in rows}


def page(
    tx: Tx,
    tenant_uids: Sequence[str],
    kind: str,
    *,
    conditions: Sequence[Condition],
    after: tuple[str, str] | None,
    limit: int,
) -> list[Record]:
    """Up to `limit` visible objects in the order of (tenant's place in `tenant_uids`, name).

    Args:
        after: (tenant uid, name) behind which the page begins.
    """
    start = tenant_uids.index(after[0]) if after is not None and after[0] in tenant_uids else 0
    records: list[Record] = []
    for tenant_uid in tenant_uids[start:]:
        query = _select().where(
            resource.c.tenant_uid == tenant_uid, resource.c.kind == kind, resource.c.name > ".~", *conditions
        )
        if after is not None and after[0] == tenant_uid:
            query = query.where(resource.c.name > after[1])
        rows = tx.conn.execute(query.order_by(resource.c.name).limit(limit - len(records)))
        records.extend(map(_record, rows))
        if len(records) >= limit:
            break
    return records


def indexed(kind: str, key: str, values: Sequence[str] | None, *, negate: bool = False) -> Condition:
    """A condition for `page`: the object has `key`, with one of `values` when given; or has it not."""
    clause = exists().where(
        resource_index.c.tenant_uid == resource.c.tenant_uid,
        resource_index.c.uid == resource.c.uid,
        resource_index.c.kind == kind,
        resource_index.c.key == key,
        *([resource_index.c.value.in_(list(values))] if values is not None else []),
    )
    return ~clause if negate else clause


def below_any(paths: Sequence[str]) -> Condition:
    """A condition for `page` over tenants: those at the paths and their descendants."""
    return or_(
        resource.c.name.in_(paths),
        *(and_(resource.c.name > f"{path}.", resource.c.name < f"{path}/") for path in paths),
    )


def add(tx: Tx, record: Record, index: Mapping[str, str]) -> None:
    """Store a new object with its status and index rows."""
    tx.conn.execute(_ADD, {c.name: getattr(record, c.name) for c in resource.c})
    tx.conn.execute(
        _ADD_STATUS,
        {
            "tenant_uid": record.tenant_uid,
            "uid": record.uid,
            "revision": record.status_revision,
            "status": record.status,
            "updated_us": record.created_us,
        },
    )
    _index(tx, record, index)


def replace(tx: Tx, before: Record, after: Record) -> bool:
    """Store `after` over `before` when nobody else has written since.

    Returns:
        Whether it was stored: False when `before` is no longer what the database holds.
    """
    done = tx.conn.execute(
        update(resource)
        .where(
            resource.c.tenant_uid == before.tenant_uid,
            resource.c.uid == before.uid,
            resource.c.generation == before.generation,
        )
        .values(
            name=after.name,
            generation=after.generation,
            labels=after.labels,
            annotations=after.annotations,
            spec=after.spec,
            spec_version=after.spec_version,
            resolved=after.resolved,
            finalizers=after.finalizers,
            updated_us=after.updated_us,
            deleting_us=after.deleting_us,
        )
    )
    return done.rowcount == 1


def reindex(tx: Tx, record: Record, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Make `after` the object's index rows. Rows that stay are not touched: every one is a place to meet others."""
    for key, value in before.items():
        if after.get(key) != value:
            tx.conn.execute(
                delete(resource_index).where(
                    resource_index.c.tenant_uid == record.tenant_uid,
                    resource_index.c.kind == record.kind,
                    resource_index.c.key == key,
                    resource_index.c.value == value,
                    resource_index.c.uid == record.uid,
                )
            )
    _index(tx, record, {key: value for key, value in after.items() if before.get(key) != value})


def replace_status(tx: Tx, record: Record, status: dict[str, Any]) -> bool:
    """Store the status when nobody else has written it since `record` was read; tells whether it was."""
    done = tx.conn.execute(
        _REPLACE_STATUS,
        {
            "at_tenant": record.tenant_uid,
            "at_uid": record.uid,
            "at_revision": record.status_revision,
            "new_status": status,
            "new_revision": record.status_revision + 1,
            "new_updated_us": tx.now_us,
        },
    )
    return done.rowcount == 1


def remove(tx: Tx, record: Record) -> None:
    """Remove the object with its status and index rows."""
    tx.conn.execute(
        delete(resource_index).where(
            resource_index.c.tenant_uid == record.tenant_uid,
            resource_index.c.kind == record.kind,
            resource_index.c.uid == record.uid,
        )
    )
    for table in (resource_status, resource):
        tx.conn.execute(delete(table).where(table.c.tenant_uid == record.tenant_uid, table.c.uid == record.uid))


def count(tx: Tx, kind: str) -> int:
    """How many objects of the kind the cloud holds."""
    return tx.conn.execute(select(func.count()).select_from(resource).where(resource.c.kind == kind)).scalar_one()


def _index(tx: Tx, record: Record, index: Mapping[str, str]) -> None:
    same = {"tenant_uid": record.tenant_uid, "kind": record.kind, "uid": record.uid}
    tx.insert(resource_index, [{**same, "key": key, "value": value} for key, value in index.items()])
