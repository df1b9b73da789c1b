"""What a program reads is compared with what it wrote, without defaults and without secrets."""

from __future__ import annotations

from typing import Any

import pytest

from pextra_client import Client
from pextra_client.discovery import Catalog, Kind
from pextra_client.lifecycle import as_written, secret_digests
from tests.lifecycle.examples import in_need, written_examples

_KINDS = Catalog.bundled()


@pytest.mark.parametrize("kind", [each for each in _KINDS if each.writable], ids=lambda kind: kind.name)
def test_of_every_kind_an_object_reads_as_it_was_written(kind: Kind, client: Client, tenant: str) -> None:
    in_need(client, kind.name, tenant)
    name, spec = written_examples(kind.name, tenant)
    obj = client.put(kind, name, spec)
    assert as_written(kind, obj["spec"], spec, secret_digests(obj["spec"])) == spec
    plain = as_written(kind, obj["spec"], None)
    if not secret_digests(obj["spec"]):
        assert client.put(kind, name, plain)["metadata"].get("generation") == obj["metadata"].get("generation")


def test_a_default_that_somebody_changed_is_told(client: Client) -> None:
    client.put("network", "front", {})
    found = client.patch("network", "front", {"spec": {"description": "theirs"}})
    assert as_written(_KINDS.find("network"), found["spec"], {}) == {"description": "theirs"}


def test_a_default_that_was_written_down_stays_written_down(client: Client) -> None:
    made = client.put("network", "front", {"description": ""})
    assert as_written(_KINDS.find("network"), made["spec"], {"description": ""}) == {"description": ""}


def test_a_secret_that_somebody_changed_is_told_and_its_value_is_not(client: Client) -> None:
    wrote: dict[str, Any] = {"data": {"a": "one-one-one", "b": "two-two-two"}}
    made = client.put("secret", "keys", wrote)
    digests = secret_digests(made["spec"])
    found = client.patch("secret", "keys", {"spec": {"data": {"b": "other-other"}}})
    told = as_written(_KINDS.find("secret"), found["spec"], wrote, digests)
    assert told["data"]["a"] == "one-one-one"
    assert told["data"]["b"] == "(a secret that was changed elsewhere; version 2)"


def test_a_list_that_somebody_lengthened_is_told_whole(client: Client) -> None:
    kind = _KINDS.find("security_group")
    rule = {"direction": "ingress", "protocol": "tcp", "port_min": 80}
    made = client.put("security_group", "web", {"rules": [rule]})
    assert as_written(kind, made["spec"], {"rules": [rule]}) == {"rules": [rule]}
    found = client.put("security_group", "web", {"rules": [rule, {"direction": "egress"}]})
    told = as_written(kind, found["spec"], {"rules": [rule]})
    assert [each["direction"] for each in told["rules"]] == ["ingress", "egress"]
