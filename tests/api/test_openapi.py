"""The published description of the API is well-formed, complete and about the routes that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from pextra.api import openapi
from pextra.declaration.kind import Scope
from pextra.errors import CODES
from pextra.resources import REGISTRY
from tests.api.everything import SPECS, make_everything
from tests.api.site import Site

DOCUMENT: dict[str, Any] = openapi.document(REGISTRY)
METHODS = {"get", "put", "post", "patch", "delete"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of every operation."""
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS & set(item):
            yield path, method, item[method]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that stands for itself: with the document's components beside it."""
    return {**schema, "components": DOCUMENT["components"]}


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(resolved({"$ref": f"#/components/schemas/{name}"}))


def references(node: Any) -> Iterator[str]:
    """Every `$ref` in the document."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert found
    for reference in found:
        node: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            assert part in node, reference
            node = node[part]


def test_every_schema_is_a_json_schema() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    assert all(operation["summary"].endswith(".") for _, _, operation in operations())


def test_every_parameter_of_a_path_is_declared() -> None:
    for path, item in DOCUMENT["paths"].items():
        declared = {p["name"] for p in item.get("parameters", []) if p.get("in") == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path)), path


def test_every_problem_that_an_operation_may_answer_is_one_of_the_list() -> None:
    statuses = {str(code.status) for code in CODES.values()}
    for path, method, operation in operations():
        problems = {s for s in operation["responses"] if s[0] in "45"}
        assert problems <= statuses
        if path.startswith("/v1/") and operation.get("security") != []:
            assert {"401", "503"} <= problems, (path, method)


def test_every_kind_has_its_routes_and_only_what_can_be_written_is_written() -> None:
    for kind in REGISTRY:
        prefix = "/v1/tenants/{tenant}" if kind.scope is Scope.TENANT else "/v1"
        one = DOCUMENT["paths"][f"{prefix}/{kind.plural}/{{name}}"]
        assert "get" in DOCUMENT["paths"][f"{prefix}/{kind.plural}"]
        writing = {"put", "patch"} if kind.writable else set()
        assert METHODS & set(one) == {"get", *writing, *({"delete"} & set(kind.verbs))}
        for action in kind.actions:
            assert "post" in DOCUMENT["paths"][f"{prefix}/{kind.plural}/{{name}}/actions/{action.name}"]
        assert (f"{prefix}/{kind.plural}/{{name}}/placement" in DOCUMENT["paths"]) is kind.placed


def test_every_route_of_the_application_is_described(site: Site) -> None:
    one = "/v1/<plural>/<name>"
    generic = {"/v1/<plural>", one, f"{one}/metrics", f"{one}/placement", f"{one}/actions/<action>"}
    generic |= {rule.replace("/v1/", "/v1/tenants/<tenant>/") for rule in generic}
    every = (re.sub(r"<any\([^)]*\):", "<", rule.rule) for rule in site.app.url_map.iter_rules())
    rules = {rule for rule in every if not rule.startswith(("/static", "/console"))}
    assert {re.sub(r"<(\w+)>", r"{\1}", rule) for rule in rules - generic} <= set(DOCUMENT["paths"])
    assert generic <= rules


def test_what_is_served_is_the_document(site: Site) -> None:
    assert site.nobody.get("/openapi.json").body == DOCUMENT


@pytest.mark.parametrize("kind", [k for k in REGISTRY if k.writable], ids=lambda kind: kind.name)
def test_the_example_of_a_write_is_one(kind: Any) -> None:
    schema = DOCUMENT["components"]["schemas"][f"{openapi.title(kind)}Write"]
    validator(f"{openapi.title(kind)}Write").validate(schema["example"])


@pytest.mark.parametrize("kind", SPECS)
def test_what_is_read_conforms_and_may_be_sent_back_as_it_is(site: Site, kind: str) -> None:
    make_everything(site)
    site.converge()
    read = site.admin.get(SPECS[kind][0]).ok()
    name = openapi.title(REGISTRY[kind])
    validator(name).validate(read)
    validator(f"{name}Write").validate(read)
    validator(f"{name}List").validate(site.admin.get(SPECS[kind][0].rpartition("/")[0]).ok())


def test_plans_problems_and_changes_conform(site: Site) -> None:
    make_everything(site)
    document = {"kind": "volume", "metadata": {"name": "v", "tenant": "acme"}, "spec": {"size_gib": 0}}
    plan = {"changes": [{"verb": "put", "object": document}], "prune": {"labels": "made-by", "tenant": "acme"}}
    validator("PlanRequest").validate(plan)
    validator("Plan").validate(site.ada.send("POST", "plan", body=plan).ok())
    validator("Change").validate(site.ada.put("tenants/acme/volumes/v", {"size_gib": 1}, dry_run=True).ok())
    validator("Problem").validate(site.ada.get("tenants/acme/volumes/none").body)
    validator("Operation").validate(site.ada.act("tenants/acme/instances/web-1", "reboot").ok())
