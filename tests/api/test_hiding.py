"""Who reaches what: a parent its children, a child nothing of its parent, and nobody by a name that begins alike."""

from __future__ import annotations

from tests.api.site import Site


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
