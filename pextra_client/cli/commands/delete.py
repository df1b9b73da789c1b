"""`pextra delete`: delete objects by name, or those that manifests describe."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pextra_client.cli import planned
from pextra_client.cli.exits import ExitCode, UsageError
from pextra_client.cli.inputs import read_ordered
from pextra_client.cli.output import Format
from pextra_client.cli.removal import Removal, remove
from pextra_client.cli.selection import select_some
from pextra_client.cli.session import Session
from pextra_client.errors import ApiError
from pextra_client.wire import Change


def run(
    session: Session,
    *,
    kind: Annotated[str | None, typer.Argument(metavar="[KIND[/NAME]]", help="Singular, plural or short name.")] = None,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="NAME, or TENANT/NAME.")] = None,
    file: Annotated[
        list[str] | None, typer.Option("--file", "-f", help="Delete what these manifests describe.")
    ] = None,
    cascade: Annotated[
        bool, typer.Option("--cascade", help="Take along what depends on them, and a tenant's content.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show everything that would go, and delete nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a cascade.")] = False,
    ignore_not_found: Annotated[
        bool, typer.Option("--ignore-not-found", help="What is not there counts as deleted.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait until they have gone.")] = True,
    timeout: Annotated[float, typer.Option(help="Seconds to wait.")] = 600.0,
) -> int | None:
    """Deletes objects. What manifests describe and is not there counts as deleted."""
    removals = _removals(session, kind, names or [], file or [], missing_ok=ignore_not_found)
    if dry_run:
        foretold = _foretold(session, removals, cascade=cascade)
        planned.show_deletions(session.out, foretold)
        return None
    if cascade and not yes and not _confirmed(session, removals):
        session.out.notice("nothing was deleted")
        return ExitCode.ERROR

    def deleted(removal: Removal, action: str) -> None:
        label = removal.kind.label(removal.name, removal.tenant)
        if action == "absent":
            session.out.notice(f"{label}: not there")
        elif session.out.structured:
            session.out.event(
                {
                    "kind": removal.kind.name,
                    "tenant": removal.tenant,
                    "name": removal.name,
                    "action": action,
                }
            )
        elif session.out.format is Format.NAME:
            session.out.line(f"{removal.kind.name}/{removal.name}")
        else:
            session.out.line(f"{label}: {action}")

    remove(
        session.client,
        removals,
        session.out,
        cascade=cascade,
        wait=wait,
        timeout_s=timeout,
        deleted=deleted,
    )
    return None


def _removals(
    session: Session, kind: str | None, names: list[str], files: list[str], *, missing_ok: bool
) -> list[Removal]:
    if files:
        if kind is not None:
            raise UsageError("name objects, or give manifests by --file; not both")
        return [
            Removal(kind=manifest.kind, name=manifest.name, tenant=manifest.tenant)
            for manifest in reversed(read_ordered(session, files))
        ]
    if kind is None:
        raise UsageError("name what to delete: KIND NAME, or --file")
    return [
        Removal(kind=target.kind, name=target.name, tenant=target.tenant, missing_ok=missing_ok)
        for target in select_some(session, kind, names)
    ]


def _foretold(session: Session, removals: list[Removal], *, cascade: bool) -> list[Change]:
    foretold: list[Change] = []
    for each in removals:
        try:
            change = session.client.plan_delete(each.kind, each.name, tenant=each.tenant, uid=each.uid, cascade=cascade)
        except ApiError as error:
            if error.code != "object.not_found" or not each.missing_ok:
                raise
            session.out.notice(f"{each.kind.label(each.name, each.tenant)}: not there")
        else:
            foretold.append(change)
    return foretold


def _confirmed(session: Session, removals: list[Removal]) -> bool:
    """Asks a person, who is shown what goes; a program that says --cascade has said what it means."""
    if not sys.stdin.isatty():
        return True
    foretold = _foretold(session, removals, cascade=True)
    for line in planned.deletions(foretold):
        session.out.notice(line)
    count = planned.deleted_count(foretold)
    return typer.confirm(f"Delete {count} object{'' if count == 1 else 's'}?", err=not session.out.quiet)
