"""Kind `secret`: written, never read back, and delivered to the host of an instance that refers to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.site import Site

HERE = "tenants/acme/secrets/boot"
WEB = "tenants/acme/instances/web"
SPEC = {"flavor": "small", "image": "system/linux", "user_data_from": {"secret": "boot", "entry": "web"}}
HOST = {"driver": "sim", "simulated": {"vcpus": 8, "memory_mib": 16_384, "disk_gib": 500}}


def put(site: Site, **data: Any) -> Any:
    return site.ada.put(HERE, {"data": data})


def versions(site: Site) -> dict[str, int]:
    data = site.ada.get(HERE).ok()["spec"]["data"]
    return {name: each["secret"]["version"] for name, each in data.items()}


def test_each_entry_reads_as_digest_and_version_that_rise_by_themselves(site: Site) -> None:
    assert put(site, a="one", b="two").ok()["spec"]["data"]["a"]["secret"]["version"] == 1
    kept = site.ada.get(HERE).body["spec"]["data"]["b"]
    assert put(site, a="other", b=kept, secret="named like the form itself").status == 200
    assert versions(site) == {"a": 2, "b": 1, "secret": 1}
    assert site.ada.patch(HERE, {"spec": {"data": {"a": None}}}).status == 200
    assert versions(site) == {"b": 1, "secret": 1}


def test_get_and_put_again_changes_nothing(site: Site) -> None:
    put(site, a="one", secret="two").ok()
    before = site.world()
    assert site.ada.put_whole(HERE, site.ada.get(HERE).body).body["metadata"]["generation"] == 1
    assert put(site, a="one", secret="two").body["metadata"]["generation"] == 1
    assert site.world() == before


def test_a_change_is_foretold_for_each_entry_without_value_or_digest(site: Site) -> None:
    made = site.ada.put(HERE, {"data": {"a": "one", "secret": "two"}}, dry_run=True).body["fields"]
    assert made == [
        {"path": "spec.data", "before": None, "after": {"a": "(secret)", "secret": "(secret)"}, "effect": "in_place"},
        {"path": "spec.description", "before": None, "after": "", "effect": "in_place"},
    ]
    put(site, a="one", secret="two").ok()
    (changed,) = site.ada.patch(HERE, {"spec": {"data": {"secret": "new"}}}, dry_run=True).body["fields"]
    assert (changed["path"], changed["before"], changed["after"]) == ("spec.data.secret", "(secret)", "(secret)")


@pytest.mark.parametrize("data", [{}, {"a.b": "x"}, {"-a": "x"}, {"a" * 64: "x"}, {f"k{n}": "x" for n in range(65)}],
    ids=["nothing", "a dot", "a dash first", "too long", "too many"])  # fmt: skip
def test_entries_are_few_and_named_plainly(site: Site, data: dict[str, str]) -> None:
    before = site.world()
    assert site.ada.put(HERE, {"data": data}).code == "spec.invalid"
    assert site.world() == before


def test_all_entries_together_have_at_most_64_kib_in_utf_8_those_that_were_kept_too(site: Site) -> None:
    put(site, a="x" * 40_000).ok()
    kept = site.ada.get(HERE).body["spec"]["data"]["a"]
    over = put(site, a=kept, b="é" * 12_769)
    assert over.fields == ["spec.data.b"]
    assert "65536 bytes" in over.body["errors"][0]["message"]
    assert put(site, a=kept, b="é" * 12_768).status == 200
    assert put(site, a="x", b="é" * 32_767).status == 200


def test_a_secret_in_use_is_not_deleted_and_afterwards_is(site: Site) -> None:
    put(site, web="#cloud-config\n").ok()
    site.ada.put(WEB, SPEC).ok()
    refused = site.ada.delete(HERE)
    assert refused.code == "object.in_use"
    assert refused.body["dependants"] == ["instance web"]
    site.ada.delete(WEB).ok()
    site.converge()
    assert site.ada.delete(HERE).status in (202, 204)
    assert site.world()["sealed_secret"] == []


def test_it_belongs_to_its_tenant_and_cannot_be_shared(site: Site) -> None:
    put(site, web="#cloud-config\n").ok()
    assert site.gus.get(HERE).code == "object.not_found"
    share = {"kind": "secret", "name": "boot", "tenants": "all"}
    assert site.ada.put("tenants/acme/shares/boot", share).fields == ["spec.kind"]
    theirs = SPEC | {"user_data_from": {"secret": "acme/boot", "entry": "web"}}
    assert site.gus.put("tenants/globex/instances/thief", theirs).code == "reference.not_found"


def test_user_data_comes_from_one_place(site: Site) -> None:
    put(site, web="#cloud-config\n").ok()
    assert site.ada.put(WEB, SPEC | {"user_data": "#cloud-config\n"}).code == "spec.invalid"


def test_an_instance_waits_for_an_entry_that_is_not_there_and_says_so(site: Site) -> None:
    site.admin.put("hosts/h", HOST).ok()
    put(site, other="#cloud-config\n").ok()
    site.ada.put(WEB, SPEC).ok()
    site.converge()
    (ready,) = [c for c in site.ada.get(WEB).body["status"]["conditions"] if c["type"] == "ready"]
    assert ready["reason"] == "ReferenceNotReady"
    assert "secret 'boot' has no entry 'web'" in ready["message"]
    put(site, other="#cloud-config\n", web="#cloud-config\n").ok()
    site.converge()
    (ready,) = [c for c in site.ada.get(WEB).body["status"]["conditions"] if c["type"] == "ready"]
    assert ready["status"] == "true"


def test_what_the_guest_begins_with_is_what_the_secret_holds(site: Site) -> None:
    site.admin.put("hosts/h", HOST).ok()
    put(site, web="#cloud-config\nfrom: secret\n", other="not for this guest").ok()
    site.ada.put(WEB, SPEC).ok()
    site.converge()
    assert "from: secret" in site.simulated
    assert "not for this guest" not in site.simulated
    put(site, web="#cloud-config\nfrom: later\n").ok()
    site.converge()
    (ready,) = [c for c in site.ada.get(WEB).body["status"]["conditions"] if c["type"] == "ready"]
    assert ready["status"] == "true"  # it runs on with what it began with, or is told that a restart brings the new
