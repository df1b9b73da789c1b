"""A body that is not what this API takes is refused in words and changes nothing."""

from __future__ import annotations

import json

import pytest

from pextra.api.requests import MAX_DEPTH
from tests.api.caller import Answer
from tests.api.everything import make_everything
from tests.api.site import Site

WRITES = {
    "PUT": ("PUT", "tenants/acme/networks/front"),
    "PATCH": ("PATCH", "tenants/acme/networks/front"),
    "plan": ("POST", "plan"),
    "action": ("POST", "tenants/acme/instances/web-1/actions/reboot"),
}


def nested(depth: int, opening: str, closing: str) -> bytes:
    return (opening * depth + "1" + closing * depth).encode()


MALFORMED: dict[str, bytes] = {
    "not JSON": b"spec: {}",
    "cut off": b'{"spec": {"mtu": 1500}',
    "more behind": b'{"spec": {}} {}',
    "NaN": b'{"spec": {"mtu": NaN}}',
    "Infinity": b'{"spec": {"mtu": -Infinity}}',
    "a number beyond any": b'{"spec": {"mtu": 1e400}}',
    "a number too long to read": b'{"spec": {"mtu": ' + b"1" * 5_000 + b"}}",
    "duplicate members": b'{"spec": {"mtu": 1500, "mtu": 1400}}',
    "duplicate members deep inside": b'{"spec": {"a": [{"b": {"c": 1, "c": 1}}]}}',
    "NUL": b'{"metadata": {"annotations": {"a": "x\\u0000"}}}',
    "NUL in a name": b'{"metadata": {"annotations": {"a\\u0000": "x"}}}',
    "a NUL byte": b'{"metadata": {"annotations": {"a": "x\x00"}}}',
    "a lone surrogate": b'{"metadata": {"annotations": {"a": "\\ud800"}}}',
    "a lone surrogate in a name": b'{"spec": {"\\udfff": 1}}',
    "a lone surrogate in bytes": b'{"metadata": {"annotations": {"a": "\xed\xa0\x80"}}}',
    "bytes that are no UTF-8": b'{"metadata": {"annotations": {"a": "\xff"}}}',
    "UTF-16": json.dumps({"spec": {}}).encode("utf-16"),
    "UTF-32": json.dumps({"spec": {}}).encode("utf-32"),
    "a byte order mark": json.dumps({"spec": {}}).encode("utf-8-sig"),
    "too deep": nested(MAX_DEPTH + 2, '{"a":', "}"),
    "lists too deep": nested(MAX_DEPTH + 2, "[", "]"),
    "far too deep": nested(900, '{"spec":', "}"),
    "so deep that it cannot be read": nested(100_000, "[", "]"),
    "a control character": b'{"metadata": {"annotations": {"a": "\x07"}}}',
    "single quotes": b"{'spec': {}}",
    "a trailing comma": b'{"spec": {},}',
    "nothing but space": b"  ",
    "null": b"null",
}


def send(site: Site, write: str, raw: bytes, **headers: str) -> Answer:
    method, path = WRITES[write]
    return site.ada.send(method, path, raw=raw, headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.fixture
def whole(site: Site) -> Site:
    make_everything(site)
    return site


@pytest.mark.parametrize("write", WRITES)
def test_what_is_not_json_that_can_be_kept_is_400_and_changes_nothing(whole: Site, write: str) -> None:
    before = whole.world()
    for name, raw in MALFORMED.items():
        refused = send(whole, write, raw)
        assert (refused.status, refused.code) == (400, "request.malformed"), (name, refused.text)
        assert len(refused.text) < 600, name
    assert whole.world() == before


@pytest.mark.parametrize("write", ["PUT", "PATCH", "plan"])
def test_a_write_without_a_body_is_400(whole: Site, write: str) -> None:
    method, path = WRITES[write]
    assert whole.ada.send(method, path).code == "request.malformed"


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("body", ["1", '"x"', "[]", "true", "1.5", '[{"spec": {}}]'])
def test_json_that_is_no_object_is_422(whole: Site, write: str, body: str) -> None:
    before = whole.world()
    refused = send(whole, write, body.encode())
    assert (refused.status, refused.code) == (422, "spec.invalid")
    assert whole.world() == before


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data", "", "json"])
def test_another_media_type_is_415(whole: Site, write: str, media_type: str) -> None:
    before = whole.world()
    refused = send(whole, write, b"{}", Content_Type=media_type)
    assert (refused.status, refused.code) == (415, "request.media_type")
    assert whole.world() == before


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "APPLICATION/JSON"])
def test_a_media_type_may_have_parameters_and_capitals(whole: Site, media_type: str) -> None:
    assert send(whole, "PUT", b'{"spec": {}}', Content_Type=media_type).status == 200


@pytest.mark.parametrize("write", WRITES)
def test_a_body_beyond_the_bound_is_413(whole: Site, write: str) -> None:
    before = whole.world()
    refused = send(whole, write, b'{"a": "' + b"x" * (1 << 20) + b'"}')
    assert (refused.status, refused.code) == (413, "request.too_large")
    assert whole.world() == before


def test_a_body_of_just_the_bound_is_read(whole: Site) -> None:
    frame = b'{"spec": {"description": ""}}'
    body = frame.replace(b'""', b'"' + b"x" * ((1 << 20) - len(frame)) + b'"')
    assert len(body) == 1 << 20
    assert send(whole, "PUT", body).fields == ["spec.description"]


@pytest.mark.parametrize("text", ["\\u0000", "back\\slash\\u0000", "ä€😀", "\u2028", "\x7f", "{}", "\\ud800"])
def test_text_that_only_looks_dangerous_is_kept_as_it_is(any_site: Site, text: str) -> None:
    path = "tenants/acme/networks/front"
    made = any_site.ada.put(path, {"description": text}, annotations={"a": text})
    assert made.status == 201, made.text
    read = any_site.ada.get(path).body
    assert (read["spec"]["description"], read["metadata"]["annotations"]["a"]) == (text, text)


def test_nesting_up_to_the_bound_is_read(whole: Site) -> None:
    refused = send(whole, "PUT", b'{"spec": {"x": ' + nested(MAX_DEPTH - 2, '{"a":', "}") + b"}}")
    assert refused.fields == ["spec.x"]
