"""`pextra apply`: make the cloud as manifests say."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pextra_client.cli.applying import Outcome, apply, plan
from pextra_client.cli.inputs import Files, Labels, PruneFlag, prune_rule, read_ordered
from pextra_client.cli.output import Format
from pextra_client.cli.planned import label, refusal, show
from pextra_client.cli.progress import Awaited, wait_for_all
from pextra_client.cli.session import Session
from pextra_client.waiting import Until


def run(
    session: Session,
    *,
    file: Files,
    prune: PruneFlag = False,
    labels: Labels = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete and create anew what cannot be changed in place.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait until everything is ready.")] = True,
    timeout: Annotated[float, typer.Option(help="Seconds to wait.")] = 600.0,
) -> int | None:
    """Makes the cloud as the manifests say: creates what is missing and changes what differs.

    Everything is planned first; when anything would be refused, nothing is changed. Applying the same
    manifests again changes nothing.
    """
    manifests = read_ordered(session, file)
    rule = prune_rule(session, manifests, prune=prune, labels=labels)
    if dry_run:
        found = plan(session.client, manifests, rule)
        show(session.out, found)
        return refusal(found)
    outcomes: list[Outcome] = []

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        _say(session, outcome)

    try:
        apply(
            session.client,
            manifests,
            session.out,
            prune=rule,
            replace=replace,
            timeout_s=timeout,
            done=done,
        )
    finally:
        if session.out.structured and outcomes:
            session.out.document({"changes": [_document(each) for each in outcomes]})
    if wait:
        wait_for_all(session.client, _awaited(session, outcomes), session.out, timeout_s=timeout)
    return None


def _awaited(session: Session, outcomes: list[Outcome]) -> list[Awaited]:
    return [
        Awaited(
            kind=session.client.kind(outcome.change["kind"]),
            name=outcome.change["name"],
            tenant=outcome.change.get("tenant"),
            until=Until.READY,
            uid=outcome.uid,
        )
        for outcome in outcomes
        if outcome.change["verb"] == "put"
    ]


def _say(session: Session, outcome: Outcome) -> None:
    out = session.out
    if out.structured:
        return
    if out.format is Format.NAME:
        out.line(f"{outcome.change['kind']}/{outcome.change['name']}")
        return
    out.line(f"{label(outcome.change)}: {outcome.action}")
    for name, value in (outcome.minted or {}).items():
        if name == "shown_before":
            out.warn("its credential was shown before and cannot be shown again: delete it and make another")
        else:
            out.line(f"  {name}: {value}   (shown this once)")


def _document(outcome: Outcome) -> dict[str, Any]:
    change = outcome.change
    document: dict[str, Any] = {"kind": change["kind"], "name": change["name"]}
    if change.get("tenant"):
        document["tenant"] = change.get("tenant")
    document |= {"uid": outcome.uid, "action": outcome.action}
    if outcome.minted:
        document["minted"] = outcome.minted
    return document
