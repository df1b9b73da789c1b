from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pextra_client.config import Profiles
from tests.cli.cloud import RunningCloud
from tests.cli.conftest import Pextra


def test_a_login_is_remembered_and_a_logout_forgets_the_token(anonymous: Pextra, cloud: RunningCloud) -> None:
    logged_in = anonymous("login", cloud.url, stdin=f"{cloud.admin_token}\n")
    assert logged_in.out == "logged in as admin of tenant system\n"
    assert stat.S_IMODE(Profiles().path.stat().st_mode) == 0o600
    assert "admin" in anonymous("whoami").out
    assert anonymous("get", "image", "-o", "name").code == 0  # in the user's own tenant
    assert anonymous("logout").code == 0
    assert cloud.admin_token not in Profiles().path.read_text()
    assert anonymous("whoami").code == 5


def test_a_token_may_come_from_a_file(anonymous: Pextra, cloud: RunningCloud, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"  {cloud.admin_token}\n")
    assert anonymous("login", cloud.url, "--token-file", str(file)).code == 0
    assert anonymous("login", cloud.url, "--token-file", str(tmp_path / "absent")).code == 3


@pytest.mark.parametrize(("token", "code"), [("pxt_wrong", 5), ("", 3), ("two words", 3)])
def test_a_token_that_does_not_work_is_not_stored(
    anonymous: Pextra, cloud: RunningCloud, token: str, code: int
) -> None:
    assert anonymous("login", cloud.url, stdin=f"{token}\n").code == code
    assert not Profiles().path.exists()


def test_profiles_keep_clouds_apart(anonymous: Pextra, cloud: RunningCloud, tenant: str) -> None:
    for name, where in (("one", "system"), ("two", tenant)):
        anonymous("login", cloud.url, "--profile", name, "--tenant", where, stdin=cloud.admin_token)
    assert "system" in anonymous("whoami", "--profile", "one").lines()[-1]
    assert tenant in anonymous("whoami").lines()[-1]  # the last login
    assert anonymous("whoami", "--profile", "three").code == 3


def test_another_cloud_takes_nothing_over_from_the_profile(anonymous: Pextra, cloud: RunningCloud, tenant: str) -> None:
    anonymous("login", cloud.url, "--tenant", tenant, stdin=cloud.admin_token)
    anonymous("login", stdin=cloud.admin_token)
    stored = Profiles().get("default")
    assert stored is not None
    assert stored.tenant == tenant
    anonymous("login", cloud.lossy_url, stdin=cloud.admin_token)
    stored = Profiles().get("default")
    assert stored is not None
    assert (stored.tenant, stored.endpoints) == ("system", (cloud.lossy_url,))


def test_a_token_on_the_command_line_is_warned_of_and_never_shown(pextra: Pextra, cloud: RunningCloud) -> None:
    result = pextra("whoami", "--token", cloud.admin_token, "-v")
    assert "PEXTRA_TOKEN" in result.err
    assert cloud.admin_token not in result.out + result.err


def test_without_a_cloud_the_version_is_told_nevertheless(anonymous: Pextra) -> None:
    assert anonymous("version").out.startswith("client ")


def test_an_endpoint_at_which_nothing_listens_is_unavailable(anonymous: Pextra) -> None:
    result = anonymous("--endpoint", "http://127.0.0.1:1", "whoami")
    assert result.code == 8
    assert "connection refused" in result.err
