"""What is stored of who may do what: role bindings, groups, and the versions of policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, bindparam, select

from pextra.store.database import Tx
from pextra.store.tables import policy_head, resource
from pextra.store.tables import resource_reference as reference


@dataclass(frozen=True, slots=True)
class Group:
    """A group that somebody is a member of."""

    uid: str
    tenant_uid: str
    name: str
    tenant_path: str

    @property
    def address(self) -> str:
        """`tenant/name`."""
        return f"{self.tenant_path}/{self.name}"


@dataclass(frozen=True, slots=True)
class Binding:
    """A role that somebody has.

    Attributes:
        tenant_path: where, and in all tenants below.
        role: the text of the binding: a built-in role, or a role object's name.
        actions: of a role object, its patterns; None of a built-in role.
    """

    name: str
    tenant_path: str
    role: str
    actions: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Level:
    """One tenant on the way from the cloud to where something is done."""

    uid: str
    path: str
    deleting: bool
    suspended: bool
    policies: str | None  # the version of its policies; None: it never had any


_PATHS: Final = 20
"""Two paths at their deepest, with the cloud's own tenant above each."""

_source, _target, _tenant = resource.alias("source"), resource.alias("target"), resource.alias("tenant")
_GROUPS: Final = (
    select(_target.c.uid, _target.c.tenant_uid, _target.c.name, _tenant.c.name)
    .select_from(
        reference.join(
            _target,
            and_(_target.c.tenant_uid == reference.c.target_tenant_uid, _target.c.uid == reference.c.target_uid),
        ).join(_tenant, and_(_tenant.c.tenant_uid == bindparam("site_uid"), _tenant.c.uid == _target.c.tenant_uid))
    )
    .where(
        reference.c.source_tenant_uid == bindparam("tenant_uid"),
        reference.c.source_uid == bindparam("uid"),
        reference.c.target_kind == "group",
        _target.c.deleting_us.is_(None),
    )
)
_role_reference, _role = reference.alias("role_reference"), resource.alias("role")
_BINDINGS: Final = (
    select(_source.c.name, _tenant.c.name, _source.c.spec, _role.c.spec)
    .select_from(
        reference.join(
            _source,
            and_(_source.c.tenant_uid == reference.c.source_tenant_uid, _source.c.uid == reference.c.source_uid),
        )
        .join(_tenant, and_(_tenant.c.tenant_uid == bindparam("site_uid"), _tenant.c.uid == _source.c.tenant_uid))
        .outerjoin(
            _role_reference,
            and_(
                _role_reference.c.source_tenant_uid == reference.c.source_tenant_uid,
                _role_reference.c.source_uid == reference.c.source_uid,
                _role_reference.c.target_kind == "role",
            ),
        )
        .outerjoin(
            _role,
            and_(
                _role.c.tenant_uid == _role_reference.c.target_tenant_uid,
                _role.c.uid == _role_reference.c.target_uid,
            ),
        )
    )
    .where(
        reference.c.source_kind == "role_binding",
        reference.c.target_uid.in_(bindparam("subjects", expanding=True)),
        reference.c.target_tenant_uid.in_(bindparam("homes", expanding=True)),
        _source.c.deleting_us.is_(None),
    )
    .order_by(_tenant.c.name, _source.c.name)
)
_LEVELS: Final = (
    select(resource.c.uid, resource.c.name, resource.c.deleting_us, resource.c.spec, policy_head.c.version)
    .select_from(resource.outerjoin(policy_head, policy_head.c.tenant_uid == resource.c.uid))
    .where(
        resource.c.tenant_uid == bindparam("site_uid"),
        resource.c.kind == "tenant",
        resource.c.name.in_(bindparam("paths", expanding=True)),
    )
)


def groups(tx: Tx, site_uid: str, tenant_uid: str, uid: str) -> list[Group]:
    """The groups of a user or service account."""
    found = tx.conn.execute(_GROUPS, {"site_uid": site_uid, "tenant_uid": tenant_uid, "uid": uid})
    return [Group(*row) for row in found]


def bindings(tx: Tx, site_uid: str, subjects: Sequence[tuple[str, str]]) -> list[Binding]:
    """Every role that one of the subjects has, by (tenant uid, uid)."""
    rows = tx.conn.execute(
        _BINDINGS,
        {
            "site_uid": site_uid,
            "subjects": [uid for _, uid in subjects],
            "homes": sorted({tenant_uid for tenant_uid, _ in subjects}),
        },
    )
    return [Binding(name, path, spec["role"], _actions(role)) for name, path, spec, role in rows]


def _actions(role: dict[str, Any] | None) -> tuple[str, ...] | None:
    return None if role is None else tuple(role["actions"])


def role_actions(tx: Tx, tenant_uid: str, uid: str) -> tuple[str, ...]:
    """The patterns of a role object; none when it has gone."""
    found = select(resource.c.spec).where(resource.c.tenant_uid == tenant_uid, resource.c.uid == uid)
    return _actions(tx.conn.execute(found).scalar_one_or_none()) or ()


def levels(tx: Tx, site_uid: str, paths: Sequence[str]) -> list[Level]:
    """The tenants at those paths that there are; one statement, whatever their number, so that it tells nothing."""
    padded = [*paths, *[""] * (-len(paths) % _PATHS)]
    rows = tx.conn.execute(_LEVELS, {"site_uid": site_uid, "paths": padded})
    return [
        Level(uid, name, deleting is not None, bool(spec.get("suspended", False)), version)
        for uid, name, deleting, spec, version in rows
    ]


def policies_changed(tx: Tx, tenant_uid: str) -> None:
    """Note in this transaction that the tenant's policies are others now.

    The version is no counter: a number that a rolled-back transaction has seen would come again for another text.
    """
    version = tx.new_uid()
    tx.upsert(policy_head, [{"tenant_uid": tenant_uid, "version": version}], update={"version": version})


def forget(tx: Tx, tenant_uid: str) -> None:
    """The tenant has gone."""
    tx.conn.execute(policy_head.delete().where(policy_head.c.tenant_uid == tenant_uid))
