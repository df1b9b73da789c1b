"""Logging in with a password: the session's token is kept, the password nowhere."""

from __future__ import annotations

import stat

import pytest

from pextra_client.client import Client
from pextra_client.config import Profiles
from tests.cli.cloud import RunningCloud
from tests.cli.conftest import Pextra

PASSWORD, OTHER = "violet tractor meadow", "kettle orbit lantern"


@pytest.fixture
def user(client: Client) -> str:
    """A user with a password in the test's tenant."""
    client.put("user", "ada", {})
    client.act("user", "ada", "set_password", {"password": PASSWORD})
    return "ada"


def test_a_login_keeps_a_session_and_a_logout_ends_it_on_the_server(
    anonymous: Pextra, cloud: RunningCloud, tenant: str, user: str, client: Client
) -> None:
    made = anonymous("login", cloud.url, "--tenant", tenant, "--user", user, "--password-stdin", stdin=f"{PASSWORD}\n")
    assert made.out == f"logged in as ada of tenant {tenant}\n"
    stored = Profiles().path.read_text()
    assert stat.S_IMODE(Profiles().path.stat().st_mode) == 0o600
    assert PASSWORD not in stored + made.out + made.err
    assert "session" in anonymous("get", "sessions", "-o", "name").out
    assert "CLIENT" in anonymous("get", "sessions").out
    assert len(list(client.list("session"))) == 1
    assert anonymous("logout").code == 0
    assert list(client.list("session")) == []
    assert anonymous("whoami").code == 5


def test_a_wrong_password_is_denied_and_nothing_is_stored(
    anonymous: Pextra, cloud: RunningCloud, tenant: str, user: str
) -> None:
    refused = anonymous("login", cloud.url, "--tenant", tenant, "--user", user, "--password-stdin", stdin="wrong\n")
    assert refused.code == 5
    assert not Profiles().path.exists()
    for stdin in ("", "\n"):
        empty = anonymous("login", cloud.url, "--tenant", tenant, "--user", user, "--password-stdin", stdin=stdin)
        assert empty.code == 3
    assert anonymous("login", cloud.url, "--tenant", tenant, "--user", user, stdin=f"{PASSWORD}\n").code == 3
    assert anonymous("login", cloud.url, "--password-stdin", stdin=f"{PASSWORD}\n").code == 3


def test_a_session_that_has_ended_says_what_to_do(
    anonymous: Pextra, cloud: RunningCloud, tenant: str, user: str, client: Client
) -> None:
    anonymous("login", cloud.url, "--tenant", tenant, "--user", user, "--password-stdin", stdin=f"{PASSWORD}\n")
    [session] = client.list("session")
    client.delete("session", session["metadata"]["name"])
    refused = anonymous("whoami")
    assert refused.code == 5
    assert "pextra login" in refused.err
    assert anonymous("logout").code == 0  # there is nothing left to end


def test_a_first_password_is_shown_once_and_changed_at_the_first_login(
    anonymous: Pextra, pextra: Pextra, cloud: RunningCloud, tenant: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put("user", "bob", {})
    first = pextra("passwd", "bob", "--generate").out.strip()
    monkeypatch.delenv("PEXTRA_TOKEN")
    login = ("login", cloud.url, "--tenant", tenant, "--user", "bob", "--password-stdin")
    refused = anonymous(*login, stdin=f"{first}\n")
    assert refused.code == 5
    assert "another" in refused.err
    assert anonymous(*login, stdin=f"{first}\n{PASSWORD}\n").code == 0
    assert anonymous(*login, stdin=f"{PASSWORD}\n").code == 0


def test_users_change_their_own_and_stay_logged_in(
    anonymous: Pextra, cloud: RunningCloud, tenant: str, user: str, client: Client
) -> None:
    login = ("login", cloud.url, "--tenant", tenant, "--user", user, "--password-stdin")
    anonymous(*login, stdin=f"{PASSWORD}\n")
    assert anonymous("passwd", "--password-stdin", stdin=f"wrong\n{OTHER}\n").code == 5
    assert anonymous("passwd", "--password-stdin", stdin=f"{PASSWORD}\n{OTHER}\n").code == 0
    assert "ada" in anonymous("whoami").out
    assert len(list(client.list("session"))) == 1
    assert anonymous(*login, stdin=f"{PASSWORD}\n").code == 5
    assert anonymous(*login, stdin=f"{OTHER}\n").code == 0


def test_an_administrator_sets_somebodys(pextra: Pextra, user: str) -> None:
    assert pextra("passwd", user, "--password-stdin", stdin=f"{OTHER}\n").code == 0
    weak = pextra("passwd", user, "--password-stdin", stdin="password1234\n")
    assert weak.code == 3
    assert "password1234" not in weak.out + weak.err
