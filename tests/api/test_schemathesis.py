"""Requests made at random from the published description meet no failure and no answer that is not described.

As the cloud's administrator and as a user of a tenant. What a person would not think of is thought of here:
parameters, headers and bodies at and beyond every bound of the description. `make test` takes a fixed part of it,
the slow run more.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from tests.api.everything import make_everything
from tests.api.site import Site

SEED: Final = 20_260_101
OF_TENANTS: Final = r"\{tenant\}|^/v1/plan$"
CLOUD: Final = r"^/v1/[a-z]+(/\{name\})?$|^/v1/schemas/|^/[a-z.]+$"
PRECONDITIONS: Final = ("uid", "if_match", "create_only")

schemathesis.serializer.alias("application/partial-upload", "application/octet-stream")

CHECKS: Final[dict[str, Any]] = {
    # what is well-formed may still be refused: a reference to nothing, a quota, a namesake
    "positive_data_acceptance": {"enabled": False},
    # fails by itself over WSGI; tests/api/test_tokens.py has what it looks for
    "ignored_auth": {"enabled": False},
    # `?wait=` ends with 504, and this site has no stream process
    "not_a_server_error": {"expected-statuses": ["2xx", "4xx", "503", "504"]},
    # a precondition may fail before the body is looked at
    "negative_data_rejection": {
        "expected-statuses": ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "503"]
    },
}
UNWRITABLE: Final = {
    # writes of operations and sessions are 403, and `plan`, `login` and `schemas` could be kinds
    "include-path-regex": "/operations/|/sessions/|/v1/plan|/v1/login|/v1/schemas/",
    "checks": {"unsupported_method": {"enabled": False}, "allow_header_conformance": {"enabled": False}},
}


def description(site: Site, paths: str, *, preconditions: bool) -> dict[str, Any]:
    """The published description of some paths; without preconditions, more requests get as far as their bodies."""
    document: dict[str, Any] = site.nobody.get("/openapi.json").body
    document["paths"] = {path: item for path, item in document["paths"].items() if re.search(paths, path)}
    if not preconditions:
        left_out = {f"#/components/parameters/{name}" for name in PRECONDITIONS}
        for item in document["paths"].values():
            for operation in item.values():
                if isinstance(operation, dict) and "parameters" in operation:
                    operation["parameters"] = [p for p in operation["parameters"] if p.get("$ref") not in left_out]
    return document


def failures(
    site: Site, user: str, *, paths: str, examples: int, boundaries: bool, preconditions: bool = False
) -> tuple[list[str], int]:
    """What went wrong, and how many requests were sent."""
    config = SchemathesisConfig.from_dict(
        {
            "headers": {"Authorization": f"Bearer {site.tokens[user]}"},
            "seed": SEED,
            "workers": 1,
            "continue-on-failure": True,
            "parameters": {"path.tenant": "acme", "query.timeout_s": 0},
            "generation": {"max-examples": examples, "deterministic": True, "mode": "all", "database": "none"},
            "phases": {
                "examples": {"enabled": True},
                "coverage": {"enabled": boundaries},
                "fuzzing": {"enabled": True},
                "stateful": {"enabled": False},
            },
            "checks": CHECKS,
            "operations": [UNWRITABLE],
        }
    )
    schema = schemathesis.openapi.from_dict(description(site, paths, preconditions=preconditions), config=config)
    schema.app = site.app
    found: list[str] = []
    sent = 0
    for each in from_schema(schema).execute():
        match each:
            case events.ScenarioFinished():
                sent += len(each.recorder.interactions)
                found += told(each)
            case events.NonFatalError():
                found.append(f"{each.label}: {each.info}")
            case events.FatalError():
                raise each.exception
            case _:
                pass
    return found, sent


def told(scenario: events.ScenarioFinished) -> list[str]:
    """Each failed check of a scenario in words, with the request and the answer."""
    lines: list[str] = []
    for case_id, checks in scenario.recorder.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            case, answer = scenario.recorder.cases[case_id].value, scenario.recorder.interactions[case_id].response
            request = f"{case.method} {case.formatted_path} {case.query} {case.body!r}"
            status = f"{answer.status_code} {answer.text[:300]}" if answer is not None else "no answer"
            lines.append(f"{check.name}: {check.failure_info.failure.message}\n  {request[:600]}\n  {status}")
    return lines


def test_a_tenants_user_meets_no_failure_at_any_boundary_of_its_own_objects(site: Site) -> None:
    make_everything(site)
    found, sent = failures(site, "ada", paths=OF_TENANTS, examples=1, boundaries=True)
    assert found == []
    assert sent > 3_000


def test_a_tenants_user_meets_no_failure_among_what_belongs_to_the_cloud(site: Site) -> None:
    make_everything(site)
    found, sent = failures(site, "ada", paths=CLOUD, examples=2, boundaries=False)
    assert found == []
    assert sent > 30


def test_the_administrator_meets_no_failure_at_any_boundary_of_the_clouds_objects(site: Site) -> None:
    make_everything(site)
    found, sent = failures(site, "admin", paths=CLOUD, examples=2, boundaries=True)
    assert found == []
    assert sent > 1_000


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("user", ["admin", "ada"])
@pytest.mark.parametrize("preconditions", [False, True], ids=["", "with preconditions"])
def test_nobody_meets_a_failure_anywhere(site: Site, user: str, preconditions: bool) -> None:
    make_everything(site)
    found, sent = failures(site, user, paths=".", examples=10, boundaries=True, preconditions=preconditions)
    assert found == []
    assert sent > 8_000
