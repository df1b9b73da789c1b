"""`pextra plan`: what applying manifests would do."""

from __future__ import annotations

from typing import Annotated

import typer

from pextra_client.cli.applying import plan
from pextra_client.cli.exits import ExitCode
from pextra_client.cli.inputs import Files, Labels, PruneFlag, prune_rule, read_ordered
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
) -> int | None:
    """Shows what applying the manifests would do, and changes nothing.

    The signs are + create, ~ change, ! change that restarts, -/+ delete and create anew, - delete, and x what
    would be refused.
    """
    manifests = read_ordered(session, file)
    found = plan(session.client, manifests, prune_rule(session, manifests, prune=prune, labels=labels))
    show(session.out, found)
    refused = refusal(found)
    if refused is not None:
        return refused
    return ExitCode.CHANGES if detailed_exitcode and changes_anything(found) else None
