"""Every route of the published interface, asked by a stranger, says of what is there what it says of what is not.

The matrix is made from the OpenAPI document: every path, method and parameter. A new route, action, kind or parameter
has a row as soon as it is published, or fails here with what to add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from pextra.api import openapi
from pextra.resources import REGISTRY
from tests.api import strangers
from tests.api.caller import Answer, Caller
from tests.api.site import Site
from tests.api.strangers import NO_TENANT, TENANT, Foreign

OF_NOBODY: Final = {
    "/healthz": "is about the process",
    "/readyz": "is about the process",
    "/metrics": "is about the process, and reached by its operator",
    "/metrics/cloud": "is reached by the cloud's operator: test_gpu_gauges.py",
    "/openapi.json": "is the same for all",
    "/v1/schemas/manifest.json": "is the same for all",
    "/v1/schemas/cedar.json": "is the same for all",
    "/v1/capabilities": "is the same for all",
    "/v1/kinds": "is the same for all",
    "/v1/roles": "is the same for all",
    "/v1/whoami": "is about the caller",
    "/v1/can-i": "names objects in its body: test_isolation_of_bodies.py",
    "/v1/login": "its refusals are all alike: see test_login",
    "/v1/policy-test": "names objects in its body: test_isolation_of_bodies.py",
    "/v1/plan": "names objects in its body: test_isolation_of_bodies.py",
    "/v1/watch": "is served by the stream process: test_isolation_of_streams.py",
    "/v1/tenants": "lists what one reaches: test_isolation_of_lists.py",
}
"""Paths that name nothing of anybody's, and why."""

READ_BY_ALL: Final = {"flavors", "gpu_profiles", "address_pools"}
"""Plurals of kinds that hide nothing."""

UNRELATED: Final = "01a00000-0000-7000-8000-000000000000"
NOW: Final = "2026-01-01T00:00:00Z"

VALUES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("query", "uid"): ("{uid}", UNRELATED),
    ("query", "wait"): ("ready", "deleted"),
    ("query", "timeout_s"): ("0",),
    ("query", "dry_run"): ("true",),
    ("query", "cascade"): ("true",),
    ("query", "recursive"): ("true",),
    ("query", "limit"): ("1",),
    ("query", "page"): ("{page}",),
    ("query", "labels"): ("made-by=tests",),
    ("query", "filter"): ("spec.no=1",),
    ("header", "Idempotency-Key"): ("used-by-acme",),
    ("header", "If-Match"): ("{etag}",),
    ("header", "If-None-Match"): ("{revision}",),
    ("header", "Pextra-After"): ("{position}",),
    ("header", "Upload-Offset"): ("0",),
    ("query", "since"): (NOW,),
    ("query", "until"): (NOW,),
    ("query", "principal"): ("acme/ada",),
    ("query", "action"): ("network.create",),
    ("query", "kind"): ("network",),
    ("query", "name"): ("front",),
    ("query", "outcome"): ("succeeded",),
    ("query", "order"): ("oldest",),
    ("query", "sequence"): ("1",),
    ("query", "size"): ("1",),
    ("query", "from"): ("1",),
    ("query", "to"): ("2",),
    ("query", "by"): ("instance",),
}
"""What each parameter is tried with; in braces what only the first tenant knows."""

BODIES: Final[dict[str, Any]] = {"PUT": {"spec": {}}, "PATCH": {"spec": {}}, "POST": None}


@dataclass(frozen=True)
class Row:
    """One request, with the address left open."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict[str, str])
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def send(self, caller: Caller, tenant: str, name: str, body: Any) -> Answer:
        """Send it about this."""
        path = self.path.removeprefix("/v1/").format(tenant=tenant, name=name)
        if path.endswith("/content"):
            headers = {"Content-Type": "application/partial-upload", **self.headers}
            raw = b"x" if self.method == "PATCH" else None
            return caller.send(self.method, path, raw=raw, headers=headers, query={**self.query})
        return caller.send(self.method, path, body=body, headers=self.headers, query={**self.query})


@dataclass(frozen=True)
class Matrix:
    """The site and what is asked about."""

    site: Site
    foreign: dict[str, Foreign]
    facts: dict[str, str]
    callers: dict[str, Caller]

    def rows(self, path: str, *, varied: bool = True) -> Iterator[Row]:
        """Every request to the path: bare, and if `varied` with all parameters at once and with each value of each."""
        about = self.about(path)
        known = {**self.facts}
        if about is not None:
            known |= {"uid": about.uid, "etag": about.etag, "revision": about.revision}
        for method, operation in operations(path).items():
            needed: list[tuple[str, str, str]] = []
            every: list[tuple[str, str, str]] = []
            single: list[tuple[str, str, str]] = []
            for where, name, required in parameters(operation):
                values = [(where, name, text.format(**known)) for text in values_of(where, name, method, path)]
                every.append(values[0])
                single += values
                needed += values[:1] if required else []
            yield _row(method, path, needed)
            if varied:
                yield _row(method, path, every)
                for each in single:
                    yield _row(method, path, [*needed, each])

    def about(self, path: str) -> Foreign | None:
        """What of the first tenant the path can name."""
        return self.foreign.get(subject(path))

    def addresses(self, path: str) -> list[tuple[str, str]]:
        """Tenant and name of what is there, of what is not, and of nothing at all."""
        about = self.about(path)
        if "{tenant}" not in path:
            assert about is not None
            names = [about.name, about.absent_name] if "{name}" in path else [""]
            return [("", name) for name in names] + ([("", "acme.dev")] if about.kind == "tenant" else [])
        if "{name}" not in path:
            return [(TENANT, ""), (NO_TENANT, ""), ("acme.dev", "")]
        assert about is not None
        tenant = "acme.ops" if about.kind == "quota" else TENANT
        return [(tenant, about.name), (tenant, about.absent_name), (NO_TENANT, about.name)]


def _row(method: str, path: str, given: list[tuple[str, str, str]]) -> Row:
    query = {name: value for where, name, value in given if where == "query"}
    headers = {name: value for where, name, value in given if where == "header"}
    return Row(method, path, query | ({"timeout_s": "0"} if "wait" in query else {}), headers)


DOCUMENT: Final = openapi.document(REGISTRY)


def operations(path: str) -> dict[str, Any]:
    """The operations of a path, by method."""
    return {m.upper(): o for m, o in DOCUMENT["paths"][path].items() if m != "parameters"}


def parameters(operation: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Where each parameter of the operation is sent, its name, and whether it must be."""
    for parameter in operation.get("parameters", []):
        shared = parameter.get("$ref", "").rpartition("/")[2]
        said = DOCUMENT["components"]["parameters"][shared] if shared else parameter
        if said["in"] != "path":
            yield said["in"], said["name"], said.get("required", False)


def values_of(where: str, name: str, method: str, path: str) -> tuple[str, ...]:
    """What the parameter is tried with; a filter with what the kind can be filtered by."""
    assert (where, name) in VALUES, f"{path}: say in VALUES what the {where} parameter {name!r} is tried with."
    if name == "If-None-Match" and method != "GET":
        return ("*",)
    kind = REGISTRY.routed(path.rpartition("/")[2])
    if name == "filter" and kind is not None:
        return tuple(f"spec.{f.path}=data" for f in kind.filterable[:1]) or VALUES[where, name]
    return VALUES[where, name]


PATHS: Final = [path for path in DOCUMENT["paths"] if path not in OF_NOBODY and path.split("/")[2] not in READ_BY_ALL]


@pytest.fixture(scope="module")
def matrix(both: Site) -> Matrix:
    """What is asked about, and by whom; it changes nothing."""
    site = both
    written = site.ada.put("tenants/acme/networks/keyed", {}, headers={"Idempotency-Key": "used-by-acme"})
    page = site.ada.get("tenants/acme/networks", limit=1).ok()["next_page"]
    facts = {
        "tenant_uid": site.admin.get("tenants/acme").ok()["metadata"]["uid"],
        "page": page,
        "position": written.headers["Pextra-Position"],
        "uid": written.ok()["metadata"]["uid"],
        "etag": written.headers["ETag"],
        "revision": written.headers["Pextra-Revision"],
    }
    callers = {
        "owner": site.gus,
        "program": strangers.globex_credential(site),
        "nobody in particular": site.user("globex", "norma", role=None),
        "child": site.dev,
    }
    site.number_events()
    return Matrix(site, strangers.foreign_objects(site), facts, callers)


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_cannot_tell_what_is_there_from_what_is_not(matrix: Matrix, path: str) -> None:
    for row in matrix.rows(path):
        answer = _alike(matrix, row, "owner")
        assert answer[0] in (204, 404), (row, answer)


SAMPLED: Final = {"tenants", "quotas", "users", "images", "instances", "operations", "audit", "hosts"}


def subject(path: str) -> str:
    """The plural of the kind that the path is about."""
    return path.removeprefix("/v1/").removeprefix("tenants/{tenant}/").partition("/")[0]


@pytest.mark.parametrize("path", [path for path in PATHS if subject(path) in SAMPLED])
@pytest.mark.parametrize("who", ["program", "nobody in particular", "child"])
def test_those_who_may_less_and_those_below_cannot_tell_it_either(matrix: Matrix, path: str, who: str) -> None:
    for row in matrix.rows(path, varied=False):
        answer = _alike(matrix, row, who)
        assert answer[0] in (204, 404), (row, answer)


def test_no_path_is_excused_that_names_something() -> None:
    assert [path for path in OF_NOBODY if path not in DOCUMENT["paths"] or "{" in path] == []


def _alike(matrix: Matrix, row: Row, who: str) -> strangers.Said:
    def request(tenant: str, name: str) -> tuple[Callable[[], Answer], tuple[str, ...]]:
        return lambda: row.send(matrix.callers[who], tenant, name, BODIES.get(row.method)), (name, tenant)

    own = "acme.dev" if who == "child" else None
    requests = [request(tenant, name) for tenant, name in matrix.addresses(row.path) if own not in (tenant, name)]
    return strangers.assert_alike(matrix.site, requests, f"{row} tells what is there")
