"""Who reads whose audit log, what finds an entry, and what proves it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pextra.pki.audit_key import public_pem
from pextra.store import audit, audit_reading
from pextra_client.transparency.verify import (
    Report,
    SignedHead,
    VerificationError,
    key_of_text,
    verify_export,
    verify_proof,
)
from tests.api.audit import begin, entries, exported
from tests.api.site import Site

NET = "tenants/acme/networks"


def busy(site: Site, number: int, tenant: str = "acme") -> None:
    for step in range(number):
        site.admin.put(f"tenants/{tenant}/networks/n{step % 5}", {"mtu": 1300 + step % 200}).ok()
        if step % 7 == 3:
            site.number_events()  # several heads


def test_a_chain_is_read_by_its_tenant_and_those_above_and_exists_for_nobody_else(site: Site) -> None:
    site.number_events()
    for path in ("", "/head", "/proof?sequence=1", "/consistency?from=1", "/export"):
        for caller, status in (
            (site.ada, 200),
            (site.admin, 200),
            (site.dev, 404),
            (site.gus, 404),
            (site.nobody, 401),
        ):
            assert caller.send("GET", f"/v1/tenants/acme/audit{path}").status == status, path
        absent = site.gus.send("GET", f"/v1/tenants/acne/audit{path}")
        assert absent.text.replace("acne", "acme") == site.gus.send("GET", f"/v1/tenants/acme/audit{path}").text
    assert site.ada.get("tenants/acme.dev/audit").status == 200


def test_entries_are_found_by_what_they_tell(site: Site) -> None:
    site.ada.put(f"{NET}/front", {}).ok()
    site.clock.advance(7200.0)
    site.admin.put(f"{NET}/back", {}).ok()
    site.clock.advance(1.0)
    assert site.ada.put(f"{NET}/front", {"mtu": 1}).status == 422
    uid = site.ada.get(f"{NET}/front").ok()["metadata"]["uid"]

    def found(**query: Any) -> list[str]:
        return [f"{e['action']} {e['object']['name']}" for e in entries(site, site.ada, "acme", **query)][-3:]

    assert found(kind="network") == ["network.create front", "network.create back", "network.write front"]
    assert found(kind="network", principal="ada") == ["network.create front", "network.write front"]
    assert found(name=uid) == ["network.create front"]
    assert found(name="front", outcome="refused") == ["network.write front"]
    assert found(action="network.w") == ["network.write front"]
    assert found(action="network%") == []
    since = entries(site, site.ada, "acme", name="back")[0]["at"]
    assert found(since=since) == ["network.create back", "network.write front"]
    assert found(until=since, kind="network") == ["network.create front"]
    newest = site.ada.get("tenants/acme/audit", limit=2).ok()
    assert [e["action"] for e in newest["items"]] == ["network.write", "network.create"]
    assert newest["items"][0]["sequence"] == newest["size"]


def test_pages_hold_every_entry_once_in_either_order(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_reading, "WINDOW", 7)
    busy(site, 30)
    site.number_events()
    for order in ("newest", "oldest"):
        seen: list[int] = []
        page: dict[str, Any] = {}
        while True:
            body = site.ada.get("tenants/acme/audit", order=order, limit=4, principal="admin", **page).ok()
            seen += [e["sequence"] for e in body["items"]]
            if "next_page" not in body:
                break
            page = {"page": body["next_page"]}
        assert seen == sorted(seen, reverse=order == "newest")
        assert len(seen) == len(set(seen)) >= 30


@pytest.mark.parametrize(
    "query",
    ["page=x", "limit=0", "since=yesterday", "order=up", "outcome=maybe", "principal=", "uid=1"],
)
def test_a_parameter_that_makes_no_sense_is_refused(site: Site, query: str) -> None:
    assert site.ada.send("GET", f"/v1/tenants/acme/audit?{query}").code == "request.parameter"
    assert site.ada.send("GET", "/v1/tenants/acme/audit/proof?sequence=0").code == "request.parameter"


def test_an_export_verifies_offline_and_continues_every_earlier_head(any_site: Site) -> None:
    site = any_site
    heads: list[SignedHead] = []
    for _ in range(4):
        busy(site, 9)
        site.number_events()
        heads.append(SignedHead.of(site.ada.get("tenants/acme/audit/head").ok(), "head"))
    report = verify_export(exported(site, site.ada, "acme"), key=site.signer.public_hex, earlier=heads)
    assert report.earlier == sorted(h.size for h in heads)
    assert report.pinned
    later = heads[-1]
    for head in heads:
        proof = site.ada.get("tenants/acme/audit/consistency", **begin(head.size)).ok()
        assert verify_proof(proof, earlier=head).earlier == [head.size]
    proof = site.ada.get("tenants/acme/audit/consistency", **begin(2)).ok()
    with pytest.raises(VerificationError, match="does not continue"):
        verify_proof({**proof, "from": heads[0].size}, earlier=heads[0])
    for sequence in (1, 2, later.size // 2, later.size):
        proof = site.ada.get("tenants/acme/audit/proof", sequence=sequence).ok()
        assert verify_proof(proof, key=key_of_text(proof["public_key"])).first == sequence
        with pytest.raises(VerificationError):
            verify_proof({**proof, "sequence": sequence + 1})
        with pytest.raises(VerificationError):
            verify_proof({**proof, "entry": {**proof["entry"], "action": "nothing"}})


class Tampering:
    """What somebody with the database, or the file, may do to an export."""

    @staticmethod
    def changed(lines: list[str]) -> list[str]:
        return [line.replace('"admin"', '"nobody"', 1) if n == 6 else line for n, line in enumerate(lines)]

    @staticmethod
    def dropped(lines: list[str]) -> list[str]:
        return [*lines[:6], *lines[7:]]

    @staticmethod
    def dropped_and_renumbered(lines: list[str]) -> list[str]:
        rest = [json.loads(line) for line in lines[7:-1]]
        for document in rest:
            document["entry"]["sequence"] -= 1
            del document["chain_hash"]
        return [*lines[:6], *map(json.dumps, rest), lines[-1]]

    @staticmethod
    def reordered(lines: list[str]) -> list[str]:
        first, second = json.loads(lines[6]), json.loads(lines[7])
        first["entry"]["sequence"], second["entry"]["sequence"] = (
            second["entry"]["sequence"],
            first["entry"]["sequence"],
        )
        del first["chain_hash"], second["chain_hash"]
        return [*lines[:6], json.dumps(second), json.dumps(first), *lines[8:]]

    @staticmethod
    def truncated(lines: list[str]) -> list[str]:
        return [*lines[:-2], lines[-1]]

    @staticmethod
    def beheaded(lines: list[str]) -> list[str]:
        return lines[:-1]

    @staticmethod
    def signed_with_another_size(lines: list[str]) -> list[str]:
        head = json.loads(lines[-1])
        head["head"]["size"] -= 1
        return [*lines[:-2], json.dumps(head)]

    @staticmethod
    def added_to(lines: list[str]) -> list[str]:
        return [*lines[:7], lines[6], *lines[7:]]


TAMPERINGS = [name for name in vars(Tampering) if not name.startswith("_")]


@pytest.mark.parametrize("how", TAMPERINGS)
def test_what_was_tampered_with_does_not_verify(site: Site, how: str) -> None:
    busy(site, 12)
    lines = exported(site, site.ada, "acme")
    verify_export(lines)
    with pytest.raises(VerificationError):
        verify_export(getattr(Tampering, how)(lines))


def test_a_chain_that_was_rewritten_with_the_sites_own_key_contradicts_an_earlier_head(site: Site) -> None:
    """Whoever holds key and database can seal another history; a head that was kept elsewhere shows it."""
    busy(site, 12)
    site.number_events()
    kept = SignedHead.of(site.ada.get("tenants/acme/audit/head").ok(), "head")
    uid = kept.head["tenant"]
    forged: list[str] = []

    def forge(tx: Any) -> None:
        for table in ("audit_entry", "audit_node", "audit_head"):
            for verb in ("update", "delete"):
                tx.conn.exec_driver_sql(f"DROP TRIGGER {table}_no_{verb}")
        for table in ("audit_entry", "audit_node", "audit_head"):
            tx.conn.exec_driver_sql(f"DELETE FROM {table} WHERE tenant_uid = '{uid}'")

    site.database.write(forge)
    busy(site, 30)
    forged = exported(site, site.ada, "acme")
    assert verify_export(forged, key=site.signer.public_hex).size > kept.size
    with pytest.raises(VerificationError, match="stands for other entries"):
        verify_export(forged, earlier=[kept])
    proof = site.ada.get("tenants/acme/audit/consistency", **begin(kept.size)).ok()
    with pytest.raises(VerificationError, match="does not continue"):
        verify_proof(proof, earlier=kept)


def test_a_chain_that_was_cut_off_contradicts_an_earlier_head(site: Site) -> None:
    busy(site, 4)
    lines = exported(site, site.ada, "acme")
    busy(site, 8)
    site.number_events()
    kept = SignedHead.of(site.ada.get("tenants/acme/audit/head").ok(), "head")
    with pytest.raises(VerificationError, match="was cut off"):
        verify_export(lines, earlier=[kept])


def test_an_export_of_another_tenant_or_by_another_key_is_refused(site: Site) -> None:
    busy(site, 3)
    lines = exported(site, site.ada, "acme")
    foreign = SignedHead.of(site.gus.get("tenants/globex/audit/head").ok(), "head")
    with pytest.raises(VerificationError, match="tenant"):
        verify_export(lines, earlier=[foreign])
    with pytest.raises(VerificationError, match="no known key"):
        verify_export(lines, key="00" * 32)
    assert key_of_text(public_pem(site.signer.public_hex)) == site.signer.public_hex


def test_a_long_export_goes_on_where_it_stopped(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pextra.services.audit_reading.MOST_EXPORTED", 12)
    monkeypatch.setattr("pextra.services.audit_reading.PART", 3)
    busy(site, 15)
    first = exported(site, site.ada, "acme")
    assert len(first) == 1 + 12 + 1
    following = exported(site, site.ada, "acme", **begin(13))
    assert verify_export([*first[:-1], *following[1:]]).first == 1
    report: Report = verify_export(following)  # the peaks in its first line stand for what came before
    assert (report.first, report.pinned) == (13, False)


def test_a_chain_outlives_its_tenant_and_a_namesake_does_not_read_it(site: Site) -> None:
    site.ada.put("tenants/acme.test", {}).ok()
    site.ada.put("tenants/acme.test/users/x", {})  # refused: no quota; an entry in its chain
    site.number_events()
    uid = site.ada.get("tenants/acme.test").ok()["metadata"]["uid"]
    site.ada.delete("tenants/acme.test").ok()
    site.converge()
    assert site.ada.get("tenants/acme.test").status == 404
    for caller in (site.ada, site.admin):
        assert caller.get("tenants/acme.test/audit").ok()["items"]
        assert caller.get("tenants/acme.test/audit/head", uid=uid).ok()["head"]["tenant"] == uid
    site.admin.delete("tenants/acme", cascade=True).ok()
    site.converge()
    site.admin.put("tenants/acme", {}).ok()
    site.admin.put("tenants/acme/quotas/default", {"unlisted": "unlimited"}).ok()
    namesake = site.user("acme", "eve")
    assert namesake.get("tenants/acme.test/audit").status == 404
    assert namesake.get("tenants/acme.test/audit", uid=uid).status == 404
    assert site.admin.get("tenants/acme.test/audit", uid=uid).status == 200


def test_pruning_takes_entries_and_leaves_every_proof(site: Site) -> None:
    busy(site, 40)
    site.number_events()
    kept = SignedHead.of(site.ada.get("tenants/acme/audit/head").ok(), "head")
    site.clock.advance(1000.0)
    site.database.write(lambda tx: audit.prune(tx, kept.head["tenant"], before_us=tx.now_us - 500_000_000, limit=21))
    busy(site, 20)
    lines = exported(site, site.ada, "acme")
    assert verify_export(lines, earlier=[kept]).first == 22
    assert entries(site, site.ada, "acme")[0]["sequence"] == 22
    assert site.ada.get("tenants/acme/audit/export", **begin(21)).code == "request.parameter"
    for sequence in (1, 21, 22, 50):
        proof = site.ada.get("tenants/acme/audit/proof", sequence=sequence).ok()
        assert ("entry" in proof) == (sequence > 21)
        verify_proof(proof)
    for size in (1, 5, 21, 22, kept.size):
        assert site.ada.get("tenants/acme/audit/consistency", **begin(size)).status == 200
    verify_proof(site.ada.get("tenants/acme/audit/consistency", **begin(kept.size)).ok(), earlier=kept)
