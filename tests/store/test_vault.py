"""A site whose key-encryption key is in Vault: it never leaves it, and what is known stays usable without it.

Where `vault` is on PATH its development server is used, otherwise a small server of ours that speaks the calls we make.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pextra.encryption.failures import KeyLost, KeyUnavailable, Tampered
from pextra.encryption.sources import keeper_of
from pextra.encryption.wrapping import KeyKeeper, Wrapped
from pextra.errors import PextraError
from pextra.resources import REGISTRY
from pextra.services import key_rotation
from pextra.services.bootstrap import open_cloud
from pextra.store.database import Database
from pextra.store.secrets import StoredSecret
from tests.labs.transit import TOKEN, Transit, transit

pytest.importorskip("hvac", reason="hvac is not installed: the optional dependency `vault`")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Transit]:
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    with transit() as made:
        yield made


@pytest.fixture
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A transit engine: Vault's own where it is installed."""
    if (program := shutil.which("vault")) is None:
        yield request.getfixturevalue("engine").url
        return
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [program, "server", "-dev", f"-dev-root-token-id={TOKEN}", f"-dev-listen-address={address}"]
    environment = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "VAULT_ADDR": f"http://{address}",
        "VAULT_TOKEN": TOKEN,
    }
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        enable = [program, "secrets", "enable", "transit"]
        deadline = time.monotonic() + 20
        while subprocess.run(enable, env=environment, capture_output=True, check=False).returncode:
            assert time.monotonic() < deadline, "vault did not come up"
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def keeper(url: str) -> KeyKeeper:
    return keeper_of(f"vault:{url}/transit/pextra")


def test_what_vault_wrapped_it_unwraps_for_the_same_place_only(keeper: KeyKeeper) -> None:
    kek = keeper.ensure()
    assert keeper.ensure() == kek
    wrapped = keeper.wrap(kek, b"k" * 32, b"here")
    assert wrapped.text.startswith("vault:v1:")
    assert keeper.unwrap(wrapped, b"here") == b"k" * 32
    for broken in (Wrapped(kek, wrapped.text[:-8] + "AAAAAAA="), wrapped):
        with pytest.raises(Tampered):
            keeper.unwrap(broken, b"there")


def test_older_versions_open_until_they_are_forgotten(keeper: KeyKeeper) -> None:
    first = keeper.ensure()
    old = keeper.wrap(first, b"k" * 32, b"here")
    second = keeper.rotate()
    assert keeper.versions() == [first, second]
    assert keeper.unwrap(old, b"here") == b"k" * 32
    assert keeper.forget(second) == [first]
    with pytest.raises(KeyLost):
        keeper.unwrap(old, b"here")
    with pytest.raises(KeyLost):
        keeper.require(first)


def test_a_key_that_is_not_there_is_lost_and_not_made(keeper: KeyKeeper) -> None:
    with pytest.raises(KeyLost, match="There is no"):
        keeper.newest()


def test_a_site_keeps_its_secrets_through_a_rotation_in_vault(keeper: KeyKeeper, sqlite_database: Database) -> None:
    cloud, _ = open_cloud(sqlite_database, REGISTRY, keeper)
    tenant, uid = sqlite_database.new_uid(), sqlite_database.new_uid()
    values = {"user_data": ("hunter2", StoredSecret("d", 1))}
    sqlite_database.write(lambda tx: cloud.keys.put(tx, tenant, uid, values))
    assert key_rotation.rotate(cloud).finished
    assert len(key_rotation.forget(cloud)) == 1
    again, _ = open_cloud(sqlite_database, REGISTRY, keeper)
    assert sqlite_database.read(lambda tx: again.keys.reveal(tx, tenant, uid)) == {"user_data": "hunter2"}


def test_while_vault_is_away_known_keys_serve_and_unknown_ones_are_worth_another_try(
    engine: Transit, sqlite_database: Database
) -> None:
    keeper = keeper_of(f"vault:{engine.url}/transit/pextra")
    cloud, _ = open_cloud(sqlite_database, REGISTRY, keeper)
    tenant, uid = sqlite_database.new_uid(), sqlite_database.new_uid()
    values = {"user_data": ("hunter2", StoredSecret("d", 1))}
    sqlite_database.write(lambda tx: cloud.keys.put(tx, tenant, uid, values))
    calls = len(engine.calls)
    engine.down = True
    sqlite_database.write(lambda tx: cloud.keys.put(tx, tenant, uid, values))
    assert sqlite_database.read(lambda tx: cloud.keys.reveal(tx, tenant, uid)) == {"user_data": "hunter2"}
    assert len(engine.calls) == calls  # one call for each data key, not for each value
    with pytest.raises(PextraError) as raised:
        sqlite_database.write(lambda tx: cloud.keys.put(tx, sqlite_database.new_uid(), uid, values))
    assert raised.value.code == "keys.unavailable"
    with pytest.raises(PextraError) as raised:
        open_cloud(sqlite_database, REGISTRY, keeper)
    assert raised.value.code == "keys.unavailable"
    assert "hunter2" not in "".join(engine.bodies)  # Vault sees data keys, no value


def test_a_token_that_may_not_is_said_to_and_never_shown(engine: Transit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "another-token")
    with pytest.raises(KeyUnavailable, match="may not be used with our token") as raised:
        keeper_of(f"vault:{engine.url}/transit/pextra").ensure()
    assert "another-token" not in str(raised.value)


def test_without_a_token_the_operator_is_told_how_to_give_one(engine: Transit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VAULT_TOKEN")
    with pytest.raises(KeyUnavailable, match="set VAULT_TOKEN"):
        keeper_of(f"vault:{engine.url}/transit/pextra").ensure()
