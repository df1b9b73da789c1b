"""`pextra plan`: what applying manifests would do."""

from __future__ import annotations

from typing import Annotated

import typer

from pextra_client.cli.applying import LARGEST_PLAN, plan
from pextra_client.cli.exits import ExitCode
from pextra_client.cli.inputs import Files, Labels, PruneFlag, copied, prune_rule, read_ordered
from pextra_client.cli.planned import changes_anything, refusal, show
from pextra_client.cli.session import Session


def run(
    session: Session,
    *,
    file: Files,
    prune: PruneFlag = False,
    labels: Labels = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there are changes.")
    ] = False,
    copies: Annotated[
        int,
        typer.Option(
            "--copies", min=1, max=LARGEST_PLAN, help="Plan so many of each instance: how many of them would fit?"
        ),
    ] = 1,
) -> int | None:
    """Shows what applying the manifests would do, and changes nothing.

    The signs are + create, ~ change, ! change that restarts, -/+ delete and create anew, - delete, and x what
    would be refused. With --copies each instance is planned as NAME-1, NAME-2, and so on, on top of one another.
    """
    manifests = copied(read_ordered(session, file), copies)
    found = plan(session.client, manifests, prune_rule(session, manifests, prune=prune, labels=labels))
    show(session.out, found)
    refused = refusal(found)
    if refused is not None:
        return refused
    return ExitCode.CHANGES if detailed_exitcode and changes_anything(found) else None
