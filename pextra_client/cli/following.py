"""Showing changes as they happen."""

from __future__ import annotations

from collections.abc import Sequence

from pextra_client.cli.exits import UsageError
from pextra_client.cli.output import Format
from pextra_client.cli.rows import header, row, rows
from pextra_client.cli.selection import Target
from pextra_client.cli.session import Session
from pextra_client.cli.text import printable
from pextra_client.discovery import Kind, Scope
from pextra_client.follow import Follow, Snapshot
from pextra_client.watch import Event, EventType
from pextra_client.wire import Object

# Columns of later rows cannot be known; these leave room for most.
_LEAST_WIDTH = 8


def follow(session: Session, kind: Kind, targets: Sequence[Target] = (), *, recursive: bool = False) -> None:
    """Prints the objects as they are, then each again whenever it changes, until interrupted.

    Args:
        session: of the command.
        kind: which objects.
        targets: only these.
        recursive: also the objects of the tenant's descendants.

    Raises:
        UsageError: the targets are of several tenants.
    """
    if len({target.tenant for target in targets}) > 1:
        raise UsageError("objects of several tenants cannot be watched at once")
    named = {(target.tenant, target.name) for target in targets}
    tenant = targets[0].tenant if targets else session.tenant_of(kind)

    def is_meant(obj_tenant: str | None, name: str) -> bool:
        return not named or (obj_tenant, name) in named

    table = _Table(session, kind, with_tenant=recursive)
    with Follow(session.client, kind, tenant=tenant, recursive=recursive) as changes:
        for change in changes:
            if isinstance(change, Snapshot):
                table.snapshot(
                    [o for o in change.items if is_meant(o["metadata"].get("tenant"), o["metadata"]["name"])]
                )
            elif is_meant(change.tenant, change.name):
                table.event(change)


class _Table:
    """Rows under a header that is printed once, or a document for each change."""

    def __init__(self, session: Session, kind: Kind, *, with_tenant: bool) -> None:
        self._out = session.out
        self._kind = kind
        self._with_tenant = with_tenant
        self._widths: list[int] = []

    def snapshot(self, objects: Sequence[Object]) -> None:
        """Everything there is, at the beginning or after changes were missed."""
        if self._out.structured:
            for each in objects:
                self._out.event({"type": "listed", "object": each})
        elif self._out.format is Format.NAME:
            for each in objects:
                self._out.line(f"{self._kind.name}/{each['metadata']['name']}")
        else:
            head = header(self._kind, with_tenant=self._with_tenant)
            body = rows(self._kind, objects, with_tenant=self._with_tenant)
            self._widths = [max(_LEAST_WIDTH, *map(len, column)) for column in zip(head, *body, strict=True)]
            self._print(head, "bold")
            for each in body:
                self._print(each)

    def event(self, event: Event) -> None:
        """One change."""
        if self._out.structured:
            self._out.event(event_document(event))
        elif self._out.format is Format.NAME:
            self._out.line(f"{self._kind.name}/{event.name}")
        elif event.object is not None:
            self._print(row(self._kind, event.object, with_tenant=self._with_tenant))
        else:
            tenant = [printable(event.tenant or "")] if self._shows_tenant else []
            blank = [""] * (len(header(self._kind, with_tenant=self._with_tenant)) - len(tenant) - 3)
            self._print([*tenant, printable(event.name), *blank, "Deleted", ""])

    @property
    def _shows_tenant(self) -> bool:
        return self._with_tenant and self._kind.scope is Scope.TENANT

    def _print(self, cells: Sequence[str], style: str | None = None) -> None:
        padded = [text.ljust(width) for text, width in zip(cells, self._widths, strict=True)]
        self._out.line("   ".join(padded).rstrip(), style)


def event_document(event: Event) -> dict[str, object]:
    """An event as the API sends it."""
    document: dict[str, object] = {
        "type": event.type.value,
        "position": event.position,
        "kind": event.kind,
        "tenant": event.tenant,
        "name": event.name,
        "uid": event.uid,
        "revision": event.revision,
    }
    if event.object is not None and event.type is not EventType.DELETED:
        document["object"] = event.object
    return document
