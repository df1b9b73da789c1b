"""`pextra metrics`: what was measured last of an object."""

from __future__ import annotations

from typing import Annotated, Any, cast

import typer

from pextra_client.cli.commands.get import KindWord
from pextra_client.cli.exits import UsageError
from pextra_client.cli.selection import select_some
from pextra_client.cli.session import Session
from pextra_client.cli.text import cell, columns


def run(
    session: Session,
    *,
    kind: KindWord,
    name: Annotated[str, typer.Argument(metavar="NAME", help="NAME, or TENANT/NAME.")],
) -> None:
    """Tells what was measured last of an object, such as `pextra metrics instance web-1`.

    Counters begin anew with each start; how fast they grow is for whoever reads them twice.
    """
    target = select_some(session, kind, [name])[0]
    if not target.kind.measured:
        raise UsageError(f"nothing is measured of a {target.kind.name}")
    measured = session.client.metrics(target.kind, target.name, tenant=target.tenant)
    if session.out.structured:
        session.out.document(measured)
        return
    if not measured["at"]:
        session.out.line("It did not run when its host was measured last.")
        return
    plain = {key: value for key, value in measured.items() if not isinstance(value, list)}
    for line in columns([[key, cell(value)] for key, value in plain.items()]):
        session.out.line(line)
    for key, value in measured.items():
        if isinstance(value, list) and value:
            _table(session, key, cast("list[dict[str, Any]]", value))


def _table(session: Session, title: str, rows: list[dict[str, Any]]) -> None:
    session.out.line()
    session.out.line(title.capitalize(), "bold")
    titles = list(rows[0])
    for line in columns([[t.upper().replace("_", " ") for t in titles], *([cell(r[t]) for t in titles] for r in rows)]):
        session.out.line(f"  {line}")
