"""Every mutation is in the audit log, and every refusal; nothing else is, and nothing secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pextra.services import refusals
from pextra.store import audit
from pextra.store.tables import pending_audit
from tests.api.audit import entries, last
from tests.api.everything import SECRET, make_everything
from tests.api.site import Site

NET = "tenants/acme/networks/front"


def test_a_write_says_who_did_what_from_where_and_why(site: Site) -> None:
    site.ada.put(NET, {"mtu": 1400}, labels={"app": "web"}, headers={"User-Agent": "curl/8"}).ok()
    entry = last(site, site.ada, "acme")
    whoami = site.ada.get("whoami").ok()
    assert entry["action"] == "network.create"
    assert entry["outcome"] == "succeeded"
    assert entry["reason"] == "role owner by role_binding acme/ada"
    assert entry["principal"]["kind"] == "user"
    assert (entry["principal"]["uid"], entry["principal"]["name"]) == (whoami["uid"], "ada")
    assert entry["source"] == {"address": "127.0.0.1", "user_agent": "curl/8"}
    read = site.ada.get(NET).ok()["metadata"]
    named = {"kind": "network", "tenant": "acme", "name": "front", "uid": read["uid"], "generation": 1}
    assert entry["object"] == named
    changes = {c["path"]: (c["before"], c["after"]) for c in entry["changes"]}
    assert changes["spec.mtu"] == (None, 1400)
    assert changes["metadata.labels"] == ({}, {"app": "web"})


def test_the_entry_bears_the_id_of_its_request(site: Site) -> None:
    answer = site.ada.put(NET, {})
    assert last(site, site.ada, "acme")["request"] == answer.headers["Pextra-Request-Id"]


def test_each_kind_of_mutation_leaves_one_entry(site: Site) -> None:
    make_everything(site)
    site.converge()
    before = len(entries(site, site.ada, "acme"))
    operation = ""
    for act in (
        lambda: site.ada.put(NET, {"mtu": 1300}),
        lambda: site.ada.put(NET, {"mtu": 1300}),  # changes nothing
        lambda: site.ada.patch(NET, {"spec": {"mtu": 1400}}),
        lambda: site.ada.act("tenants/acme/instances/web-1", "reboot"),
        lambda: site.ada.put("tenants/acme/networks/other", {}),
        lambda: site.ada.delete("tenants/acme/networks/other"),
    ):
        site.clock.advance(1.0)
        answer = act()
        assert answer.status < 300
        if answer.body and answer.body["kind"] == "operation":
            operation = answer.body["metadata"]["uid"]
    found = entries(site, site.ada, "acme")[before:]
    actions = ["network.update", "network.update", "instance.reboot", "network.create", "network.delete"]
    assert [e["action"] for e in found] == actions
    assert {"path": "spec.mtu", "before": 1500, "after": 1300} in found[0]["changes"]
    assert found[2]["operation"] == operation


def test_what_goes_along_with_something_else_says_so(site: Site) -> None:
    site.ada.put(NET, {}).ok()
    site.ada.put("tenants/acme/subnets/inner", {"network": "front", "cidr": "10.0.0.0/24"}).ok()
    site.ada.delete(NET, cascade=True).ok()
    found = [e for e in entries(site, site.ada, "acme") if e["action"].endswith(".delete")]
    causes = {e["object"]["kind"]: e.get("cause") for e in found}
    assert causes == {"subnet": "network front is being deleted", "network": None}


def test_what_is_refused_and_what_is_only_planned_leaves_no_mutation(site: Site) -> None:
    def waiting() -> int:
        return site.database.read(audit.lag)[0]

    before = waiting()
    site.ada.put(NET, {}, dry_run=True).ok()
    document = {"kind": "network", "metadata": {"name": "new", "tenant": "acme"}}
    site.ada.plan({"verb": "put", "object": document}).ok()
    assert site.ada.put(NET, {"mtu": "much"}, dry_run=True).status == 422
    assert waiting() == before
    assert site.ada.put(NET, {"mtu": "much"}).status == 422
    found = entries(site, site.ada, "acme")
    assert found[-1]["outcome"] == "refused"
    assert not any(e["action"] == "network.create" for e in found)


def test_a_replayed_request_is_one_mutation(site: Site) -> None:
    for _ in range(2):
        site.ada.put(NET, {}, headers={"Idempotency-Key": "k"}).ok()
    assert [e["action"] for e in entries(site, site.ada, "acme")].count("network.create") == 1


def test_no_entry_holds_a_secret_or_a_credential(site: Site) -> None:
    make_everything(site)
    minted = site.ada.put("tenants/acme/api_tokens/second", {"user": "ada"}).ok()["minted"]["token"]
    text = json.dumps([entries(site, site.admin, tenant) for tenant in ("acme", "system")])
    assert "(secret)" in text
    for secret in (SECRET, minted, *site.tokens.values()):
        assert secret not in text
    assert all(e["minted"] for e in entries(site, site.ada, "acme", action="api_token.create"))


def test_large_changes_give_way_to_their_digests(site: Site) -> None:
    site.ada.put(NET, {}, annotations={f"k{n}": "x" * 4000 for n in range(20)}).ok()
    entry = last(site, site.ada, "acme")
    change = next(c for c in entry["changes"] if c["path"] == "metadata.annotations")
    assert set(change["after"]) == {"sha256", "bytes"}
    assert len(json.dumps(entry)) < 40_000


@pytest.mark.parametrize(
    ("code", "request_"),
    [
        ("object.stale", lambda site: site.ada.put(NET, {}, headers={"If-Match": '"x"'})),
        ("object.exists", lambda site: site.ada.put(NET, {}, headers={"If-None-Match": "*"})),
        ("object.not_found", lambda site: site.ada.delete("tenants/acme/networks/nope")),
        ("spec.invalid", lambda site: site.ada.put(NET, {"mtu": -1})),
        ("auth.denied", lambda site: site.ada.put("tenants/acme/quotas/default", {"unlisted": "unlimited"})),
        ("auth.denied", lambda site: site.ada.put("flavors/mine", {"vcpus": 1, "memory_mib": 1, "disk_gib": 1})),
    ],
)
def test_a_refusal_is_in_the_chain_of_who_was_refused(site: Site, code: str, request_: Any) -> None:
    site.ada.put(NET, {}).ok()
    site.clock.advance(1.0)
    assert request_(site).code == code
    entry = last(site, site.ada, "acme")
    assert (entry["outcome"], entry["error"]) == ("refused", code)
    assert entry["principal"]["name"] == "ada"
    assert "changes" not in entry


def test_a_quota_that_refuses_is_told_in_the_chain_of_its_tenant(site: Site) -> None:
    assert site.ada.put("tenants/acme.dev/networks/front", {}).code == "quota.exceeded"
    entry = last(site, site.dev, "acme.dev")
    assert (entry["error"], entry["principal"]["name"], entry["object"]["name"]) == ("quota.exceeded", "ada", "front")


def test_a_stranger_is_told_of_in_its_own_chain_and_nothing_of_it_in_anothers(site: Site) -> None:
    site.ada.put(NET, {}).ok()
    before = entries(site, site.ada, "acme")
    for path in (NET, "tenants/acme/networks/nope", "tenants/acne/networks/front"):
        assert site.gus.get(path).status == site.gus.delete(path).status == 404
    found = entries(site, site.gus, "globex", outcome="refused")
    assert [(e["action"], e["object"]["tenant"]) for e in found] == [
        ("network.read", "acme"), ("network.delete", "acme"), ("network.read", "acme"), ("network.delete", "acme"),
        ("network.read", "acne"), ("network.delete", "acne"),
    ]  # fmt: skip
    assert "uid" not in json.dumps([e["object"] for e in found])
    assert entries(site, site.ada, "acme") == before


def test_reading_what_is_there_or_not_in_ones_own_tenant_is_no_refusal(site: Site) -> None:
    before = len(entries(site, site.ada, "acme"))
    site.ada.get("tenants/acme/networks/nope")
    site.ada.get("tenants/acme/networks")
    assert len(entries(site, site.ada, "acme")) == before


def test_who_shows_no_valid_token_is_told_of_in_the_clouds_own_chain(site: Site) -> None:
    site.caller("nonsense").get(NET)
    site.nobody.put(NET, {})
    found = entries(site, site.admin, "system", outcome="refused")[-2:]
    assert [(e["principal"], e["error"]) for e in found] == [({"kind": "anonymous"}, "auth.unauthenticated")] * 2
    assert [e["action"] for e in found] == ["network.read", "network.write"]
    assert found[0]["source"]["address"] == "127.0.0.1"


def test_no_words_of_a_stranger_keep_the_log_from_being_sealed(any_site: Site) -> None:
    for path in (
        "/v1/tenants/a%00b/networks/x%00y",
        "/v1/networks/%ed%a0%80",
        "/v1/tenants/a/networks/b/actions/%1b%00",
    ):
        assert any_site.nobody.send("POST" if "actions" in path else "GET", path).status == 401
    assert any_site.nobody.send("GET", f"/v1/tenants/acme/networks/{'x' * 5000}").status == 401
    found = entries(any_site, any_site.admin, "system", outcome="refused")
    assert len(found) == 4
    assert not any_site.database.read(audit.pending_any)


def test_many_refusals_are_few_entries_that_tell_their_number(site: Site) -> None:
    for _ in range(100):
        site.caller("nonsense").get(NET)
    site.clock.advance(refusals.WINDOW_S + 1)
    site.caller("nonsense").get(NET)
    found = entries(site, site.admin, "system", outcome="refused")
    assert sum(e.get("count", 1) for e in found) == 101
    assert len(found) == refusals.EACH + 3 + 1 + 1  # one by one; 16, 32, 64; the rest of that window; the next one


def test_refusals_of_many_kinds_are_bounded_too(site: Site) -> None:
    for number in range(refusals.ENTRIES + 200):
        site.app.test_client().get(
            "/v1/whoami", environ_overrides={"REMOTE_ADDR": f"10.{number // 250}.0.{number % 250}"}
        )
    found = entries(site, site.admin, "system", outcome="refused")
    assert len(found) < refusals.ENTRIES + 20
    assert [e["action"] for e in found if e.get("count", 1) > 1][-1] == "(several)"


def test_tenants_and_cloud_wide_objects_are_told_of_where_their_owner_reads(site: Site) -> None:
    site.ada.put("tenants/acme.test", {}).ok()
    site.admin.put("tenants/other", {}).ok()
    assert last(site, site.ada, "acme")["object"]["name"] == "acme.test"
    assert last(site, site.admin, "system")["object"]["name"] == "other"
    site.admin.put("flavors/huge", {"vcpus": 64, "memory_mib": 1024, "disk_gib": 1}).ok()
    assert last(site, site.admin, "system")["object"] | {"uid": ""} == {
        "kind": "flavor", "name": "huge", "uid": "", "generation": 1,
    }  # fmt: skip


def test_what_the_product_does_itself_says_so(site: Site) -> None:
    site.ada.put(NET, {}).ok()
    site.admin.delete("tenants/acme", cascade=True).ok()
    site.converge()
    chain = site.admin.get("tenants/acme/audit", kind="network", action="network.delete").ok()["items"]
    assert chain[0]["principal"] == {"kind": "system", "name": "pextra"}
    assert chain[0]["cause"] == "tenant acme is being deleted"


def test_what_is_rolled_back_leaves_no_entry_and_what_is_committed_has_one(any_site: Site) -> None:
    """The entry is a row of the same transaction, on every database."""
    any_site.number_events()
    point, any_site.database.point = any_site.database.point, crash_at_commit
    with pytest.raises(Crash):
        any_site.ada.put(NET, {})
    any_site.database.point = point
    assert any_site.ada.get(NET).status == 404
    assert not any_site.database.read(audit.pending_any)
    any_site.ada.put(NET, {}).ok()
    rows = any_site.database.read(lambda tx: tx.conn.execute(pending_audit.select()).all())
    assert [json.loads(r.body)["action"] for r in rows] == ["network.create"]


class Crash(BaseException):
    """The process dies."""


def crash_at_commit(name: str) -> None:
    if name == "commit":
        raise Crash
