"""`pextra get`: objects as a table, or as documents."""

from __future__ import annotations

from typing import Annotated

import typer

from pextra_client.cli.exits import ExitCode, UsageError
from pextra_client.cli.failures import report
from pextra_client.cli.following import follow
from pextra_client.cli.output import Format
from pextra_client.cli.rows import header, rows
from pextra_client.cli.selection import Target, select
from pextra_client.cli.session import Session
from pextra_client.discovery import Kind
from pextra_client.errors import ApiError
from pextra_client.wire import Object

KindWord = Annotated[str, typer.Argument(metavar="KIND[/NAME]", help="Singular, plural or short name.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="NAME, or TENANT/NAME.")]
Recursive = Annotated[bool, typer.Option("--recursive", "-A", help="Also the objects of the tenant's descendants.")]


def run(
    session: Session,
    *,
    kind: KindWord,
    names: Names = None,
    labels: Annotated[
        str | None, typer.Option("--labels", "-l", help="app=web,tier!=db,env in (a,b),owner,!old")
    ] = None,
    filter: Annotated[  # noqa: A002 - it names the option
        list[str] | None, typer.Option("--filter", help="spec.size_gib=10; may be repeated.")
    ] = None,
    recursive: Recursive = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on with every change.")] = False,
) -> int | None:
    """Shows objects: those named, or all of a kind."""
    found, targets = select(session, kind, names or [])
    if targets and (labels or filter or recursive):
        raise UsageError("name objects, or select them by --labels, --filter and --recursive; not both")
    if watch:
        if labels or filter:
            raise UsageError("--watch shows all objects of a kind, or those named; it knows no --labels or --filter")
        follow(session, found, targets, recursive=recursive)
        return None
    if targets:
        return _named(session, found, targets)
    objects = list(
        session.client.list(
            found,
            tenant=session.tenant_of(found),
            labels=labels,
            filters=filter or [],
            recursive=recursive,
        )
    )
    _show_list(session, found, objects, with_tenant=recursive)
    return None


def _named(session: Session, kind: Kind, targets: list[Target]) -> int | None:
    """Every object that is there; the first that is not decides the exit code."""
    objects: list[Object] = []
    failed: ExitCode | None = None
    for target in targets:
        try:
            objects.append(session.client.get(target.kind, target.name, tenant=target.tenant))
        except ApiError as error:
            failed = failed or report(session.out, error, verbose=bool(session.options.verbose))
    if session.out.structured and len(targets) == 1:
        for each in objects:
            session.out.document(each)
    elif objects:
        with_tenant = len({target.tenant for target in targets}) > 1
        _show_list(session, kind, objects, with_tenant=with_tenant)
    return failed


def _show_list(session: Session, kind: Kind, objects: list[Object], *, with_tenant: bool) -> None:
    out = session.out
    if out.structured:
        out.document({"kind": f"{kind.name}_list", "items": objects})
    elif out.format is Format.NAME:
        for each in objects:
            out.line(f"{kind.name}/{each['metadata']['name']}")
    elif objects:
        out.table(header(kind, with_tenant=with_tenant), rows(kind, objects, with_tenant=with_tenant))
    else:
        out.notice(f"there are no {kind.plural}")
