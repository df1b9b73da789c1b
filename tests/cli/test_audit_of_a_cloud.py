"""The audit log of a cloud as `pextra up` runs it: its key, its rotation, its pruning."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pextra.cli.database import app
from pextra.pki.audit_key import AuditKey, KeyUnusable
from pextra.transparency.chain import succession
from pextra_client.transparency.verify import SignedHead, VerificationError, signed_by, verify_export
from tests.api.audit import exported
from tests.api.conftest import open_site, site, sqlite_template
from tests.api.site import Site

__all__ = ["open_site", "site", "sqlite_template"]


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    made = AuditKey.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert AuditKey.load_or_create(path).public_hex == made.public_hex
    path.chmod(0o640)
    with pytest.raises(KeyUnusable, match="mode 640"):
        AuditKey.load_or_create(path)
    path.chmod(0o600)
    path.write_text("nonsense")
    with pytest.raises(KeyUnusable, match="no key"):
        AuditKey.load_or_create(path)


def test_a_rotated_key_is_believed_by_who_knows_the_old_one(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    old = site.signer = AuditKey.load_or_create(path)
    site.ada.put("tenants/acme/networks/one", {}).ok()
    site.number_events()
    kept = SignedHead.of(site.ada.get("tenants/acme/audit/head").ok(), "head")
    for _ in range(2):
        assert CliRunner().invoke(app, ["rotate-audit-key", "--key", str(path)]).exit_code == 0
    new = AuditKey.load(path)
    steps = new.successions(old.public_hex)
    assert steps[0]["previous"] == old.public_hex
    assert all(signed_by(s["previous"], s["signature"], succession(s["previous"], s["key"])) for s in steps)
    another = Site(site.database, site.clock, site.tokens)
    another.signer = new
    site.clock.advance(60.0)
    another.ada.put("tenants/acme/networks/two", {}).ok()
    site.number_events = another.number_events  # type: ignore[method-assign]
    lines = exported(another, another.ada, "acme")
    assert verify_export(lines, key=old.public_hex, earlier=[kept]).key == new.public_hex
    another.signer = AuditKey.generate()
    third = Site(site.database, site.clock, site.tokens)
    third.signer = AuditKey.generate()  # the old key was lost: nobody signed that this one follows
    site.clock.advance(60.0)
    third.ada.put("tenants/acme/networks/three", {}).ok()
    lines = exported(third, third.ada, "acme")
    with pytest.raises(VerificationError, match="no known key"):
        verify_export(lines, key=old.public_hex)
    assert verify_export(lines, key=third.signer.public_hex).pinned


def test_pruning_is_told_in_the_chain_that_was_pruned(site: Site) -> None:
    from pextra.services import auditing

    site.number_events()
    site.ada.put("tenants/acme/networks/one", {}).ok()
    site.number_events()
    kept = SignedHead.of(site.ada.get("tenants/acme/audit/head").ok(), "head")
    site.clock.advance(timedelta(days=401).total_seconds())
    site.ada.put("tenants/acme/networks/two", {}).ok()
    site.number_events()
    assert auditing.prune(site.cloud, timedelta(days=400)) > 0
    assert auditing.prune(site.cloud, timedelta(days=400)) == 0
    newest = exported(site, site.ada, "acme")
    assert '"action":"audit.prune"' in newest[-2]
    assert verify_export(newest).first == kept.size + 1


def test_a_damaged_chain_is_not_extended_and_holds_no_other_up(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.number_events()
    uid = site.ada.get("tenants/acme").ok()["metadata"]["uid"]
    size = site.ada.get("tenants/acme/audit/head").ok()["head"]["size"]

    def cut(tx: object) -> None:
        run = tx.conn.exec_driver_sql  # type: ignore[attr-defined]
        run("DROP TRIGGER audit_entry_no_update")
        run(f"UPDATE audit_entry SET leaf_hash = '{'0' * 64}' WHERE tenant_uid = '{uid}' AND sequence = 2")

    site.database.write(cut)
    site.ada.put("tenants/acme/networks/one", {}).ok()
    site.gus.put("tenants/globex/networks/one", {}).ok()
    site.number_events()
    assert site.gus.get("tenants/globex/audit", kind="network").ok()["items"]
    assert site.ada.get("tenants/acme/audit/head").ok()["head"]["size"] == size
    assert site.nobody.get("/readyz").ok()["unsealed_audit_entries"] == 1
    assert "are not sealed" in caplog.text
