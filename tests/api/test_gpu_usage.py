"""Who is told how long which GPUs were had, and by whom."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from pextra.api import openapi
from pextra.resources import REGISTRY
from tests.api.caller import Caller
from tests.api.site import Site

HOUR_S = 3600
AS_ADA: dict[str, Any] = {"flavor": "small", "image": "system/linux"}


def furnish(site: Site) -> None:
    """A simulated host with four GPUs, and a profile of whole ones and one of quarters."""
    site.admin.put(
        "hosts/gpu-1", {"driver": "sim", "simulated": {"vcpus": 64, "gpus": {"model": "l40s", "count": 4}}}
    ).ok()
    site.admin.put("gpu_profiles/whole", {"mode": "whole", "models": ["l40s"]}).ok()
    site.admin.put("gpu_profiles/quarter", {"mode": "share", "share_milli": 250, "models": ["l40s"]}).ok()
    site.converge()


def run(site: Site, tenant: str, name: str, profile: str, count: int = 1) -> None:
    instance = {**AS_ADA, "gpus": {"profile": profile, "count": count}}
    site.admin.put(f"tenants/{tenant}/instances/{name}", instance).ok()
    site.converge()
    site.clock.advance(1)


def stop(site: Site, tenant: str, name: str) -> None:
    site.admin.delete(f"tenants/{tenant}/instances/{name}").ok()
    site.converge()
    site.clock.advance(1)


def usage(caller: Caller, tenant: str, **query: Any) -> list[dict[str, Any]]:
    found = caller.get(f"tenants/{tenant}/gpu-usage", **query).ok()
    jsonschema.Draft202012Validator(
        {"$ref": "#/components/schemas/GpuUsageList", "components": openapi.document(REGISTRY)["components"]}
    ).validate(found)
    return found["items"]


def test_usage_is_read_by_its_tenant_and_those_above_and_exists_for_nobody_else(any_site: Site) -> None:
    site = any_site
    furnish(site)
    run(site, "acme", "trainer", "whole", 2)
    site.clock.advance(HOUR_S)
    for caller, status in ((site.ada, 200), (site.admin, 200), (site.dev, 404), (site.gus, 404), (site.nobody, 401)):
        assert caller.send("GET", "/v1/tenants/acme/gpu-usage").status == status
        assert caller.send("GET", "/v1/tenants/acme/gpu-usage?recursive=true").status == status
    absent = site.gus.send("GET", "/v1/tenants/acne/gpu-usage")
    assert absent.text.replace("acne", "acme") == site.gus.send("GET", "/v1/tenants/acme/gpu-usage").text
    (mine,) = usage(site.ada, "acme")
    assert (mine["model"], mine["mode"], mine["slice"], mine["milli"], mine["parts"]) == ("l40s", "whole", "", 1000, 2)
    assert float(mine["gpu_seconds"]) >= 2 * HOUR_S
    assert mine["gpu_seconds"] == mine["part_seconds"]
    for caller, tenant in ((site.gus, "globex"), (site.dev, "acme.dev"), (site.admin, "system")):
        assert usage(caller, tenant) == []


def test_tenants_above_are_told_of_those_below_by_tenant_and_operators_of_all(site: Site) -> None:
    furnish(site)
    site.admin.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    for tenant in ("acme", "acme.dev", "globex"):
        run(site, tenant, "part", "quarter")

    def tenants(caller: Caller, tenant: str) -> list[str]:
        return sorted(item["tenant"] for item in usage(caller, tenant, by="tenant", recursive=True))

    assert tenants(site.ada, "acme") == ["acme", "acme.dev"]
    assert tenants(site.dev, "acme.dev") == ["acme.dev"]
    assert tenants(site.gus, "globex") == ["globex"]
    assert tenants(site.admin, "system") == ["acme", "acme.dev", "globex"]
    assert [item["tenant"] for item in usage(site.ada, "acme", by="tenant")] == ["acme"]


def test_seconds_of_instances_are_exact_and_stay_when_these_are_gone(site: Site) -> None:
    furnish(site)
    run(site, "acme", "part", "quarter")
    start_us = int(site.clock.now() * 1_000_000) // 1000 * 1000
    site.clock.advance(HOUR_S)
    ends = {"since": site_time(start_us), "until": site_time(start_us + 2_400_500_000)}
    (part,) = usage(site.ada, "acme", by="instance,model", **ends)
    assert (part["instance"], part["tenant"], part["model"]) == ("part", "acme", "l40s")
    assert (part["gpu_seconds"], part["part_seconds"]) == ("600.125", "2400.5")
    stop(site, "acme", "part")
    (gone,) = usage(site.ada, "acme", by="instance,model", **ends)
    assert gone == {**part, "instance": None}
    assert usage(site.ada, "acme", since=site_time(int(site.clock.now() * 1_000_000) - 1000)) == []


def site_time(us: int) -> str:
    from pextra.store.records import timestamp

    return timestamp(us)


def test_what_a_tenant_that_has_gone_had_is_told_to_operators(site: Site) -> None:
    furnish(site)
    site.admin.put("tenants/short", {}).ok()
    site.admin.put("tenants/short/quotas/default", {"unlisted": "unlimited"}).ok()
    run(site, "short", "part", "whole")
    uid = site.admin.get("tenants/short").ok()["metadata"]["uid"]
    site.admin.send("DELETE", "/v1/tenants/short?cascade=true").ok()
    site.converge()
    assert site.admin.get("tenants/short").status == 404
    (left,) = usage(site.admin, "system", by="tenant", recursive=True)
    assert (left["tenant"], left["tenant_uid"]) == (None, uid)


def test_a_window_does_not_move_from_page_to_page(site: Site) -> None:
    furnish(site)
    for number in range(3):
        run(site, "acme", f"part-{number}", "quarter")
    site.clock.advance(60)
    first = site.ada.get("tenants/acme/gpu-usage", by="instance", limit=2).ok()
    whole = usage(site.ada, "acme", by="instance")
    site.clock.advance(60)
    second = site.ada.get("tenants/acme/gpu-usage", limit=2, page=first["next_page"]).ok()
    assert (second["since"], second["until"], second["by"]) == (first["since"], first["until"], ["instance"])
    assert first["items"] + second["items"] == whole
    assert "next_page" not in second


def test_a_page_token_of_one_tenant_shows_nothing_of_another(site: Site) -> None:
    furnish(site)
    for number in range(3):
        run(site, "acme", f"part-{number}", "quarter")
    token = site.ada.get("tenants/acme/gpu-usage", by="instance", limit=1).ok()["next_page"]
    assert usage(site.gus, "globex", page=token) == []
    assert site.gus.get("tenants/acme/gpu-usage", page=token).status == 404


def test_a_policy_that_forbids_it_in_a_tenant_below_hides_what_that_had(site: Site) -> None:
    furnish(site)
    site.admin.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    for tenant in ("acme", "acme.dev"):
        run(site, tenant, "part", "quarter")
    text = 'forbid(principal, action == Action::"gpu_usage.read", resource) when { resource.name == "acme.dev" };'
    site.ada.put("tenants/acme/policies/no-dev", {"text": text}).ok()
    shown = usage(site.ada, "acme", by="tenant", recursive=True)
    assert [item["tenant"] for item in shown] == ["acme"]


def test_who_has_no_right_to_it_is_refused(site: Site) -> None:
    assert site.user("acme", "bill", "billing").get("tenants/acme/gpu-usage").status == 200
    nothing = site.user("acme", "eve", None).get("tenants/acme/gpu-usage")
    assert (nothing.status, nothing.body["action"]) == (403, "gpu_usage.read")


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "until=1969-01-01T00:00:00Z",
        "since=2020-01-01T00:00:00Z&until=2020-01-01T00:00:00Z",
        "since=1971-01-01T00:00:00Z&until=1973-01-01T00:00:00Z",
        "by=",
        "by=host",
        "by=model,model",
        "limit=501",
        "page=x",
        "page=W10",
        "page=WzEsMiwzLDRd",
        "recursive=perhaps",
        "from=2020-01-01T00:00:00Z",
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(site: Site, query: str) -> None:
    assert site.ada.send("GET", f"/v1/tenants/acme/gpu-usage?{query}").code == "request.parameter"
