"""A failure on standard error: one line that says what and why, and the fields at fault beneath it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pextra_client.cli.exits import ExitCode, PlanRefusedError, exit_code_of
from pextra_client.cli.output import Output
from pextra_client.cli.text import inline
from pextra_client.errors import ApiError, ClientError, TransportError
from pextra_client.wire import Plan

_HINTS = {
    "auth.unauthenticated": "log in with `pextra login`, or set PEXTRA_TOKEN",
    "auth.password_change_required": "run `pextra login` on a terminal, which asks for another password",
}


def report(out: Output, error: ClientError, *, verbose: bool = False) -> ExitCode:
    """Says what failed, and tells the exit code.

    Args:
        out: where to say it.
        error: what failed.
        verbose: also the request id, and every attempt that was made.
    """
    out.error(str(error))
    details: list[str] = []
    if isinstance(error, ApiError):
        details = problem_details({"errors": error.fields, **error.facts})
        if error.code in _HINTS:
            details.append(_HINTS[error.code])
        if verbose and error.request_id:
            details.append(f"request {error.request_id}")
    elif isinstance(error, TransportError) and verbose:
        details = list(error.attempts)
    elif isinstance(error, PlanRefusedError):
        details = _refusals(error.plan)
    for each in details:
        out.detail(each)
    return exit_code_of(error)


def _refusals(plan: Plan) -> list[str]:
    lines: list[str] = []
    for change in plan["changes"]:
        for problem in change.get("problems", []):
            lines.append(f"{problem.get('code', '')}: {problem.get('detail', '')}")
            lines += [f"  {each}" for each in problem_details(problem)]
    return lines


def problem_details(facts: Mapping[str, Any]) -> list[str]:
    """The lines beneath a refusal: the fields at fault, who depends, why no host fits."""
    lines: list[str] = []
    for each in cast("list[dict[str, Any]]", facts.get("errors") or []):
        value = f" (got {inline(each['value'])})" if "value" in each else ""
        lines.append(f"{each.get('field', '?')}: {each.get('message', '')}{value}")
    rejected = cast("dict[str, int]", facts.get("rejected") or {})
    lines += [f"{count} hosts rejected: {name}" for name, count in sorted(rejected.items())]
    return lines
