"""What a caller may not read is to it as if it were not there, on every route that there is.

The requests are made from the OpenAPI document. Compared are status, body, headers and the statements that the
database was sent; about time nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pextra.api.streams import create_streams_app
from pextra.resources import REGISTRY
from tests.api.caller import Caller
from tests.api.everything import SPECS, make_everything
from tests.api.isolation import (
    NOBODY,
    OPEN,
    OWNER,
    Known,
    Request,
    World,
    learn,
    operations,
    questions,
    requests,
    seen,
)
from tests.api.site import Site

DOES_NOT_SAY = (200, 204)
"""Statuses that a stranger may see where they say nothing of the object: a deletion of nothing, a question's answer."""


@pytest.fixture
def owned(site: Site) -> Site:
    """A site where `acme` has one of everything, and shares nothing."""
    make_everything(site)
    site.ada.delete("tenants/acme/shares/mine").ok()
    site.ada.put("tenants/acme/shares/mine", {"kind": "image", "name": "mine", "tenants": ["acme.dev"]}).ok()
    site.ada.put("tenants/acme/volumes/more", {"size_gib": 1}, headers={"Idempotency-Key": "used-by-the-owner"}).ok()
    site.converge()
    return site


@pytest.fixture
def known(owned: Site) -> dict[str, Known]:
    """What a stranger has learnt somehow."""
    operation = owned.ada.act("tenants/acme/instances/web-1", "reboot").ok()["metadata"]["name"]
    owned.ada.put("tenants/acme/floating_ips/web", {"instance": "web-1", "ports": [{"to_port": 80}]}).ok()
    owned.admin.put("join_tokens/sim-1", {"host": "sim-1"}).ok()
    places = {kind: path for kind, (path, _) in SPECS.items()}
    places["operation"] = f"tenants/acme/operations/{operation}"
    places |= {"floating_ip": "tenants/acme/floating_ips/web", "join_token": "join_tokens/sim-1"}
    return learn(owned, places)


@pytest.fixture(params=["stranger", "credential"])
def caller(owned: Site, request: pytest.FixtureRequest) -> Caller:
    """Who asks: the owner of another tenant, and a program of it that may read only."""
    if request.param == "stranger":
        return owned.gus
    spec = {"subject": {"kind": "user", "name": "gus"}, "actions": ["*.read"]}
    made = owned.gus.put("tenants/globex/application_credentials/reader", spec).ok()
    return owned.caller(made["minted"]["token"])


def worlds(known: Known) -> tuple[World, World, World]:
    """The object, none of its tenant, and one of a tenant that is not there."""
    name = known.document["metadata"]["name"]
    tenant = known.document["metadata"].get("tenant") or OWNER
    absent = name[:-1] + ("x" if name[-1] != "x" else "y")
    if known.document["kind"] == "tenant":
        return World(name, name), World(f"{OWNER}.opx", f"{OWNER}.opx"), World(f"{NOBODY}.ops", f"{NOBODY}.ops")
    return World(tenant, name), World(tenant, absent), World(tenant.replace(OWNER, NOBODY), name)


def about(path: str, kinds: dict[str, str], known: dict[str, Known]) -> Iterator[Known]:
    """The objects that a path can be asked of."""
    parts = path.split("/")
    plural = parts[4] if path.startswith("/v1/tenants/{tenant}/") else parts[2]
    if plural == "audit":
        yield known["volume"]
    else:
        yield known[kinds[plural]]


def matrix(site: Site, known: dict[str, Known]) -> Iterator[tuple[Request, Known]]:
    """Every request and the object that it is about."""
    kinds = {kind.plural: kind.name for kind in REGISTRY}
    document = site.admin.get("/openapi.json").ok()
    asked = {"/v1/can-i", "/v1/plan", "/v1/policy-test", "/v1/watch"}
    for path, method, parameters in operations(document):
        if path in OPEN or path in asked:
            continue
        for object_ in about(path, kinds, known):
            for request in requests(path, method, parameters, object_):
                yield request, object_
    for object_ in known.values():
        for request in questions(object_):
            yield request, object_


def test_every_route_says_the_same_of_what_is_hidden_and_what_is_not_there(
    owned: Site, caller: Caller, known: dict[str, Known]
) -> None:
    differing: list[Any] = []
    for request, object_ in matrix(owned, known):
        foreign, *others = worlds(object_)
        if "{name}" not in request.path and request.body is None:
            others = others[1:]
        first = seen(owned, caller, request, foreign)
        if first[0] not in (*DOES_NOT_SAY, 400, 403, 404, 405, 409, 412, 415, 422) or object_.uid in first[1]:
            differing.append((str(request), first[:2]))
        for other in others:
            then = seen(owned, caller, request, other)
            if then != first:
                differing.append((str(request), other, first, then))
    assert not differing
