"""A plan as people read it: what is made, changed, restarted, replaced and deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pextra_client.cli.exits import ExitCode, exit_code_of_status
from pextra_client.cli.failures import problem_details
from pextra_client.cli.output import Output
from pextra_client.cli.text import inline
from pextra_client.wire import Along, Change, FieldChange, Plan

_SIGNS: Final = {"create": "+", "update": "~", "restart": "!", "replace": "-/+", "delete": "-"}
_STYLES: Final = {
    "create": "green",
    "update": "yellow",
    "restart": "bright_yellow",
    "replace": "magenta",
    "delete": "red",
}
_NAMED: Final = 30
"""How many objects that go along are named on a screen; `-o json` has all that the server tells."""
_SEVERAL: Final = 2
_NOTHING: Final[tuple[object, ...]] = (None, "", [], {})
_VERBS: Final = {
    "create": "to create",
    "update": "to update",
    "restart": "to restart",
    "replace": "to replace",
    "delete": "to delete",
}


def label(change: Change | Along) -> str:
    """How the object of a change is called."""
    tenant = change.get("tenant")
    return f"{change['kind']} {tenant}/{change['name']}" if tenant else f"{change['kind']} {change['name']}"


def changes_anything(plan: Plan) -> bool:
    """Whether applying the plan would do something."""
    return any(change["action"] != "none" for change in plan["changes"])


def problems(plan: Plan) -> list[tuple[Change, dict[str, object]]]:
    """Every refusal that applying the plan would meet, with its change."""
    return [(change, problem) for change in plan["changes"] for problem in change.get("problems", [])]


def refusal(plan: Plan) -> ExitCode | None:
    """The exit code of applying a plan that would be refused; None when it would not."""
    for _, problem in problems(plan):
        status = problem.get("status")
        return exit_code_of_status(status if isinstance(status, int) else 422)
    return None


def show(out: Output, plan: Plan) -> None:
    """Prints a plan, for people or for programs."""
    if out.structured:
        out.document(plan)
        return
    for change in plan["changes"]:
        _show_change(out, change)
    _show_quota(out, plan)
    _show_placements(out, plan)
    counts = {verb: sum(change["action"] == verb for change in plan["changes"]) for verb in _SIGNS}
    done = ", ".join(f"{count} {_VERBS[verb]}" for verb, count in counts.items() if count)
    unchanged = sum(change["action"] == "none" and not change.get("problems") for change in plan["changes"])
    refused = sum(bool(change.get("problems")) for change in plan["changes"])
    summary = [done or "nothing to change", f"{unchanged} unchanged" if unchanged else ""]
    summary.append(f"{refused} would be refused" if refused else "")
    out.line("Plan: " + ", ".join(part for part in summary if part) + ".", "bold")


def deletions(changes: Sequence[Change]) -> list[str]:
    """What goes, a line each: the objects themselves, and what each takes along."""
    lines: list[str] = []
    for change in changes:
        lines.append(f"{_SIGNS['delete']:>3} {label(change)}")
        along = change.get("takes_along")
        if along is None or not along["count"]:
            continue
        named = along["objects"][:_NAMED]
        lines += [f"      - {label(each)}" for each in named]
        kinds = ", ".join(f"{count} {kind}" for kind, count in along["kinds"].items())
        others = along["count"] - len(named)
        lines.append(f"      {f'and {others} more; ' if others else ''}in all {kinds}")
    return lines


def deleted_count(changes: Sequence[Change]) -> int:
    """How many objects go, with those that are taken along."""
    return len(changes) + sum(change["takes_along"]["count"] for change in changes if "takes_along" in change)


def show_deletions(out: Output, changes: Sequence[Change]) -> None:
    """Prints what would go, for people or for programs."""
    if out.structured:
        out.document({"changes": list(changes)})
        return
    for line in deletions(changes):
        out.line(line, _STYLES["delete"])
    out.line(f"Plan: {deleted_count(changes)} to delete.", "bold")


def _show_change(out: Output, change: Change) -> None:
    refusals = change.get("problems", [])
    action = change["action"]
    if action == "none" and not refusals:
        return
    if action != "none":
        out.line(f"{_SIGNS[action]:>3} {label(change)}", _STYLES[action])
    else:
        out.line(f"  x {label(change)}", "bold red")
    fields = change.get("fields", [])
    for field in fields:
        if action != "create" or field.get("after") not in _NOTHING:
            out.line(f"      {_field(field, creating=action == 'create')}")
    placement = change.get("placement")
    if placement:
        where = placement.get("host") or "no host"
        out.line(f"      on {where}: {placement.get('why', '')}".rstrip(": "))
        rejected = placement.get("rejected") or {}
        if rejected:
            counted = ", ".join(f"{count} by {name}" for name, count in sorted(rejected.items()))
            out.line(f"      hosts rejected: {counted}")
    for path in change.get("unknown", []):
        out.line(f"      {path} refers to something that is not there", "yellow")
    for refusal in refusals:
        out.line(f"      {refusal.get('code', '')}: {refusal.get('detail', '')}", "red")
        for each in problem_details(refusal):
            out.line(f"        {each}", "red")


def _show_placements(out: Output, plan: Plan) -> None:
    """What came of several instances together; of one, its own line says it."""
    found = plan.get("placement")
    if found is None or found["wanted"] < _SEVERAL:
        return
    out.line(f"    {found['fit']} of {found['wanted']} instances fit, placed one after the other", "dim")
    busiest = sorted(found["hosts"].items(), key=lambda each: (-each[1], each[0]))
    for host, count in busiest[:_NAMED]:
        out.line(f"      {count} on {host}", "dim")
    if len(busiest) > _NAMED:
        out.line(f"      and {len(busiest) - _NAMED} more hosts", "dim")
    unfit = found.get("first_unfit")
    if unfit is not None:
        lacking = unfit["placement"]
        out.line(f"    the first that does not is {unfit['name']}: {lacking.get('why', '')}", "yellow")
        if "remedy" in lacking:
            out.line(f"      {lacking['remedy']}", "yellow")


def _field(field: FieldChange, *, creating: bool) -> str:
    after = "(removed)" if field.get("after") is None else inline(field.get("after"))
    if creating:
        return f"{field['path']}: {after}"
    before = "(unset)" if field.get("before") is None else inline(field.get("before"))
    effect = "" if field["effect"] == "in_place" else f"  ({field['effect']})"
    return f"{field['path']}: {before} -> {after}{effect}"


def _show_quota(out: Output, plan: Plan) -> None:
    for tenant, countables in sorted(plan.get("quota", {}).items()):
        for name, effect in sorted(countables.items()):
            if effect["used"] == effect["after"]:
                continue
            limit = effect.get("limit")
            bound = "unlimited" if limit is None else f"of {limit}"
            out.line(f"    quota of {tenant}: {name} {effect['used']} -> {effect['after']} {bound}", "dim")
