"""A dry run stores nothing and says exactly what the write then does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.caller import Answer, Caller
from tests.api.everything import SPECS, make_everything
from tests.api.site import Site

Write = Callable[..., Answer]

SUBJECT_TO_CHANGE = ("uid", "created_at", "updated_at", "etag")
"""What a new object has that a dry run cannot know."""


def quota_use(site: Site) -> dict[str, int]:
    """What `acme` uses."""
    usage = site.admin.get("tenants/acme/quotas/default").body["status"]["usage"]
    return {name: counter["used"] for name, counter in usage.items()}


def known(document: dict[str, Any]) -> dict[str, Any]:
    """An object without what changes from one attempt to the next."""
    metadata = {k: v for k, v in document["metadata"].items() if k not in SUBJECT_TO_CHANGE}
    secrets = ("user_data", "data", "password")  # their digests are keyed by the uid
    spec = {k: v for k, v in document["spec"].items() if k not in secrets}
    return {**document, "metadata": metadata, "spec": spec}


def instance(**changes: Any) -> dict[str, Any]:
    return {**SPECS["instance"][1], **changes}


WEB, DATA, FRONT = "tenants/acme/instances/web-1", "tenants/acme/volumes/data", "tenants/acme/networks/front"

CASES: dict[str, tuple[str, Callable[[Caller, dict[str, Any]], Answer], str]] = {
    "create": ("create", lambda c, q: c.put("tenants/acme/volumes/new", {"size_gib": 7}, **q), "put"),
    "create an instance": (
        "create",
        lambda c, q: c.put("tenants/acme/instances/new", instance(volumes=[], networks=[]), **q),
        "put",
    ),
    "update": ("update", lambda c, q: c.put(DATA, {"size_gib": 9, "image": "mine"}, **q), "put"),
    "update labels": ("update", lambda c, q: c.patch(FRONT, {"metadata": {"labels": {"a": "b"}}}, **q), "put"),
    "restart": ("restart", lambda c, q: c.patch(WEB, {"spec": {"flavor": "small"}}, **q), "put"),
    "nothing": ("none", lambda c, q: c.patch(DATA, {}, **q), "put"),
    "a new secret": ("update", lambda c, q: c.patch(WEB, {"spec": {"power": "off"}}, **q), "put"),
    "delete with finalizers": ("delete", lambda c, q: c.delete(WEB, **q), "delete"),
    "delete at once": ("delete", lambda c, q: c.delete("tenants/acme/users/bob", cascade=True, **q), "delete"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_foretold_is_what_happens(site: Site, case: str) -> None:
    action, write, verb = CASES[case]
    make_everything(site)
    before, used = site.world(), quota_use(site)
    foretold = write(site.admin, {"dry_run": True}).ok()
    assert site.world() == before
    assert (foretold["verb"], foretold["action"]) == (verb, action)
    assert foretold["problems"] == foretold["unknown"] == []
    happened = write(site.admin, {})
    assert happened.status < 300
    if happened.body is None:
        assert "object" not in foretold
    else:
        assert known(foretold["object"]) == known(happened.body)
    now = quota_use(site)
    assert foretold["quota"] == {name: now[name] - used[name] for name in now if now[name] != used[name]}


@pytest.mark.parametrize("kind", SPECS)
def test_a_dry_run_of_making_each_kind_foretells_what_is_made(site: Site, kind: str) -> None:
    earlier = {name: each for name, each in SPECS.items()}  # noqa: C416 - the order matters
    for name, (path, spec) in earlier.items():
        if name == kind:
            before = site.world()
            foretold = site.admin.put(path, spec, dry_run=True).ok()
            assert site.world() == before
            assert "minted" not in str(foretold)
            made = site.admin.put(path, spec).ok()
            made.pop("minted", None)
            assert known(foretold["object"]) == known(made)
            assert foretold["preconditions"] == {"absent": True}
            return
        site.admin.put(path, spec).ok()


def test_the_fields_of_a_change_are_told_from_what_to_what(site: Site) -> None:
    make_everything(site)
    body = {"metadata": {"labels": {"a": "b"}}, "spec": {"description": "y", "mtu": 1400}}
    change = site.ada.patch(FRONT, body, dry_run=True).ok()
    assert change["fields"] == [
        {
            "path": "metadata.labels",
            "before": {"made-by": "tests"},
            "after": {"made-by": "tests", "a": "b"},
            "effect": "in_place",
        },
        {"path": "spec.mtu", "before": 1500, "after": 1400, "effect": "in_place"},
        {"path": "spec.description", "before": "the front", "after": "y", "effect": "in_place"},
    ]
    now = site.ada.get(FRONT).body["metadata"]
    assert change["preconditions"] == {"uid": now["uid"], "etag": now["etag"]}
    assert change["uid"] == now["uid"]


def test_a_change_of_an_immutable_field_is_foretold_as_replacing_and_refused_when_it_is_made(site: Site) -> None:
    make_everything(site)
    patch = {"spec": {"image": "mine"}}
    change = site.ada.patch(WEB, patch, dry_run=True).ok()
    assert change["action"] == "replace"
    assert [(f["path"], f["effect"]) for f in change["fields"]] == [("spec.image", "replace")]
    refused = site.ada.patch(WEB, patch)
    assert (refused.code, refused.body["fields"]) == ("spec.immutable", ["spec.image"])


def test_a_reference_to_nothing_is_foretold_as_unknown_and_refused_when_it_is_made(site: Site) -> None:
    spec = {"network": "nowhere", "cidr": "10.0.0.0/24"}
    assert site.ada.put("tenants/acme/subnets/s", spec, dry_run=True).ok()["unknown"] == ["spec.network"]
    assert site.ada.put("tenants/acme/subnets/s", spec).code == "reference.not_found"


@pytest.mark.parametrize(
    "write",
    [
        lambda site, q: site.ada.put(DATA, {"size_gib": 0}, **q),
        lambda site, q: site.ada.put("tenants/globex/volumes/data", {"size_gib": 1}, **q),
        lambda site, q: site.ada.put("flavors/small", {"vcpus": 1, "memory_mib": 64, "disk_gib": 1}, **q),
        lambda site, q: site.ada.put(FRONT, {}, headers={"If-None-Match": "*"}, **q),
        lambda site, q: site.ada.put(FRONT, {}, headers={"If-Match": '"x"'}, **q),
        lambda site, q: site.ada.delete(FRONT, **q),
        lambda site, q: site.ada.delete("tenants/acme/networks/none", **q),
        lambda site, q: site.dev.put("tenants/acme.dev/volumes/v", {"size_gib": 1}, **q),
    ],
    ids=["invalid", "foreign", "denied", "exists", "stale", "in use", "absent", "quota"],
)
def test_what_is_refused_is_refused_in_a_dry_run_alike(site: Site, write: Any) -> None:
    make_everything(site)
    dry, real = write(site, {"dry_run": True}), write(site, {})
    assert dry.status >= 400
    assert (dry.status, dry.text) == (real.status, real.text)


def test_an_instance_is_foretold_with_the_host_that_it_would_be_placed_on(site: Site) -> None:
    make_everything(site)
    site.converge()
    spec = {"flavor": "small", "image": "system/linux"}
    placement = site.ada.put("tenants/acme/instances/new", spec, dry_run=True).ok()["placement"]
    assert placement["host"] == "sim-1"
    assert (placement["hosts"], placement["eligible"], placement["rejected"]) == (1, 1, {})
    site.ada.put("tenants/acme/instances/new", spec).ok()
    site.converge()
    assert site.ada.get("tenants/acme/instances/new").body["status"]["host"] == "sim-1"


def test_an_instance_that_fits_nowhere_is_foretold_with_the_reasons(site: Site) -> None:
    make_everything(site)
    site.converge()
    site.admin.put("flavors/huge", {"vcpus": 512, "memory_mib": 64, "disk_gib": 1}).ok()
    spec = {"flavor": "huge", "image": "system/linux"}
    placement = site.ada.put("tenants/acme/instances/new", spec, dry_run=True).ok()["placement"]
    assert "host" not in placement
    assert (placement["eligible"], sum(placement["rejected"].values())) == (0, 1)


@pytest.mark.parametrize(
    ("verb", "path", "parameter"),
    [
        ("PUT", "tenants/acme/networks/new", "dryrun"),
        ("PATCH", "tenants/acme/networks/front", "dry-run"),
        ("DELETE", "tenants/acme/networks/front", "dry_rum"),
        ("POST", "tenants/acme/users/ada/actions/set_password", "dry_run"),
        ("GET", "tenants/acme/networks", "lables"),
        ("GET", "tenants/acme/networks/front", "dry_run"),
    ],
)
def test_a_parameter_that_is_not_there_is_refused_before_anything_is_done(
    site: Site, verb: str, path: str, parameter: str
) -> None:
    site.ada.put("tenants/acme/networks/front", {}).ok()
    before = site.ada.get("tenants/acme/audit").ok()["items"]
    refused = site.ada.send(verb, path, body={"spec": {}} if verb != "GET" else None, query={parameter: "true"})
    assert (refused.status, refused.code) == (422, "request.parameter")
    assert parameter in refused.body["detail"]
    assert site.ada.get("tenants/acme/networks/front").ok()["metadata"]["generation"] == 1
    assert site.ada.get("tenants/acme/audit").ok()["items"] == before
