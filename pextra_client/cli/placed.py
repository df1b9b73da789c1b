"""Why an object is on its host, or on none, as people read it."""

from __future__ import annotations

from pextra_client.cli.exits import UsageError
from pextra_client.cli.output import Output
from pextra_client.cli.selection import Target
from pextra_client.cli.session import Session
from pextra_client.cli.text import columns
from pextra_client.wire import Placement, PlacementReasons


def explain_placement(session: Session, target: Target) -> None:
    """Prints why the object is where it is, for people or for programs.

    Raises:
        UsageError: objects of its kind are not placed.
    """
    if not target.kind.placed:
        raise UsageError(
            f"a {target.kind.name} is not given a host; `pextra explain {target.kind.name}` tells its fields"
        )
    reasons = session.client.placement(target.kind, target.name, tenant=target.tenant)
    if session.out.structured:
        session.out.document(reasons)
        return
    session.out.line(target.label, "bold")
    session.out.line(f"  {reasons['message']}")
    if reasons["waits"]:
        _show_waiting(session.out, reasons)
    else:
        _show_placed(session.out, reasons.get("decision", {}))


def _show_waiting(out: Output, reasons: PlacementReasons) -> None:
    if reasons["filters"]:
        rows = [[each["name"], str(each["rejected"]), each["why"]] for each in reasons["filters"]]
        for line in columns([["FILTER", "HOSTS", "THEY ARE"], *rows]):
            out.line(f"  {line}")
    closest = reasons.get("closest")
    if closest is not None:
        empty = "; it is too small even empty" if closest["too_small"] else ""
        out.line(f"  Closest is host {closest['host']}: {closest['lacks']}{empty}")
        return
    remedy = reasons.get("decision", {}).get("remedy")
    if remedy:
        out.line(f"  To make it fit: {remedy}")


def _show_placed(out: Output, decision: Placement) -> None:
    if "why" in decision:
        out.line(f"  When it was placed: {decision['why']}")
    for name, count in decision.get("rejected", {}).items():
        out.line(f"    {count} rejected by {name}")
    terms = decision.get("score", {})
    if terms:
        for line in columns([["TERM", "VALUE"], *([name, f"{value:g}"] for name, value in terms.items())]):
            out.line(f"  {line}")
    gpus = decision.get("gpus", [])
    if gpus:
        out.line(f"  GPUs: {', '.join(gpus)}")
