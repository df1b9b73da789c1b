from __future__ import annotations

import json
from pathlib import Path

import pytest

from pextra_client.client import Client
from tests.cli.conftest import Pextra
from tests.labs.waiting import wait_until


@pytest.fixture
def history(client: Client, tenant: str) -> int:
    """The size of a chain in which something happened."""
    for number in range(3):
        client.put("network", f"n{number}", {})
    with pytest.raises(Exception, match=r"spec\.invalid"):
        client.put("network", "n0", {"mtu": 1})
    log = client.audit(tenant)
    wait_until(lambda: any(e["outcome"] == "refused" for e in log.entries()), 20, "the entries to be sealed")
    return log.head()["head"]["size"]


@pytest.mark.usefixtures("history")
def test_the_list_says_who_did_what(pextra: Pextra) -> None:
    header, first, *_ = pextra("audit", "list", "--object", "network", "--oldest").lines()
    assert header.split() == ["SEQUENCE", "AT", "WHO", "FROM", "ACTION", "OBJECT", "OUTCOME", "WHY"]
    assert first.split()[2:5] == ["admin", "127.0.0.1", "network.create"]
    refused = pextra("audit", "list", "--refused", "-o", "json").document()["items"]
    assert [e["error"] for e in refused] == ["spec.invalid"]


def test_what_was_exported_is_verified_without_the_cloud(
    pextra: Pextra, client: Client, history: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, key, file, proof, consistency = (tmp_path / n for n in ("head", "key", "log", "proof", "consistency"))
    head = pextra("audit", "head", "-o", "json")
    kept.write_text(head.out)
    key.write_text(head.document()["public_key"])
    client.put("network", "later", {})
    wait_until(lambda: client.audit().head()["head"]["size"] > history, 20, "the entry to be sealed")
    assert pextra("audit", "export", str(file)).code == 0
    proof.write_text(pextra("audit", "proof", "2", "-o", "json").out)
    consistency.write_text(pextra("audit", "consistency", str(kept), "-o", "json").out)
    for name in ("ENDPOINT", "TOKEN"):
        monkeypatch.delenv(f"PEXTRA_{name}")
    verified = pextra("audit", "verify", str(file), "--head", str(kept), "--key", str(key), "-o", "json").document()
    assert verified["continues"] == [history]
    assert verified["key_was_known"] is True
    assert pextra("audit", "verify", str(proof), "--key", str(key)).code == 0
    assert pextra("audit", "verify", str(consistency), "--head", str(kept)).code == 0
    assert "only what the file itself says" in pextra("audit", "verify", str(file)).err
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:3], lines[3].replace("network", "netwerk"), *lines[4:]]))
    tampered = pextra("audit", "verify", str(file))
    assert tampered.code == 1
    assert "line 4" in tampered.err


def test_a_file_that_is_no_export_is_refused_with_words(pextra: Pextra, tmp_path: Path) -> None:
    file = tmp_path / "file"
    for text in ("", "hello", json.dumps({"type": "start"}), "[]"):
        file.write_text(text)
        result = pextra("audit", "verify", str(file))
        assert (result.code, result.err.startswith("error:")) == (1, True)
    assert pextra("audit", "verify", str(tmp_path / "none")).code == 1
