"""`pextra describe`: everything about one object, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Annotated, Any, Final, cast

import typer

from pextra_client.cli import yaml12
from pextra_client.cli.commands.get import KindWord
from pextra_client.cli.output import Output
from pextra_client.cli.rows import readiness
from pextra_client.cli.selection import select_some
from pextra_client.cli.session import Session
from pextra_client.cli.text import age, at, cell, columns
from pextra_client.discovery import Kind
from pextra_client.errors import AddressError, ApiError
from pextra_client.wire import Object, conditions, is_current

_MOST_REFERENCES: Final = 20
_MOST_OPERATIONS: Final = 5
_OPERATIONS_SEARCHED: Final = 500


def run(
    session: Session,
    *,
    kind: KindWord,
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME…", help="NAME, or TENANT/NAME.")] = None,
) -> None:
    """Tells everything about objects: conditions, what they refer to, and the latest operations on them."""
    for index, target in enumerate(select_some(session, kind, names or [])):
        obj = session.client.get(target.kind, target.name, tenant=target.tenant)
        if session.out.structured:
            session.out.document(obj)
            continue
        if index:
            session.out.line()
        _show(session, target.kind, obj)


def _show(session: Session, kind: Kind, obj: Object) -> None:
    out, metadata = session.out, obj["metadata"]
    out.line(kind.label(metadata["name"], metadata.get("tenant")), "bold")
    facts = [
        ("uid", metadata.get("uid")),
        ("labels", metadata.get("labels")),
        ("annotations", metadata.get("annotations")),
        ("created", _moment(metadata.get("created_at"))),
        ("updated", _moment(metadata.get("updated_at"))),
        ("generation", metadata.get("generation")),
        ("ready", readiness(obj)),
    ]
    for line in columns([[f"  {name}", cell(value)] for name, value in facts if value]):
        out.line(line)
    _block(out, "Spec", obj["spec"])
    _block(out, "Resolved", obj.get("resolved", {}))
    status = {
        name: value
        for name, value in obj.get("status", {}).items()
        if name not in {"conditions", "observed_generation"} and value not in ("", [], {})
    }
    _block(out, "Status", status)
    _conditions(out, obj)
    _references(session, kind, obj)
    _operations(session, obj)


def _moment(timestamp: str | None) -> str:
    return f"{timestamp} ({age(timestamp)} ago)" if timestamp else ""


def _block(out: Output, title: str, content: Mapping[str, Any]) -> None:
    if content:
        out.line(title, "bold")
        for line in yaml12.dump(dict(content)).splitlines():
            out.line(f"  {line}")


def _table(out: Output, title: str, rows: Sequence[Sequence[str]]) -> None:
    if rows:
        out.line(title, "bold")
        for line in columns(rows):
            out.line(f"  {line}")


def _conditions(out: Output, obj: Object) -> None:
    found = conditions(obj)
    _table(
        out,
        "Conditions" if is_current(obj) else "Conditions (of an earlier generation)",
        [
            [each["type"], each["status"], each["reason"], age(each.get("since")), cell(each.get("message"))]
            for each in found
        ],
    )


def _references(session: Session, kind: Kind, obj: Object) -> None:
    """What the object names, and whether that is ready."""
    rows: list[list[str]] = []
    for reference in kind.references:
        target_kind = reference.kind or obj["spec"].get("kind")
        for text in _names(at(obj, reference.path)):
            if not isinstance(target_kind, str) or len(rows) == _MOST_REFERENCES:
                continue
            tenant, _, name = text.rpartition("/")
            try:
                found = session.client.find(target_kind, name, tenant=tenant or obj["metadata"].get("tenant"))
                state = readiness(found) if found is not None else "not there"
            except (AddressError, ApiError):
                state = "not known"
            rows.append([reference.path.removeprefix("spec."), f"{target_kind} {text}", state])
    _table(session.out, "Refers to", rows)


def _names(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [name for each in cast("list[Any]", value) for name in _names(each)]
    return []


def _operations(session: Session, obj: Object) -> None:
    """The latest operations on the object."""
    try:
        kind = session.catalog.find("operation")
        listed = session.client.list(kind, tenant=obj["metadata"].get("tenant") or session.settings.tenant)
        mine = [
            each
            for each in islice(listed, _OPERATIONS_SEARCHED)
            if each["spec"].get("target", {}).get("uid") == obj["metadata"].get("uid")
        ]
    except (AddressError, ApiError):
        return
    mine.sort(key=lambda each: each["metadata"].get("created_at", ""), reverse=True)
    _table(
        session.out,
        "Operations",
        [
            [
                each["metadata"]["name"],
                cell(each["spec"].get("action")),
                cell(at(each, "status.phase")),
                age(each["metadata"].get("created_at")),
                cell(at(each, "status.error")),
            ]
            for each in mine[:_MOST_OPERATIONS]
        ],
    )
