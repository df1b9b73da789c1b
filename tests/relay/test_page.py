"""The page of a display is static, allows itself little, and knows no ticket."""

from __future__ import annotations

from pathlib import Path

import pytest

from pextra.api import pages
from tests.relay.world import RelayCloud


@pytest.fixture
def novnc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that has what noVNC's has."""
    (tmp_path / "novnc" / "core").mkdir(parents=True)
    (tmp_path / "novnc" / "core" / "rfb.js").write_text("export default class RFB {}\n")
    (tmp_path / "novnc" / "secret.txt").write_text("not a module")
    monkeypatch.setenv(pages.NOVNC, str(tmp_path / "novnc"))
    return tmp_path / "novnc"


@pytest.mark.usefixtures("novnc")
def test_its_policy_allows_its_own_scripts_and_the_relay_only(bare: RelayCloud) -> None:
    answer = bare.app.test_client().get("/console")
    policy = answer.headers["Content-Security-Policy"]
    assert answer.status_code == 200
    assert f"connect-src {bare.users_url};" in policy
    assert "default-src 'none'; script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert f'data-relay="{bare.users_url}/v1/console"' in answer.text
    assert "<script>" not in answer.text


@pytest.mark.usefixtures("novnc")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("page.js", 200), ("page.css", 200), ("novnc/core/rfb.js", 200), ("page.html", 404), ("novnc/secret.txt", 404),
        ("novnc/../../../etc/passwd.js", 404), ("novnc/absent.js", 404),
    ],
)  # fmt: skip
def test_only_its_parts_are_served(bare: RelayCloud, path: str, status: int) -> None:
    assert bare.app.test_client().get(f"/console/{path}", buffered=True).status_code == status


def test_modules_are_of_the_type_that_browsers_demand(bare: RelayCloud, novnc: Path) -> None:
    answer = bare.app.test_client().get("/console/novnc/core/rfb.js", buffered=True)
    assert answer.mimetype == "text/javascript"
    assert answer.get_data(as_text=True) == (novnc / "core" / "rfb.js").read_text()


def test_without_novnc_it_says_what_to_install(
    bare: RelayCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pages.NOVNC, str(tmp_path / "nothing"))
    answer = bare.app.test_client().get("/console")
    assert answer.status_code == 503
    assert "Install the package `novnc`" in answer.text
