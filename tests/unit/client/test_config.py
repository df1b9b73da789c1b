from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pextra_client.config import Profiles, Settings, resolve
from pextra_client.errors import ConfigError

PROFILE = Settings(endpoints=("https://profile",), token="t-profile", tenant="profile", ca=Path("/profile.pem"))


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    stored = Profiles(tmp_path / "pextra" / "config.yaml")
    stored.save("default", PROFILE)
    return stored


def test_each_setting_comes_from_a_flag_else_the_environment_else_the_profile(profiles: Profiles) -> None:
    environment = {"PEXTRA_TENANT": "env", "PEXTRA_TOKEN": "t-env"}
    found = resolve(Settings(tenant="flag"), environment=environment, profiles=profiles)
    assert found == Settings(endpoints=("https://profile",), token="t-env", tenant="flag", ca=Path("/profile.pem"))


@pytest.mark.parametrize(
    ("environment", "endpoints"),
    [
        ({"PEXTRA_ENDPOINT": "https://a"}, ("https://a",)),
        ({"PEXTRA_ENDPOINTS": "https://a, https://b"}, ("https://a", "https://b")),
        (
            {"PEXTRA_ENDPOINTS": "https://a https://b", "PEXTRA_ENDPOINT": "https://c"},
            ("https://a", "https://b"),
        ),
    ],
)
def test_the_environment_may_name_several_endpoints(environment: dict[str, str], endpoints: tuple[str, ...]) -> None:
    assert Settings.from_environment(environment).endpoints == endpoints


def test_a_profile_is_read_as_it_was_stored(profiles: Profiles) -> None:
    assert profiles.get("default") == PROFILE


def test_the_file_is_for_its_owner_only_and_nothing_is_left_beside_it(profiles: Profiles) -> None:
    assert stat.S_IMODE(profiles.path.stat().st_mode) == 0o600
    assert [path.name for path in profiles.path.parent.iterdir()] == ["config.yaml"]


def test_a_file_that_others_may_read_is_warned_of(profiles: Profiles, caplog: pytest.LogCaptureFixture) -> None:
    profiles.path.chmod(0o644)
    profiles.get("default")
    assert "chmod 600" in caplog.text


def test_a_profile_is_chosen_by_argument_else_environment_else_the_last_login(profiles: Profiles) -> None:
    for name in ("one", "two", "three"):
        profiles.save(name, Settings(tenant=name))
    environment = {"PEXTRA_PROFILE": "two"}
    assert resolve(Settings(), profile="one", environment=environment, profiles=profiles).tenant == "one"
    assert resolve(Settings(), environment=environment, profiles=profiles).tenant == "two"
    assert resolve(Settings(), environment={}, profiles=profiles).tenant == "three"


def test_a_profile_that_is_named_and_absent_is_an_error(profiles: Profiles) -> None:
    with pytest.raises(ConfigError, match="no profile 'nope'"):
        resolve(Settings(), profile="nope", environment={}, profiles=profiles)


def test_no_file_is_no_error(tmp_path: Path) -> None:
    assert resolve(Settings(), environment={}, profiles=Profiles(tmp_path / "none.yaml")) == Settings()


def test_logging_out_removes_the_token_alone(profiles: Profiles) -> None:
    assert profiles.forget_token("default")
    stored = profiles.get("default")
    assert stored is not None
    assert (stored.token, stored.endpoints) == (None, PROFILE.endpoints)
    assert "t-profile" not in profiles.path.read_text()
    assert not profiles.forget_token("default")


@pytest.mark.parametrize("text", ["- a list", "profiles: {default: {endpoint: https://a}}", "{"])
def test_a_file_that_makes_no_sense_is_an_error(profiles: Profiles, text: str) -> None:
    profiles.path.write_text(text)
    with pytest.raises(ConfigError, match=r"config\.yaml"):
        resolve(Settings(), environment={}, profiles=profiles)


def test_a_file_that_is_no_text_is_an_error_that_names_it(profiles: Profiles) -> None:
    profiles.path.write_bytes(b"current: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"config\.yaml is not UTF-8: .* at byte 12"):
        profiles.current()


def test_the_token_is_not_in_the_repr() -> None:
    assert "t-profile" not in repr(PROFILE)


def test_without_an_endpoint_there_is_no_client() -> None:
    with pytest.raises(ConfigError, match="PEXTRA_ENDPOINT"):
        Settings(token="t").client()
