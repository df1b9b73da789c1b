"""One's own lists hold one's own, whatever foreign uids, names and page tokens they are asked with."""

from __future__ import annotations

import pytest

from pextra.declaration.kind import Kind, Scope
from pextra.resources import REGISTRY
from tests.api import strangers
from tests.api.site import Site
from tests.api.strangers import Foreign

OF_TENANTS = [kind for kind in REGISTRY if kind.scope is Scope.TENANT]


@pytest.fixture(scope="module")
def foreign(both: Site) -> dict[str, Foreign]:
    """What the first tenant has."""
    return strangers.foreign_objects(both)


@pytest.mark.parametrize("kind", OF_TENANTS, ids=lambda kind: kind.name)
def test_ones_own_lists_hold_nothing_foreign(both: Site, foreign: dict[str, Foreign], kind: Kind) -> None:
    about = foreign[kind.plural]
    acme = both.admin.get("tenants/acme").ok()["metadata"]["uid"]
    path = f"tenants/globex/{kind.plural}"
    asked: list[dict[str, str]] = [
        {},
        {"recursive": "true"},
        {"page": strangers.page_token(acme, "a")},
        {"labels": "made-by=tests"},
    ]
    asked += [{"filter": f"spec.{f.path}={value}"} for f in kind.filterable for value in ("acme/mine", about.uid, acme)]
    for query in asked:
        for seen in both.gus.send("GET", path, query={**query}).ok()["items"]:
            assert seen["metadata"]["tenant"] in ("globex", "globex.ops"), query
            assert seen["metadata"]["uid"] != about.uid


@pytest.mark.parametrize("kind", [kind for kind in OF_TENANTS if kind.writable], ids=lambda kind: kind.name)
def test_ones_own_object_under_a_foreign_uid_is_not_there(both: Site, foreign: dict[str, Foreign], kind: Kind) -> None:
    about = foreign[kind.plural]
    tenant = "globex.ops" if kind.name == "quota" else "globex"
    path, unrelated = f"tenants/{tenant}/{kind.plural}/{about.name}", "01a00000-0000-7000-8000-000000000000"
    assert both.gus.get(path).ok()["metadata"]["uid"] != about.uid
    asked = [
        (lambda uid=uid: both.gus.delete(path, uid=uid, headers={"If-Match": about.etag}), (uid,))
        for uid in (about.uid, unrelated)
    ]
    assert strangers.assert_alike(both, asked, f"delete of a {kind.name}")[0] == 412


def test_the_list_of_tenants_holds_ones_own_tree(both: Site) -> None:
    acme = both.admin.get("tenants/acme").ok()["metadata"]["uid"]
    asked: list[dict[str, str]] = [
        {},
        {"recursive": "true"},
        {"labels": "!x"},
        {"page": strangers.page_token(acme, "a")},
    ]
    for query in asked:
        names = {seen["metadata"]["name"] for seen in both.gus.send("GET", "tenants", query={**query}).ok()["items"]}
        assert names <= {"globex", "globex.ops"}
    assert {seen["metadata"]["name"] for seen in both.dev.get("tenants").ok()["items"]} == {"acme.dev"}
    limited = strangers.globex_credential(both).get("tenants").ok()["items"]
    assert {seen["metadata"]["name"] for seen in limited} <= {"globex", "globex.ops"}


def test_pages_tell_nothing_of_what_is_hidden_between_what_is_shown(site: Site) -> None:
    for number in range(12):
        mtu = 1500 if number % 4 == 3 else 1400
        site.gus.put(f"tenants/globex/networks/n{number:02}", {"mtu": mtu}).ok()
    text = 'forbid (principal, action == Action::"network.read", resource) when { resource.spec.mtu == 1400 };'
    norma = site.user("globex", "norma", role=None)
    assert norma.get("tenants/globex/users", limit=1).ok().get("next_page") is None
    site.admin.put("tenants/globex/policies/few", {"text": text}).ok()
    uid = site.admin.get("tenants/globex").ok()["metadata"]["uid"]
    names: list[str] = []
    page: dict[str, str] = {}
    for name in ("n03", "n07", "n11"):
        body = site.gus.send("GET", "tenants/globex/networks", query={"limit": "1", **page}).ok()
        names += [seen["metadata"]["name"] for seen in body["items"]]
        last = name == "n11"
        assert body.get("next_page") == (None if last else strangers.page_token(uid, name))
        page = {} if last else {"page": body["next_page"]}
    assert names == ["n03", "n07", "n11"]
