from __future__ import annotations

from typing import Any

import pytest
import yaml

from pextra_client.cli import yaml12


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"),
        ("yes", "yes"),
        ("true", True),
        ("52:54:00:12:34:56", "52:54:00:12:34:56"),
        ("12:30:45", "12:30:45"),
        ("2026-01-02", "2026-01-02"),
        ("0777", "0777"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("-7", -7),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        (".", "."),
        ("~", None),
        ("", None),
        ("null", None),
        ("=", "="),
        ("<<", "<<"),
        ('"true"', "true"),
    ],
)
def test_a_scalar_has_the_type_that_version_1_2_gives_it(text: str, value: Any) -> None:
    assert list(yaml12.load_all(f"a: {text}")) == [{"a": value}]


def test_a_key_that_is_written_twice_is_an_error() -> None:
    with pytest.raises(yaml.YAMLError, match="written twice"):
        list(yaml12.load_all("a: 1\nb: 2\na: 3\n"))


def test_a_key_that_is_no_text_is_an_error() -> None:
    with pytest.raises(yaml.YAMLError, match="not a text"):
        list(yaml12.load_all("1: one\n"))


def test_json_is_yaml() -> None:
    assert list(yaml12.load_all('{"a": [1, "x", null]}')) == [{"a": [1, "x", None]}]


def test_an_alias_is_what_it_refers_to() -> None:
    assert list(yaml12.load_all("a: &x {b: 1}\nc: *x\n")) == [{"a": {"b": 1}, "c": {"b": 1}}]


def test_no_document_makes_python_objects() -> None:
    with pytest.raises(yaml.YAMLError):
        list(yaml12.load_all("!!python/object/apply:os.getcwd []"))


@pytest.mark.parametrize(
    "value",
    ["off", "52:54:00:12:34:56", "2026-01-02", "0777", "1_000", "", "a\nb\n", " x", "\x1b[31m", "~", "ü"],
)
def test_what_is_written_is_read_back_alike_by_both_versions(value: str) -> None:
    shared = {"x": value}
    text = yaml12.dump({"one": shared, "two": shared})
    assert list(yaml12.load_all(text)) == [{"one": shared, "two": shared}]
    assert yaml.safe_load(text) == {"one": shared, "two": shared}
    assert "\x1b" not in text
