"""What is referred to is there, stays what it was when it was resolved, and goes as the reference declares."""

from __future__ import annotations

import pytest

from tests.api.caller import Answer
from tests.api.everything import SPECS, make_everything
from tests.api.site import SMALL, Site

FRONT, WEB, DATA = "tenants/acme/networks/front", "tenants/acme/instances/web-1", "tenants/acme/volumes/data"


@pytest.fixture
def whole(site: Site) -> Site:
    """A site with one of everything, made true."""
    make_everything(site)
    site.converge()
    return site


@pytest.mark.parametrize(
    ("path", "spec", "field"),
    [
        ("tenants/acme/subnets/s", {"network": "nowhere", "cidr": "10.0.0.0/24"}, "spec.network"),
        ("tenants/acme/volumes/v", {"size_gib": 1, "image": "nothing"}, "spec.image"),
        ("tenants/acme/instances/i", {"flavor": "none", "image": "system/linux"}, "spec.flavor"),
        ("tenants/acme/api_tokens/t", {"user": "nobody"}, "spec.user"),
        ("tenants/acme/shares/s", {"kind": "image", "name": "nothing", "tenants": "all"}, "spec.name"),
        (
            "tenants/acme/instances/i",
            {"flavor": "small", "image": "system/linux", "networks": [{"network": "a"}]},
            "spec.networks[0].network",
        ),
    ],
)
def test_a_reference_to_nothing_is_refused_with_its_field(site: Site, path: str, spec: object, field: str) -> None:
    before = site.world()
    refused = site.ada.put(path, spec)
    assert (refused.status, refused.code, refused.body["field"]) == (422, "reference.not_found", field)
    assert "make it first" in refused.body["detail"]
    assert site.world() == before


def test_a_reference_to_an_object_of_another_kind_is_one_to_nothing(whole: Site) -> None:
    spec = {"network": "web", "cidr": "10.9.0.0/24"}  # a security group
    assert whole.ada.put("tenants/acme/subnets/s", spec).code == "reference.not_found"


def test_a_reference_is_resolved_to_the_uid_of_its_target(whole: Site) -> None:
    resolved = whole.ada.get("tenants/acme/subnets/front-v4").body["resolved"]
    network = whole.ada.get(FRONT).body["metadata"]["uid"]
    assert resolved["network/front"]["uid"] == network


def test_the_own_tenant_may_be_named_or_not(whole: Site) -> None:
    spec = {"network": "acme/front", "cidr": "10.9.0.0/24"}
    assert whole.ada.put("tenants/acme/subnets/s", spec).status == 201


def test_a_target_in_use_cannot_go_and_its_users_are_named(whole: Site) -> None:
    for path, user in (
        ("tenants/acme/security_groups/web", "instance web-1"),
        (DATA, "instance web-1"),
    ):
        for cascade in (False, True):
            before = whole.world()
            refused = whole.ada.delete(path, cascade=cascade)
            assert (refused.status, refused.code) == (409, "object.in_use")
            assert refused.body["dependants"] == [user]
            assert user in refused.body["detail"]
            assert whole.world() == before


def test_a_refusal_names_some_users_and_counts_the_rest(site: Site) -> None:
    site.ada.put(FRONT, {})
    for n in range(8):
        site.ada.put(f"tenants/acme/subnets/s{n}", {"network": "front", "cidr": f"10.{n}.0.0/24"}).ok()
    refused = site.ada.delete(FRONT).body
    assert (len(refused["dependants"]), refused["others"]) == (5, 3)


def test_once_its_user_has_gone_a_target_can_go(whole: Site) -> None:
    assert whole.ada.delete(WEB).status == 202
    assert whole.ada.delete(DATA).code == "object.in_use"
    whole.converge()
    assert whole.ada.get(WEB).status == 404
    assert whole.ada.delete(DATA).status == 202


def test_once_a_reference_is_taken_out_its_target_can_go(whole: Site) -> None:
    whole.ada.patch(WEB, {"spec": {"networks": [], "volumes": []}}).ok()
    assert whole.ada.delete("tenants/acme/security_groups/web").status == 204
    assert whole.ada.delete(DATA).status == 202


def test_what_depends_by_cascade_blocks_unless_it_may_go_along(site: Site) -> None:
    site.ada.put(FRONT, {})
    site.ada.put("tenants/acme/subnets/s", {"network": "front", "cidr": "10.0.0.0/24"})
    refused = site.ada.delete(FRONT)
    assert refused.code == "object.in_use"
    assert "cascade" in refused.body["detail"]
    assert site.ada.delete(FRONT, cascade=True).status == 204
    assert site.ada.get("tenants/acme/subnets/s").status == 404


def test_a_cascade_stops_at_what_blocks_and_then_nothing_goes(whole: Site) -> None:
    before = whole.world()
    assert whole.ada.delete(FRONT, cascade=True).code == "object.in_use"
    assert whole.world() == before


def test_an_image_that_is_deleted_while_in_use_frees_its_name_and_stays_for_its_users(whole: Site) -> None:
    path = "tenants/acme/images/mine"
    uid = whole.ada.get(path).body["metadata"]["uid"]
    assert whole.ada.delete("tenants/acme/shares/mine").status == 204
    assert whole.ada.delete(path).status == 202
    assert whole.ada.get(path).status == 404
    assert "mine" not in str(whole.ada.get("tenants/acme/images").body["items"])
    used = whole.ada.get(DATA).body["resolved"]["image/mine"]
    assert used["uid"] == uid
    assert whole.ada.put(path, SPECS["image"][1]).body["metadata"]["uid"] != uid
    assert whole.ada.get(DATA).body["resolved"]["image/mine"]["uid"] == uid


def test_an_image_in_use_stays_charged_to_its_owner_until_its_last_user_has_gone(whole: Site) -> None:
    def charged() -> int:
        usage = whole.admin.get("tenants/acme/quotas/default").body["status"]["usage"]
        return usage["image_gib"]["used"]

    whole.ada.delete("tenants/acme/shares/mine")
    whole.ada.delete("tenants/acme/images/mine")
    whole.converge()
    assert charged() == 1
    whole.ada.delete(WEB)
    whole.converge()
    whole.ada.delete(DATA)
    whole.converge()
    assert charged() == 0


def test_a_hidden_image_cannot_be_reached_by_any_address(whole: Site) -> None:
    whole.ada.delete("tenants/acme/shares/mine")
    uid = whole.ada.delete("tenants/acme/images/mine").body["metadata"]["uid"]
    hidden = f"tenants/acme/images/.{uid}"
    for answer in (whole.ada.get(hidden), whole.ada.delete(hidden), whole.ada.patch(hidden, {})):
        assert answer.status in (404, 422)
    assert whole.ada.put("tenants/acme/volumes/v", {"size_gib": 1, "image": f".{uid}"}).status == 422


def test_a_flavor_is_copied_so_that_neither_change_nor_deletion_touches_who_was_made_by_it(whole: Site) -> None:
    def taken() -> tuple[int, int]:
        usage = whole.admin.get("tenants/acme/quotas/default").body["status"]["usage"]
        return usage["vcpus"]["used"], usage["memory_mib"]["used"]

    before = taken()
    whole.admin.put("flavors/medium", {**SMALL, "vcpus": 8}).ok()
    assert whole.ada.patch(WEB, {"metadata": {"labels": {"x": "y"}}}).body["resolved"]["flavor/medium"]["vcpus"] == 2
    assert taken() == before
    assert whole.admin.delete("flavors/medium").status == 204
    assert whole.ada.patch(WEB, {"metadata": {"labels": {"x": "z"}}}).status == 200
    whole.ada.delete(WEB)
    whole.converge()
    assert taken() == (0, 0)


def test_a_new_text_is_resolved_anew(whole: Site) -> None:
    assert whole.ada.patch(WEB, {"spec": {"flavor": "small"}}).body["resolved"]["flavor/small"]["vcpus"] == 1
    usage = whole.admin.get("tenants/acme/quotas/default").body["status"]["usage"]
    assert (usage["vcpus"]["used"], usage["memory_mib"]["used"]) == (1, 512)


def test_a_volume_serves_one_instance_at_a_time(whole: Site) -> None:
    spec = {"flavor": "small", "image": "system/linux", "volumes": ["data"]}
    refused = whole.ada.put("tenants/acme/instances/web-2", spec)
    assert (refused.status, refused.code, refused.body["field"]) == (409, "object.conflict", "spec.volumes[0]")
    whole.ada.patch(WEB, {"spec": {"volumes": []}}).ok()
    assert whole.ada.put("tenants/acme/instances/web-2", spec).status == 201


def test_subnets_of_one_network_cannot_overlap_and_those_of_two_can(site: Site) -> None:
    for network in ("front", "back"):
        site.ada.put(f"tenants/acme/networks/{network}", {})
    put = site.ada.put
    assert put("tenants/acme/subnets/a", {"network": "front", "cidr": "10.0.0.0/16"}).status == 201
    refused = put("tenants/acme/subnets/b", {"network": "front", "cidr": "10.0.3.0/24"})
    assert (refused.code, refused.body["field"]) == ("object.conflict", "spec.cidr")
    assert put("tenants/acme/subnets/b", {"network": "back", "cidr": "10.0.3.0/24"}).status == 201
    assert put("tenants/acme/subnets/a", {"network": "front", "cidr": "10.0.0.0/16"}).status == 200


def test_nothing_refers_to_what_is_being_deleted(whole: Site) -> None:
    whole.ada.put("tenants/acme/volumes/spare", {"size_gib": 1}).ok()
    whole.ada.delete("tenants/acme/volumes/spare").ok()
    refused = whole.ada.patch(WEB, {"spec": {"volumes": ["data", "spare"]}})
    assert refused.code == "reference.not_found"
    assert "is being deleted" in refused.body["detail"]


def test_an_address_group_that_a_rule_names_cannot_go_and_is_of_the_own_tenant(whole: Site) -> None:
    named = {"rules": [{"direction": "ingress", "remote_addresses": "offices"}]}
    whole.ada.put("tenants/acme/security_groups/web", named).ok()
    refused = whole.ada.delete("tenants/acme/address_groups/offices")
    assert refused.status == 409
    assert "security_group web" in str(refused.body)
    for text in ("offices", "acme/offices"):
        foreign = {"rules": [{"direction": "ingress", "remote_addresses": text}]}
        answer = whole.gus.put("tenants/globex/security_groups/web", foreign)
        assert (answer.status, answer.code) == (422, "reference.not_found")
    whole.ada.put("tenants/acme/security_groups/web", {"rules": []}).ok()
    assert whole.ada.delete("tenants/acme/address_groups/offices").status == 204


def test_a_group_may_name_itself_and_goes_nevertheless(whole: Site) -> None:
    for text in ("peers", "acme/peers"):
        named = {"rules": [{"direction": "ingress", "remote_group": text}]}
        whole.ada.put("tenants/acme/security_groups/peers", named).ok()
        assert whole.ada.get("tenants/acme/security_groups/peers").body["spec"]["rules"][0]["remote_group"] == text
        assert whole.ada.put("tenants/acme/security_groups/peers", named).status == 200
        assert whole.ada.delete("tenants/acme/security_groups/peers").status == 204


def test_groups_do_not_name_each_other_in_a_circle(whole: Site) -> None:
    def put(name: str, *named: str) -> Answer:
        rules = [{"direction": "ingress", "remote_group": each} for each in named]
        return whole.ada.put(f"tenants/acme/security_groups/{name}", {"rules": rules})

    put("web").ok()
    put("middle", "middle", "web").ok()
    put("database", "middle").ok()
    for name in ("database", "middle"):
        refused = put("web", "web", name)
        assert (refused.status, refused.code) == (422, "reference.circular")
        assert refused.body["field"] == "spec.rules[1].remote_group"
        assert f"security_group {name!r} refers to this security_group" in refused.body["detail"]
    refused = whole.ada.delete("tenants/acme/security_groups/middle")
    assert (refused.status, refused.code) == (409, "object.in_use")
    assert refused.body["dependants"] == ["security_group database"]
    put("database").ok()
    put("middle", "database").ok()


def test_a_tenant_with_groups_that_name_each_other_is_deleted_whole(whole: Site) -> None:
    for name, named in (("web", "web"), ("database", "web")):
        rules = [{"direction": "ingress", "remote_group": named}]
        whole.admin.put(f"tenants/globex/security_groups/{name}", {"rules": rules}).ok()
    whole.admin.delete("tenants/globex", cascade=True).ok()
    whole.converge()
    assert whole.admin.get("tenants/globex").status == 404
