"""Objects as rows of a table, with the columns that their kind declares."""

from __future__ import annotations

from collections.abc import Sequence

from pextra_client.cli.text import age, at, cell, printable
from pextra_client.discovery import Kind, Scope
from pextra_client.wire import Object, condition, is_current


def header(kind: Kind, *, with_tenant: bool) -> list[str]:
    """The titles of the columns."""
    first = ["TENANT", "NAME"] if with_tenant and kind.scope is Scope.TENANT else ["NAME"]
    return [*first, *(column.title for column in kind.columns), "READY", "AGE"]


def row(kind: Kind, obj: Object, *, with_tenant: bool) -> list[str]:
    """The cells of one object."""
    metadata = obj["metadata"]
    first = [printable(metadata["name"])]
    if with_tenant and kind.scope is Scope.TENANT:
        first.insert(0, printable(metadata.get("tenant", "")))
    values = [cell(at(obj, column.path)) for column in kind.columns]
    return [*first, *values, readiness(obj), age(metadata.get("created_at"))]


def rows(kind: Kind, objects: Sequence[Object], *, with_tenant: bool) -> list[list[str]]:
    """The cells of several objects."""
    return [row(kind, each, with_tenant=with_tenant) for each in objects]


def readiness(obj: Object) -> str:
    """`yes`, or the reason why not."""
    if obj["metadata"].get("deleting"):
        return "Deleting"
    ready = condition(obj, "ready")
    if ready is None:
        return "-"
    if not is_current(obj):
        return "Pending"
    return "yes" if ready["status"] == "true" else printable(ready["reason"])
