"""`pextra wait`: until objects are ready, or have gone."""

from __future__ import annotations

from typing import Annotated

import typer

from pextra_client.cli.commands.get import KindWord
from pextra_client.cli.progress import Awaited, wait_for_all
from pextra_client.cli.selection import select_some
from pextra_client.cli.session import Session
from pextra_client.waiting import Until


def run(
    session: Session,
    *,
    kind: KindWord,
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME…", help="NAME, or TENANT/NAME.")] = None,
    for_: Annotated[Until, typer.Option("--for", help="What to wait for.")] = Until.READY,
    timeout: Annotated[float, typer.Option(help="Seconds to wait.")] = 600.0,
) -> None:
    """Waits until objects are ready, or have gone. Exits with 7 when they are not in time."""
    awaited = [
        Awaited(kind=target.kind, name=target.name, tenant=target.tenant, until=for_)
        for target in select_some(session, kind, names or [])
    ]
    wait_for_all(session.client, awaited, session.out, timeout_s=timeout)
