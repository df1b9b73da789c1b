"""A name is a DNS label, a tenant's a path of them; anything else names nothing and makes nothing."""

from __future__ import annotations

import pytest

from tests.api.site import Site

BAD = [
    "A", "1a", "-a", "a-", "a_b", "a.b", "a b", "a" * 64, "a" * 300, "ä", "%61", ".a", "..", ".", "a\n", "*", "a?b",
    "a#b", "a;b", "'", '"', "a\\b", "{a}", "\u0430dmin", "\u200ba", "a\u0301", "😀",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD, ids=ascii)
def test_a_bad_name_makes_nothing_and_finds_nothing(site: Site, name: str) -> None:
    before = site.world()
    path = f"tenants/acme/networks/{name}"
    put = site.ada.put(path, {})
    assert put.status in (404, 422)
    assert put.code in ("spec.invalid", "route.not_found")
    for answer in (site.ada.get(path), site.ada.delete(path), site.ada.patch(path, {})):
        assert answer.code in ("object.not_found", "route.not_found", "spec.invalid")
    assert site.world() == before


@pytest.mark.parametrize("name", ["a", "a1", "web-1", "x--y", "a" * 63])
def test_a_good_name_names_one_object(site: Site, name: str) -> None:
    assert site.ada.put(f"tenants/acme/networks/{name}", {}).status == 201
    assert site.ada.get(f"tenants/acme/networks/{name}").body["metadata"]["name"] == name


@pytest.mark.parametrize("name", ["a.", "a..b", "a.B", "A", ".a", "a.1", "a%2Fb", "system.", "ä.b"])
def test_a_bad_tenant_path_makes_nothing(site: Site, name: str) -> None:
    before = site.world()
    assert site.admin.put(f"tenants/{name}", {}).status in (404, 422)
    assert site.world() == before


def test_names_of_different_kinds_and_tenants_do_not_meet(site: Site) -> None:
    for path in ("tenants/acme/networks/x", "tenants/acme/volumes/x", "tenants/acme.dev/networks/x"):
        limits = {"networks": 1, "users": 5, "api_tokens": 5, "role_bindings": 5}
        site.admin.put("tenants/acme.dev/quotas/default", {"limits": limits}).ok()
        assert site.admin.put(path, {"size_gib": 1} if "volumes" in path else {}).status == 201


@pytest.mark.parametrize(
    "path",
    [
        "/v1/",
        "/v1/tenants/acme/",
        "/v1/tenants/acme/volumes/",
        "/v1/tenants//volumes",
        "/v1/tenants/acme/gizmos",
        "/v1/tenants/acme/volumes/a/b",
        "/v1/gizmos/a",
        "/v1/volumes",
        "/v1/volumes/data",
        "/v1/tenants/acme/flavors",
        "/v1/tenants/acme/hosts/h",
        "/v2/flavors",
        "/",
        "/v1/tenants/acme/volumes/x%00",
        "/v1/tenants/acme%0a/volumes",
    ],
)
def test_a_path_that_leads_nowhere_is_404_of_its_own_code(site: Site, path: str) -> None:
    refused = site.admin.send("GET", path)
    assert (refused.status, refused.code) == (404, "route.not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v1/flavors", {"GET"}),
        ("DELETE", "/v1/tenants/acme/volumes", {"GET"}),
        ("POST", "/v1/tenants/acme/volumes/data", {"GET", "PUT", "PATCH", "DELETE"}),
        ("PUT", "/healthz", {"GET"}),
        ("BREW", "/v1/flavors", {"GET"}),
    ],
)
def test_a_method_that_is_not_possible_is_405_with_those_that_are(
    site: Site, method: str, path: str, allowed: set[str]
) -> None:
    refused = site.admin.send(method, path, body={})
    assert (refused.status, refused.code) == (405, "request.method")
    assert allowed <= set(refused.headers["Allow"].split(", "))
