"""What a caller may not read is to it as if it were not there, on every route that there is.

The requests are made from the OpenAPI document. Compared are status, body, headers and the statements that the
database was sent; about time nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from pextra.api.streams import create_streams_app
from pextra.resources import REGISTRY
from pextra.services import resolution
from pextra.store import objects
from tests.api import logins
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

SAYS_NOTHING = (200, 204, 400, 403, 404, 405, 409, 412, 415, 422)
"""200 and 204 are a question's answer and the deletion of nothing; the bodies are compared."""

ASKED = frozenset({"/v1/can-i", "/v1/plan", "/v1/policy-test", "/v1/watch", "/v1/login"})
"""Routes that name an object elsewhere than in their path: `questions` has rows for them; the watch and, in
tests/api/test_login.py, the login have tests of their own."""


@pytest.fixture
def owned(site: Site) -> Site:
    """A site where `acme` has one of everything, and shares nothing."""
    make_everything(site)
    site.ada.delete("tenants/acme/shares/mine").ok()
    site.ada.put("tenants/acme/shares/mine", {"kind": "image", "name": "mine", "tenants": ["acme.ops"]}).ok()
    site.ada.put("tenants/acme/volumes/more", {"size_gib": 1}, headers={"Idempotency-Key": "used-by-the-owner"}).ok()
    site.converge()
    return site


@pytest.fixture
def known(owned: Site) -> dict[str, Known]:
    """What a stranger has learnt somehow."""
    operation = owned.ada.act("tenants/acme/instances/web-1", "reboot").ok()["metadata"]["name"]
    owned.ada.put("tenants/acme/floating_ips/web", {"instance": "web-1", "ports": [{"to_port": 80}]}).ok()
    owned.admin.put("join_tokens/sim-1", {"host": "sim-1"}).ok()
    app = logins.server(owned)
    logins.set_password(owned, app)
    session = logins.log_in(app).ok()["metadata"]["name"]
    places = {kind: path for kind, (path, _) in SPECS.items()}
    places["operation"] = f"tenants/acme/operations/{operation}"
    places |= {"floating_ip": "tenants/acme/floating_ips/web", "join_token": "join_tokens/sim-1"}
    places["session"] = f"tenants/acme/sessions/{session}"
    return learn(owned, places)


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
    for path, method, parameters in operations(site.admin.get("/openapi.json").ok()):
        if path in OPEN or path in ASKED:
            continue
        for object_ in about(path, kinds, known):
            for request in requests(path, method, parameters, object_):
                yield request, object_
    for object_ in known.values():
        if object_.document["kind"] != "flavor":  # everybody reads those
            for request in questions(object_):
                yield request, object_


def differences(site: Site, caller: Caller, asked: Iterable[tuple[Request, Known]]) -> list[Any]:
    """The requests by which the caller could tell a hidden object from none."""
    found: list[Any] = []
    for request, object_ in asked:
        foreign, *others = worlds(object_)
        first = seen(site, caller, request, foreign)
        if first[0] not in SAYS_NOTHING or object_.uid in first[1]:
            found.append((str(request), first[:2]))
        found += [
            (str(request), other, first, then)
            for other in others
            if (then := seen(site, caller, request, other)) != first
        ]
    return found


def test_every_route_says_the_same_of_what_is_hidden_and_what_is_not_there(
    owned: Site, known: dict[str, Known]
) -> None:
    assert not differences(owned, owned.gus, matrix(owned, known))


@pytest.mark.parametrize("who", ["credential", "child"])
def test_a_program_of_another_tenant_and_a_child_tell_no_more(owned: Site, known: dict[str, Known], who: str) -> None:
    caller = owned.dev
    if who == "credential":
        spec = {"subject": {"kind": "user", "name": "gus"}, "actions": ["*.read"]}
        made = owned.gus.put("tenants/globex/application_credentials/reader", spec).ok()
        caller = owned.caller(made["minted"]["token"])
    plain = ((r, k) for r, k in matrix(owned, known) if not r.query)
    assert not differences(owned, caller, plain)


@pytest.mark.parametrize("says", [True, False], ids=["shown", "one query more"])
def test_an_answer_that_tells_hidden_from_absent_is_found(
    owned: Site, known: dict[str, Known], monkeypatch: pytest.MonkeyPatch, says: bool
) -> None:
    def telling(tx: Any, owner_uid: str, kind: str, name: str, with_tenant: str) -> bool:
        del with_tenant
        there = objects.by_name(tx, owner_uid, kind, name)
        if there is not None:
            objects.by_name(tx, owner_uid, kind, name)
        return says

    monkeypatch.setattr(resolution, "shared_with", telling)
    reading = ((r, k) for r, k in matrix(owned, known) if r.method == "GET" and not r.query and "{name}" in r.path)
    assert differences(owned, owned.gus, reading)


def test_ones_own_lists_hold_nothing_of_others_whatever_is_asked_for(owned: Site, known: dict[str, Known]) -> None:
    theirs = {k.uid for k in known.values() if k.document["kind"] not in ("flavor", "host", "join_token")}
    for path, method, parameters in operations(owned.admin.get("/openapi.json").ok()):
        if method != "GET" or "{name}" in path or path in ASKED or not path.startswith("/v1/tenants"):
            continue
        for object_ in about(path, {kind.plural: kind.name for kind in REGISTRY}, known):
            for request in requests(path, method, parameters, object_):
                answer = request.send(owned.gus, World("globex", object_.document["metadata"]["name"]))
                assert answer.status < 500
                assert not [uid for uid in theirs - {request.query.get("uid")} if uid in answer.text], str(request)


def test_a_watch_of_what_is_hidden_is_one_of_nothing(owned: Site, known: dict[str, Known]) -> None:
    watcher = Caller(create_streams_app(owned.cloud, places=4), owned.gus.token)
    for path, method, parameters in operations(owned.admin.get("/openapi.json").ok()):
        if path != "/v1/watch":
            continue
        for object_ in known.values():
            for request in requests(path, method, parameters, object_):
                asked = replace(request, query={**request.query, "tenant": "{}"})
                foreign, _, nowhere = worlds(object_)
                first = seen(owned, watcher, asked, foreign)
                assert first[0] in (400, 404)
                assert seen(owned, watcher, asked, nowhere) == first, str(asked)
