"""References to what is hidden, and who is a stranger to whom; of every route, `test_isolation` tells."""

from __future__ import annotations

from typing import Any

from tests.api.everything import make_everything
from tests.api.isolation import counted
from tests.api.site import Site


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
