"""The key file: made once, for its owner only, never replaced by a stranger's, and changed as a whole."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pextra.encryption.failures import KeyLost, KeyUnavailable, Tampered
from pextra.encryption.key_file import KeyFile
from pextra.encryption.sealing import new_key, place_of, seal, unseal
from pextra.encryption.sources import keeper_of
from pextra.encryption.wrapping import Wrapped

HERE, THERE = place_of("data key", "site", "acme"), place_of("data key", "site", "globex")


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    made = KeyFile(tmp_path / "keys.json")
    made.ensure()
    return made


def test_what_is_wrapped_opens_in_its_place_and_in_no_other(keys: KeyFile) -> None:
    key = new_key()
    wrapped = keys.wrap(keys.newest(), key, HERE)
    assert keys.unwrap(wrapped, HERE) == key
    with pytest.raises(Tampered):
        keys.unwrap(wrapped, THERE)
    with pytest.raises(Tampered):
        keys.unwrap(Wrapped(wrapped.kek, "no base64!"), HERE)


def test_only_its_owner_can_use_the_file(keys: KeyFile) -> None:
    assert keys.path.stat().st_mode & 0o777 == 0o600
    keys.path.chmod(0o640)
    with pytest.raises(KeyUnavailable, match=r"0640.*chmod 600"):
        KeyFile(keys.path).newest()


def test_a_key_that_is_there_is_never_made_anew(keys: KeyFile) -> None:
    before = keys.path.read_bytes()
    assert KeyFile(keys.path).ensure() == keys.newest()
    assert keys.path.read_bytes() == before


def test_those_who_make_the_first_key_at_once_make_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: KeyFile(tmp_path / "keys.json").ensure(), range(8)))
    assert len(made) == 1


def test_a_process_that_knew_the_older_versions_finds_the_new_one(keys: KeyFile) -> None:
    other = KeyFile(keys.path)
    old = other.wrap(other.newest(), new_key(), HERE)
    second = keys.rotate()
    assert second.startswith("file:2:")
    assert other.unwrap(other.wrap(second, b"k" * 32, HERE), HERE) == b"k" * 32
    assert keys.unwrap(old, HERE)
    assert keys.versions() == [old.kek, second]


def test_what_is_forgotten_opens_nothing_any_more(keys: KeyFile) -> None:
    first = keys.newest()
    old = keys.wrap(first, new_key(), HERE)
    second = keys.rotate()
    assert keys.forget(second) == [first]
    assert keys.forget(second) == []
    with pytest.raises(KeyLost, match="does not hold the key file:1:"):
        KeyFile(keys.path).unwrap(old, HERE)


def test_another_sites_key_of_the_same_number_is_not_taken_for_ours(keys: KeyFile, tmp_path: Path) -> None:
    stranger = KeyFile(tmp_path / "stranger.json")
    stranger.ensure()
    with pytest.raises(KeyLost, match="Put back the file"):
        stranger.require(keys.newest())


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2, "keys": []}', '{"format": 1, "keys": []}',
    '{"format": 1, "keys": [{"version": 1, "key": "c2hvcnQ="}]}'])  # fmt: skip
def test_what_is_no_key_file_is_refused_and_left_as_it_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyLost, match="no key file"):
        KeyFile(path).ensure()
    assert path.read_text() == text


def test_a_file_that_is_not_there_is_lost_and_not_made_by_those_who_only_use_it(tmp_path: Path) -> None:
    for use in (KeyFile.newest, KeyFile.rotate, KeyFile.versions):
        with pytest.raises(KeyLost, match="is not there"):
            use(KeyFile(tmp_path / "keys.json"))
    assert not (tmp_path / "keys.json").exists()


def test_the_names_of_versions_tell_nothing_of_the_keys(keys: KeyFile) -> None:
    (held,) = json.loads(keys.path.read_text())["keys"]
    assert held["key"][:8] not in keys.newest()
    assert "key=" not in repr(keys)


def test_sealing_the_same_twice_gives_different_bytes_that_bind_to_their_place() -> None:
    key = new_key()
    sealed = seal(key, b"hunter2", HERE)
    assert sealed != seal(key, b"hunter2", HERE)
    assert unseal(key, sealed, HERE) == b"hunter2"
    for wrong in (sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:20], b""):
        with pytest.raises(Tampered):
            unseal(key, wrong, HERE)
    with pytest.raises(Tampered):
        unseal(new_key(), sealed, HERE)


def test_lists_of_parts_that_read_alike_are_different_places() -> None:
    assert (
        len({place_of("a", "b", "cd"), place_of("a", "bc", "d"), place_of("ab", "", "cd"), place_of("a", "bcd")}) == 4
    )


@pytest.mark.parametrize("source", ["", "keys.json", "file:relative", "vault:http://vault.example/transit/pextra",
    "vault:https://vault.example/transit", "vault:https://user@vault.example/transit/pextra"])  # fmt: skip
def test_a_source_that_cannot_be_used_is_refused_with_what_can(source: str) -> None:
    with pytest.raises(KeyUnavailable, match=r"source of keys is file:|use https"):
        keeper_of(source)
