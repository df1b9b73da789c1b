"""What a caller may not read is to it as if it were not there: the same answer, headers and number of queries."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from tests.api.caller import Answer, Caller
from tests.api.everything import SPECS, make_everything
from tests.api.site import Site

FOREIGN, ABSENT, NO_TENANT = "tenants/acme", "tenants/acme", "tenants/acne"
"""For `globex`: a tenant that is there with what it has, the same with what it has not, and one that is not there."""

PLURALS = {
    kind: path.split("/")[2]
    for kind, (path, _) in SPECS.items()
    if path.startswith("tenants/acme/") and kind != "share"
}


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


def seen(site: Site, request: Callable[[Caller, str], Answer], path: str) -> tuple[Any, ...]:
    """All that a stranger learns from the request: status, body, headers and what the database had to do."""
    name, tenant = path.rpartition("/")[2], path.split("/")[1]
    with counted(site) as statements:
        answer = request(site.gus, path)
    headers = {k: v for k, v in answer.headers.items() if k not in ("Pextra-Request-Id", "Content-Length")}
    text = answer.text.replace(f"'{name}'", "NAME").replace(f"'{tenant}'", "TENANT").replace(f'"{path}"', "PATH")
    return answer.status, text, headers, statements


REQUESTS: dict[str, Callable[[Caller, str], Answer]] = {
    "GET": lambda caller, path: caller.get(path),
    "GET if changed": lambda caller, path: caller.get(path, headers={"If-None-Match": '"x"'}),
    "GET metrics": lambda caller, path: caller.get(f"{path}/metrics"),
    "PUT": lambda caller, path: caller.put(path, {}),
    "PUT create only": lambda caller, path: caller.put(path, {}, headers={"If-None-Match": "*"}),
    "PUT with an etag": lambda caller, path: caller.put(path, {}, headers={"If-Match": '"x"'}),
    "PUT with a key": lambda caller, path: caller.put(path, {}, headers={"Idempotency-Key": "k"}),
    "PUT dry": lambda caller, path: caller.put(path, {}, dry_run=True),
    "PATCH": lambda caller, path: caller.patch(path, {}),
    "DELETE": lambda caller, path: caller.delete(path),
    "DELETE cascading": lambda caller, path: caller.delete(path, cascade=True),
    "DELETE for a uid": lambda caller, path: caller.delete(path, uid="01a00000-0000-7000-8000-000000000000"),
    "wait": lambda caller, path: caller.get(path, wait="ready", timeout_s=0),
    "wait for the end": lambda caller, path: caller.get(path, wait="deleted", timeout_s=0),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_foreign_object_an_absent_one_and_an_absent_tenant_look_alike(
    site: Site, request_: Callable[[Caller, str], Answer]
) -> None:
    make_everything(site)
    site.ada.delete("tenants/acme/shares/mine").ok()
    for plural, name in ((p, SPECS[kind][0].rpartition("/")[2]) for kind, p in PLURALS.items()):
        foreign = seen(site, request_, f"{FOREIGN}/{plural}/{name}")
        assert foreign[0] in (204, 404)
        assert seen(site, request_, f"{ABSENT}/{plural}/nope") == foreign
        assert seen(site, request_, f"{NO_TENANT}/{plural}/{name}") == foreign


def test_an_action_on_a_foreign_object_looks_like_one_on_nothing(site: Site) -> None:
    make_everything(site)
    reboot: Callable[[Caller, str], Answer] = lambda caller, path: caller.act(path, "reboot")  # noqa: E731
    foreign = seen(site, reboot, "tenants/acme/instances/web-1")
    assert foreign[0] == 404
    assert seen(site, reboot, "tenants/acme/instances/nope") == foreign
    assert seen(site, reboot, "tenants/acne/instances/web-1") == foreign


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_foreign_tenant_looks_like_none(site: Site, request_: Callable[[Caller, str], Answer]) -> None:
    foreign = seen(site, request_, "tenants/acme")
    assert foreign[0] in (204, 404)
    assert seen(site, request_, "tenants/acne") == foreign
    assert seen(site, request_, "tenants/acme.dev") == foreign


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())
def test_hosts_do_not_exist_for_tenants(site: Site, request_: Callable[[Caller, str], Answer]) -> None:
    make_everything(site)
    foreign = seen(site, request_, "hosts/sim-1")
    assert foreign[0] in (204, 404)
    assert seen(site, request_, "hosts/nope") == foreign


@pytest.mark.parametrize("plural", PLURALS.values())
def test_the_list_of_a_foreign_tenant_is_that_of_none(site: Site, plural: str) -> None:
    make_everything(site)
    listed: Callable[[Caller, str], Answer] = lambda caller, path: caller.get(path, recursive=True)  # noqa: E731
    foreign = seen(site, listed, f"tenants/acme/{plural}")
    assert foreign[0] == 404
    assert seen(site, listed, f"tenants/acne/{plural}") == foreign


def test_the_list_of_hosts_is_none_for_tenants(site: Site) -> None:
    make_everything(site)
    assert site.gus.get("hosts").code == "object.not_found"


def test_a_reference_to_a_foreign_object_is_one_to_nothing(site: Site) -> None:
    make_everything(site)
    site.ada.delete("tenants/acme/shares/mine").ok()

    def refer(text: str) -> tuple[Any, ...]:
        with counted(site) as statements:
            answer = site.gus.put("tenants/globex/volumes/v", {"size_gib": 1, "image": text})
        return answer.status, answer.text.replace(text, "TEXT"), statements

    foreign = refer("acme/mine")
    assert foreign[0] == 422
    assert refer("acme/nope") == foreign
    assert refer("acne/mine") == foreign


def test_a_plan_about_a_foreign_object_is_one_about_nothing(site: Site) -> None:
    make_everything(site)

    def planned(verb: str, name: str, tenant: str) -> tuple[Any, ...]:
        document = {"kind": "volume", "metadata": {"name": name, "tenant": tenant}, "spec": {"size_gib": 1}}
        with counted(site) as statements:
            answer = site.gus.plan({"verb": verb, "object": document})
        return answer.status, answer.text.replace(name, "NAME").replace(tenant, "TENANT"), statements

    for verb in ("put", "delete"):
        foreign = planned(verb, "data", "acme")
        assert planned(verb, "nope", "acme") == foreign
        assert planned(verb, "data", "acne") == foreign


def test_a_child_reaches_nothing_of_its_parent_and_a_parent_all_of_its_children(site: Site) -> None:
    site.ada.put("tenants/acme/networks/front", {}).ok()
    assert site.dev.get("tenants/acme/networks/front").code == "object.not_found"
    assert site.dev.get("tenants/acme").code == "object.not_found"
    assert site.ada.get("tenants/acme.dev/users/dev").status == 200
    assert site.ada.get("tenants/acme.dev").status == 200


def test_a_tenant_whose_name_begins_alike_is_a_stranger(site: Site) -> None:
    site.admin.put("tenants/acme-2", {}).ok()
    assert site.ada.get("tenants/acme-2").code == "object.not_found"
    assert site.ada.get("tenants/acme-2/networks").code == "object.not_found"
