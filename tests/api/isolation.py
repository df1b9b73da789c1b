"""The requests that a stranger can make, taken from the API's own OpenAPI document.

A route, a parameter or a body that nobody has thought of here is a `KeyError`: a new one needs a row in a table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import event

from pextra.services.refusals import WINDOW_S
from tests.api.caller import Answer, Caller
from tests.api.site import Site

OWNER, NOBODY = "acme", "acne"
"""The tenant whose objects are to stay hidden, and one that is not there, equally long."""

OPEN: Final = frozenset(
    {
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/v1/schemas/manifest.json",
        "/v1/schemas/cedar.json",
        "/v1/capabilities",
        "/v1/kinds",
        "/v1/whoami",
        "/v1/roles",
        "/v1/flavors",
        "/v1/flavors/{name}",
        "/v1/hosts",
        "/v1/join_tokens",
        "/v1/tenants",
    }
)
"""Routes that name no tenant's object: what they say to a stranger is tested for the owner's names."""

PER_OBJECT_HEADERS: Final = ("Pextra-Request-Id", "Content-Length")


@dataclass(frozen=True)
class World:
    """What a stranger asks about: an object by its tenant and name, and what it knows of the real one."""

    tenant: str
    name: str


@dataclass(frozen=True)
class Known:
    """What the stranger has learnt of an object that it may not see."""

    document: dict[str, Any]
    etag: str
    page: str
    position: str
    key: str = "used-by-the-owner"

    @property
    def uid(self) -> str:
        """The object's uid."""
        return str(self.document["metadata"]["uid"])


@dataclass(frozen=True)
class Request:
    """One request, but for whose object it is about."""

    method: str
    path: str
    query: dict[str, Any] = field(default_factory=dict[str, Any])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: Callable[[World], Any] | None = None
    raw: bytes | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.query} {self.headers}"

    def send(self, caller: Caller, world: World) -> Answer:
        """What the API says to it of this world."""
        path = self.path.replace("{tenant}", world.tenant).replace("{name}", world.name)
        query = {k: v.format(world.tenant) if isinstance(v, str) else v for k, v in self.query.items()}
        body = self.body(world) if self.body is not None else None
        return caller.send(self.method, path[4:], body=body, raw=self.raw, headers=self.headers, query=query)


QUERIES: Final[dict[str, Callable[[Known], dict[str, Any]]]] = {
    "tenant": lambda _: {"tenant": "{}"},
    "kind": lambda known: {"kind": known.document["kind"]},
    "position": lambda known: {"position": known.position},
    "recursive": lambda _: {"recursive": "true"},
    "since": lambda _: {"since": "2020-01-01T00:00:00Z"},
    "until": lambda _: {"until": "2040-01-01T00:00:00Z"},
    "principal": lambda _: {"principal": "acme/ada"},
    "action": lambda known: {"action": f"{known.document['kind']}.create"},
    "name": lambda known: {"name": known.document["metadata"]["name"]},
    "outcome": lambda _: {"outcome": "succeeded"},
    "order": lambda _: {"order": "desc"},
    "limit": lambda _: {"limit": 1},
    "page": lambda known: {"page": known.page},
    "uid": lambda known: {"uid": known.uid},
    "sequence": lambda _: {"sequence": 1, "size": 2},
    "size": lambda _: {"sequence": 1, "size": 2},
    "from": lambda _: {"from": 1, "to": 2},
    "to": lambda _: {"from": 1, "to": 2},
    "labels": lambda _: {"labels": "made-by=tests"},
    "filter": lambda _: {"filter": "spec.size_gib=3"},
    "wait": lambda _: {"wait": "ready", "timeout_s": 0},
    "timeout_s": lambda _: {"wait": "deleted", "timeout_s": 0},
    "dry_run": lambda _: {"dry_run": "true"},
    "cascade": lambda _: {"cascade": "true"},
}
"""How each parameter of a query is filled in; `{}` stands for the tenant that is asked about."""

HEADERS: Final[dict[str, Callable[[Known], str]]] = {
    "Pextra-After": lambda known: known.position,
    "If-None-Match": lambda known: known.etag,
    "If-Match": lambda known: known.etag,
    "Idempotency-Key": lambda known: known.key,
    "Upload-Offset": lambda _: "0",
}


def whole(known: Known) -> Callable[[World], Any]:
    """The real object's own document, as if the stranger had it, under the name that is asked about."""

    def build(world: World) -> Any:
        metadata = {"name": world.name, "uid": known.uid}
        if "tenant" in known.document["metadata"]:
            metadata["tenant"] = world.tenant
        spec = {k: v for k, v in known.document["spec"].items() if k not in ("data", "user_data")}
        return {"kind": known.document["kind"], "metadata": metadata, "spec": spec}

    return build


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Each path, method and the (place, name) of its parameters."""
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method in ("get", "head", "put", "patch", "post", "delete"):
            if method not in item:
                continue
            parameters = [resolve(document, p) for p in [*shared, *item[method].get("parameters", [])]]
            yield path, method.upper(), [(p["in"], p["name"]) for p in parameters if p["in"] != "path"]


def resolve(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """What a `$ref` points at, or the node itself."""
    if "$ref" not in node:
        return node
    found: Any = document
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def requests(path: str, method: str, parameters: list[tuple[str, str]], known: Known) -> Iterator[Request]:
    """The plain request, and one with each parameter filled in with what is the owner's."""
    body, raw, headers = None, None, dict[str, str]()
    if method == "PUT":
        body = whole(known)
    elif path.endswith("/content") and method == "PATCH":
        raw, headers = b"x", {"Content-Type": "application/octet-stream", "Upload-Offset": "0"}
    elif method == "PATCH":
        body, headers = whole(known), {"Content-Type": "application/merge-patch+json"}
    plain = Request(method, path, {}, headers, body, raw)
    yield plain
    for place, name in parameters:
        if place == "query":
            yield Request(method, path, QUERIES[name](known), headers, body, raw)
        else:
            yield Request(method, path, {}, {**headers, name: HEADERS[name](known)}, body, raw)
    if method == "PUT":
        yield Request(method, path, {}, {"If-None-Match": "*"}, body, raw)
        yield Request(method, path, {}, headers, lambda _: {"spec": {"unknown": 1}}, raw)


def questions(known: Known) -> Iterator[Request]:
    """The requests that name an object in their body or query, for routes without a place for it."""
    kind, uid = known.document["kind"], known.uid
    for verb in ("read", "create", "update", "delete"):
        yield Request(
            "POST",
            "/v1/can-i",
            body=lambda world, v=verb: {"action": f"{kind}.{v}", "tenant": world.tenant, "name": world.name},
        )
    yield Request("POST", "/v1/can-i", body=lambda world: {"action": f"{kind}.create", "tenant": world.tenant})
    for verb in ("put", "delete"):
        yield Request("POST", "/v1/plan", body=lambda w, v=verb: {"changes": [{"verb": v, "object": whole(known)(w)}]})
    yield Request(
        "POST",
        "/v1/plan",
        body=lambda world: {"changes": [], "prune": {"tenant": world.tenant, "labels": "made-by=tests"}},
    )
    yield Request(
        "POST",
        "/v1/policy-test",
        body=lambda world: {
            "policies": {"p": "permit (principal, action, resource);"},
            "cases": [
                {
                    "name": "n",
                    "principal": {"name": f"{world.tenant}/ada"},
                    "action": f"{kind}.read",
                    "resource": {"tenant": world.tenant, "name": world.name, "uid": uid},
                    "expect": "permit",
                }
            ],
        },
    )


@contextmanager
def counted(site: Site) -> Generator[list[str]]:
    """The statements that are sent to the database meanwhile."""
    statements: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        del conn, cursor, rest
        statements.append(statement)

    engine = site.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def seen(site: Site, caller: Caller, request: Request, world: World) -> tuple[Any, ...]:
    """All that a stranger learns from the request: status, body, headers and what the database had to do.

    Each is made in a time of its own, for of refusals that are alike only some are noted in the caller's audit log.
    """
    site.clock.advance(WINDOW_S)
    with counted(site) as statements:
        answer = request.send(caller, world)
    headers = {k: v for k, v in answer.headers.items() if k not in PER_OBJECT_HEADERS}
    return answer.status, _plain(answer.text, world), json.loads(_plain(json.dumps(headers), world)), statements


def _plain(text: str, world: World) -> str:
    """The text without the names that the caller sent."""
    parent = world.tenant.partition(".")[0]
    for quoted in ("'{}'", '"{}"', "{}/", "/{}"):
        for word, plain in ((world.name, "NAME"), (world.tenant, "TENANT"), (parent, "PARENT")):
            text = text.replace(quoted.format(word), plain)
    return text


def learn(site: Site, places: dict[str, str]) -> dict[str, Known]:
    """What is at each of these paths, by kind, as the cloud's administrator sees it."""
    known: dict[str, Known] = {}
    site.number_events()
    for kind, path in places.items():
        answer = site.admin.get(path)
        listed = site.admin.get(path.rpartition("/")[0], limit=1).ok()
        page = listed.get("next_page") or ""
        known[kind] = Known(answer.ok(), answer.headers["ETag"], page, listed["position"])
    return known
