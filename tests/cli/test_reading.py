from __future__ import annotations

import json

import pytest

from pextra_client.client import Client
from tests.cli.conftest import Pextra


@pytest.fixture
def volumes(client: Client) -> None:
    client.put("volume", "data", {"size_gib": 10}, labels={"app": "db", "tier": "a"})
    client.put("volume", "logs", {"size_gib": 2}, labels={"app": "web"})
    for name in ("data", "logs"):
        client.wait_ready("volume", name)


@pytest.mark.usefixtures("volumes")
@pytest.mark.parametrize("word", ["volume", "volumes", "vol", "Volumes"])
def test_a_table_has_the_columns_that_the_kind_declares(pextra: Pextra, word: str) -> None:
    header, first, second = pextra("get", word).lines()
    assert header.split() == ["NAME", "SIZE", "GIB", "POOL", "READY", "AGE"]
    assert first.split()[:4] == ["data", "10", "-", "yes"]
    assert second.split()[0] == "logs"


@pytest.mark.usefixtures("volumes")
@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["-l", "app=web"], ["logs"]),
        (["-l", "app in (web,db),!tier"], ["logs"]),
        (["--filter", "spec.size_gib=10"], ["data"]),
        (["-l", "app=nobody"], []),
    ],
)
def test_a_list_can_be_narrowed(pextra: Pextra, arguments: list[str], names: list[str]) -> None:
    result = pextra("get", "volume", *arguments, "-o", "name")
    assert result.lines() == [f"volume/{name}" for name in names]


@pytest.mark.usefixtures("volumes")
def test_documents_are_what_the_api_says(pextra: Pextra, client: Client) -> None:
    as_it_is = client.get("volume", "data")
    assert json.loads(pextra("get", "volume/data", "-o", "json").out) == as_it_is
    assert pextra("get", "volume", "data", "-o", "yaml").document() == as_it_is
    listed = pextra("get", "volume", "-o", "json").document()
    assert listed["kind"] == "volume_list"
    assert listed["items"][0] == as_it_is


@pytest.mark.usefixtures("volumes")
def test_global_options_may_stand_before_and_after_the_verb(pextra: Pextra) -> None:
    before = pextra("-o", "name", "get", "volume").out
    after = pextra("get", "volume", "-o", "name").out
    assert before == after == "volume/data\nvolume/logs\n"
    assert pextra("-o", "json", "get", "volume", "-o", "name").out == before


@pytest.mark.usefixtures("volumes")
def test_what_is_there_is_shown_although_something_else_is_not(pextra: Pextra) -> None:
    result = pextra("get", "volume", "data", "nope", "-o", "name")
    assert (result.code, result.out) == (4, "volume/data\n")
    assert "object.not_found" in result.err


def test_an_object_of_another_tenant_is_named_with_it(pextra: Pextra) -> None:
    assert pextra("get", "image", "system/sim-linux", "-o", "name").out == "image/sim-linux\n"


def test_the_descendants_are_shown_with_their_tenant(pextra: Pextra, client: Client, tenant: str) -> None:
    child = f"{tenant}.dev"
    client.put("tenant", child, {})
    client.put("quota", "default", {"limits": {"networks": 1}}, tenant=child)
    client.put("network", "inner", {}, tenant=child)
    client.put("network", "outer", {})
    lines = pextra("get", "net", "-A").lines()
    assert [line.split()[:2] for line in lines] == [["TENANT", "NAME"], [tenant, "outer"], [child, "inner"]]
    assert pextra("get", "net", "-o", "name").out == "network/outer\n"


def test_a_list_without_objects_is_empty(pextra: Pextra) -> None:
    result = pextra("get", "volume")
    assert (result.code, result.out, result.err) == (0, "", "there are no volumes\n")
    assert pextra("get", "volume", "-o", "json").document() == {"kind": "volume_list", "items": []}


def test_quiet_leaves_results_and_errors_alone(pextra: Pextra) -> None:
    assert pextra("get", "volume", "-q").err == ""
    assert pextra("get", "volume", "nope", "-q").err.startswith("error: ")


def test_an_unknown_kind_is_invalid_and_the_right_one_is_suggested(pextra: Pextra) -> None:
    result = pextra("get", "volms")
    assert result.code == 3
    assert "did you mean 'volume'" in result.err


def test_a_request_id_is_told_on_demand(pextra: Pextra) -> None:
    assert "request " in pextra("get", "volume", "nope", "-v").err
    assert "request " not in pextra("get", "volume", "nope").err


def test_control_characters_of_others_do_not_reach_the_terminal(pextra: Pextra, client: Client) -> None:
    client.put("network", "evil", {"description": "\x1b]0;owned\x07\x9b31m\u202e"}, annotations={"a": "\x1b[2J"})
    for arguments in (
        ["describe", "network", "evil"],
        ["get", "network", "evil", "-o", "json"],
        ["get", "network", "-o", "yaml"],
    ):
        out = pextra(*arguments).out
        assert not set(out) & {"\x1b", "\x07", "\x9b"}


def test_a_description_tells_conditions_references_and_operations(pextra: Pextra, client: Client, tenant: str) -> None:
    client.put("network", "front", {})
    client.put("subnet", "front", {"network": "front", "cidr": "10.0.0.0/24"})
    spec = {"flavor": "small", "image": "system/sim-linux", "networks": [{"network": "front"}]}
    client.put("instance", "web", spec, labels={"app": "web"})
    client.wait_ready("instance", "web")
    assert pextra("act", "instance", "web", "reboot").out.endswith(": succeeded\n")
    out = pextra("describe", "instance", "web").out
    assert out.startswith(f"instance {tenant}/web\n")
    for expected in ("app=web", "Running", "network front", "image system/sim-linux", "reboot-", "succeeded"):
        assert expected in out


def test_actions_take_arguments_of_their_declared_types(pextra: Pextra, client: Client) -> None:
    client.put("instance", "web", {"flavor": "small", "image": "system/sim-linux"})
    client.wait_ready("instance", "web")
    log = ["act", "instance/web", "console-log"]
    done = pextra(*log, "-a", "tail_bytes=64", "-o", "json").document()
    assert done["spec"]["arguments"] == {"tail_bytes": 64}
    assert len(done["status"]["result"]["text"]) <= 64
    assert pextra(*log, "-a", "tail_bytes=many").code == 3
    assert pextra(*log, "-a", "nonsense=1").code == 3
    assert pextra("act", "instance/web", "explode").code == 3


def test_fields_are_explained(pextra: Pextra) -> None:
    size = pextra("explain", "volume.size_gib").out
    assert "integer" in size
    assert "unit: GiB" in size
    assert "immutable" in pextra("explain", "volume").out
    assert "started again" in pextra("explain", "instance.flavor").out
    nested = pextra("explain", "instance.networks.network").out
    assert "names a: network" in nested
    assert "change: in place" in nested  # what holds for the list holds for its members
    assert pextra("explain", "volume.nonsense").code == 3
    assert "volumes" in pextra("explain").out


def test_waiting_for_what_is_ready_ends_at_once(pextra: Pextra, client: Client) -> None:
    client.put("network", "front", {})
    assert pextra("wait", "network", "front").code == 0
    assert pextra("wait", "network", "front", "--for", "deleted", "--timeout", "0").code == 7
    assert pextra("wait", "network", "nope").code == 4
    assert pextra("wait", "network", "nope", "--for", "deleted").code == 0


def test_no_tenant_is_invalid(pextra: Pextra, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PEXTRA_TENANT")
    result = pextra("get", "volume")
    assert result.code == 3
    assert "--tenant" in result.err


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["get"], ["get", "volume", "--nonsense"], ["get", "volume", "-o", "xml"]]
)
def test_a_wrong_command_line_is_invalid(pextra: Pextra, arguments: list[str]) -> None:
    assert pextra(*arguments).code == 3


def test_what_was_measured_of_an_instance_is_told_and_of_other_kinds_nothing_is(pextra: Pextra, client: Client) -> None:
    client.put("volume", "data", {"size_gib": 1})
    refused = pextra("metrics", "volume", "data")
    assert refused.code == 3
    assert "nothing is measured of a volume" in refused.err
    absent = pextra("metrics", "instance", "nobody")
    assert absent.code == 4


def test_an_instance_is_explained_by_name(pextra: Pextra, client: Client, tenant: str) -> None:
    client.put("flavor", "enormous", {"vcpus": 40, "memory_mib": 10_000_000, "disk_gib": 5})
    client.put(
        "quota", "default", {"limits": {"instances": 5, "vcpus": 80, "memory_mib": 50_000_000, "volume_gib": 50}}
    )
    client.put("instance", "web", {"flavor": "small", "image": "system/sim-linux"})
    client.put("instance", "big", {"flavor": "enormous", "image": "system/sim-linux"})
    client.wait_ready("instance", "web")
    placed = pextra("explain", "instance", "web").out
    assert f"instance {tenant}/web" in placed
    assert "Placed on host sim-" in placed
    assert "room" in placed
    waiting = pextra("explain", "vm/big").out
    assert "none of " in waiting
    assert "without enough memory" in waiting
    assert "Closest is host " in waiting
    assert "10000000 MiB of memory wanted" in waiting
    document = pextra("explain", "instance", "big", "-o", "json").document()
    assert document["filters"][0]["name"] == "memory"
    assert pextra("explain", "instance", "nobody").code == pextra("get", "instance", "nobody").code
    refused = pextra("explain", "volume", "web")
    assert refused.code == 3
    assert "is not given a host" in refused.err
