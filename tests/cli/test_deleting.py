from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pextra_client.client import Client
from tests.cli.cloud import RunningCloud
from tests.cli.conftest import Pextra
from tests.cli.test_apply import SITE


def test_a_deleted_object_has_gone_when_the_command_ends(pextra: Pextra, client: Client, tenant: str) -> None:
    client.put("volume", "data", {"size_gib": 1})
    assert pextra("delete", "volume", "data").code == 0
    assert client.find("volume", "data") is None


def test_a_name_that_is_not_there_is_an_error_unless_it_may_be(pextra: Pextra) -> None:
    assert pextra("delete", "volume", "nope").code == 4
    assert pextra("delete", "volume", "nope", "--ignore-not-found").code == 0


def test_what_manifests_describe_is_deleted_in_an_order_that_works(
    pextra: Pextra, client: Client, write: Callable[..., str]
) -> None:
    path = write(SITE)
    pextra("apply", "-f", path)
    result = pextra("delete", "-f", path)
    assert (result.code, len(result.lines())) == (0, 5)
    assert "instance" in result.lines()[0]
    assert all(client.find(kind, name) is None for kind, name in [("instance", "web"), ("network", "front")])
    assert pextra("delete", "-f", path).code == 0  # it has gone already


def test_what_is_in_use_stays(pextra: Pextra, client: Client) -> None:
    client.put("network", "front", {})
    client.put("subnet", "front", {"network": "front", "cidr": "10.0.0.0/24"})
    result = pextra("delete", "network", "front")
    assert (result.code, result.out) == (6, "")
    assert "subnet front" in result.err
    assert pextra("delete", "network", "front", "--cascade").code == 0
    assert client.find("subnet", "front") is None


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_a_person_is_asked_before_a_cascade(pextra: Pextra, client: Client, answer: str, code: int) -> None:
    client.put("network", "front", {})
    client.put("subnet", "front", {"network": "front", "cidr": "10.0.0.0/24"})
    result = pextra("delete", "network", "front", "--cascade", stdin=f"{answer}\n", terminal=True)
    assert result.code == code
    assert "- subnet" in result.err
    assert "Delete 2 objects?" in result.err
    assert (client.find("network", "front") is None) == (code == 0)


def test_what_would_go_is_shown_and_stays(pextra: Pextra, client: Client) -> None:
    client.put("network", "front", {})
    client.put("subnet", "front", {"network": "front", "cidr": "10.0.0.0/24"})
    shown = pextra("delete", "network", "front", "--cascade", "--dry-run")
    assert shown.code == 0
    assert "in all 1 subnet" in shown.out
    assert shown.lines()[-1] == "Plan: 2 to delete."
    told = json.loads(pextra("delete", "network", "front", "--cascade", "--dry-run", "-o", "json").out)
    assert [each["name"] for each in told["changes"][0]["takes_along"]["objects"]] == ["front"]
    assert pextra("delete", "network", "front", "--dry-run").code == 6
    assert client.find("subnet", "front") is not None


def test_a_person_who_said_yes_already_is_not_asked(pextra: Pextra, client: Client) -> None:
    client.put("network", "front", {})
    assert pextra("delete", "network", "front", "--cascade", "--yes", terminal=True).code == 0


def test_a_lost_answer_to_a_delete_is_found_again(pextra: Pextra, client: Client, cloud: RunningCloud) -> None:
    client.put("network", "front", {})
    cloud.loser.lose_next("DELETE")
    result = pextra("--endpoint", cloud.lossy_url, "delete", "network", "front")
    assert cloud.loser.lost_all
    assert result.code == 0


@pytest.mark.parametrize("arguments", [[], ["volume"], ["volume", "a", "-f", "x.yaml"]])
def test_it_must_be_clear_what_is_meant(pextra: Pextra, arguments: list[str]) -> None:
    assert pextra("delete", *arguments).code == 3
