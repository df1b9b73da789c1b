"""What both providers are made of keeps its promises for every kind, without an engine."""

from __future__ import annotations

from typing import Any

import pytest

from pextra_client import Client
from pextra_client.discovery import Catalog, Kind
from pextra_client.errors import ApiError
from pulumi_pextra import properties
from pulumi_pextra.failures import Failure
from pulumi_pextra.objects import Objects
from pulumi_pextra.settings import Connection, connect
from tests.cli.cloud import RunningCloud
from tests.lifecycle.examples import altered, in_need, written_examples
from tests.lifecycle.tenants import new_tenant

_KINDS = [kind for kind in Catalog.bundled() if kind.writable]
_NETWORK = Catalog.bundled().find("network")


def _inputs(kind: Kind, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, **{properties.property_of(kind, field): value for field, value in spec.items()}}


def _silent(severity: str, message: str) -> None:
    pytest.fail(f"{severity}: {message}")


@pytest.fixture
def objects(client: Client) -> Objects:
    return Objects(Connection(client, 20.0))


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.name)
def test_of_every_kind_what_was_made_reads_the_same_and_differs_when_it_is_altered(
    kind: Kind, objects: Objects, client: Client, tenant: str
) -> None:
    in_need(client, kind.name, tenant)
    name, spec = written_examples(kind.name, tenant)
    inputs, faults = objects.check(kind, {}, _inputs(kind, name, spec), forecast=True, tell=_silent)
    assert faults == []
    id_, outputs = objects.create(kind, inputs, "stack")
    found = objects.read(kind, id_, outputs)
    assert found is not None
    assert found[0] == id_
    assert properties.same(found[2], inputs)
    assert objects.difference(kind, found[1], inputs, tell=_silent).action == "none"
    other = inputs | _inputs(kind, name, altered(kind.name, spec))
    assert objects.difference(kind, outputs, other, tell=lambda *_: None).action != "none"
    objects.delete(kind, outputs)
    assert objects.read(kind, id_, outputs) is None


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.name)
def test_of_every_kind_an_import_brings_inputs_that_change_nothing(
    kind: Kind, objects: Objects, client: Client, tenant: str
) -> None:
    in_need(client, kind.name, tenant)
    name, spec = written_examples(kind.name, tenant)
    made = client.put(kind, name, spec)
    found = objects.read(kind, properties.identifier(made), {})
    assert found is not None
    _, outputs, inputs = found
    assert outputs["uid"] == made["metadata"].get("uid")
    if not properties.secrets_of(kind):
        assert objects.difference(kind, outputs, inputs, tell=_silent).action == "none"
        assert objects.update(kind, outputs, inputs)["uid"] == outputs["uid"]


def test_no_request_is_made_while_inputs_are_the_same(cloud: RunningCloud, tenant: str) -> None:
    with Client(cloud.url, cloud.admin_token, tenant=tenant) as client:
        objects = Objects(Connection(client, 20.0))
        inputs = {"name": "front", "tenant": tenant, "mtu": 1400}
        _, outputs = objects.create(_NETWORK, inputs, "stack")
    with Client("http://127.0.0.1:1", tenant=tenant, timeout_s=0.1) as nobody:
        assert Objects(Connection(nobody, 1.0)).difference(_NETWORK, outputs, inputs, tell=_silent).action == "none"


def test_secrets_are_in_outputs_only_where_they_are_marked(objects: Objects) -> None:
    kind = Catalog.bundled().find("secret")
    _, outputs = objects.create(kind, {"name": "keys", "data": {"a": "correct-horse"}}, "stack")
    assert "data" in properties.secrets_of(kind)
    assert "correct-horse" not in str({name: value for name, value in outputs.items() if name != "data"})


def test_what_was_minted_is_kept_when_it_can_no_longer_be_read(objects: Objects, client: Client) -> None:
    client.put("user", "ada", {})
    kind = Catalog.bundled().find("api_token")
    id_, outputs = objects.create(kind, {"name": "ci", "user": "ada"}, "stack")
    found = objects.read(kind, id_, outputs)
    assert found is not None
    assert found[1]["token"] == outputs["token"]
    assert outputs["token"].startswith("pxt_")


def test_an_object_that_is_not_ready_is_told_together_with_the_reason(objects: Objects, client: Client) -> None:
    client.put("flavor", "vast", {"vcpus": 128, "memory_mib": 900_000, "disk_gib": 5})
    kind = Catalog.bundled().find("instance")
    inputs = {"name": "big", "flavor": "vast", "image": "system/sim-linux"}
    with pytest.raises(Failure, match="stands and is not ready") as caught:
        objects.create(kind, inputs, "stack", timeout_s=1)
    standing = caught.value.standing
    assert standing is not None
    assert standing.outputs["uid"] == client.get("instance", "big")["metadata"].get("uid")


def test_a_restart_and_a_shortage_are_told_in_a_preview(cloud: RunningCloud) -> None:
    poor = new_tenant(cloud, volume_gib=5)
    heard: list[str] = []
    with Client(cloud.url, cloud.admin_token, tenant=poor) as client:
        objects = Objects(Connection(client, 20.0))
        tell = lambda _severity, message: heard.append(message)  # noqa: E731 - a line of the test
        objects.preview(Catalog.bundled().find("volume"), {"name": "data", "tenant": poor, "size_gib": 6}, tell=tell)
        kind = Catalog.bundled().find("instance")
        inputs = {"name": "web", "tenant": poor, "flavor": "small", "image": "system/sim-linux"}
        _, outputs = objects.create(kind, inputs, "stack")
        said = objects.difference(kind, outputs, inputs | {"flavor": "large"}, tell=tell)
        assert (said.action, said.fields) == ("restart", {"flavor": "restart"})
        objects.delete(kind, outputs)
    assert "volume_gib" in heard[0]
    assert heard[-1] == f"instance {poor}/web restarts: a change of flavor needs it"


def test_failures_are_one_line_that_begins_with_the_object(objects: Objects, client: Client, tenant: str) -> None:
    client.put("network", "front", {})
    with pytest.raises(Failure) as caught:
        objects.create(_NETWORK, {"name": "front", "tenant": tenant}, "stack")
    assert str(caught.value).startswith(f"network {tenant}/front")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value.__cause__, Exception)


def test_a_changed_name_replaces(objects: Objects, tenant: str) -> None:
    inputs = {"name": "front", "tenant": tenant}
    _, outputs = objects.create(_NETWORK, inputs, "stack")
    said = objects.difference(_NETWORK, outputs, inputs | {"name": "back"}, tell=_silent)
    assert (said.action, said.replaced_by) == ("replace", ["name"])


def test_without_a_tenant_nothing_is_asked_and_the_ways_to_name_one_are_told(cloud: RunningCloud) -> None:
    with Client(cloud.url, cloud.admin_token) as client:
        _, faults = Objects(Connection(client, 1.0)).check(_NETWORK, {}, {"name": "a"}, forecast=True, tell=_silent)
    assert len(faults) == 1
    assert "pextra:tenant" in faults[0]


def test_configuration_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEXTRA_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("PEXTRA_TENANT", "theirs")
    connection = connect({"endpoint": "http://127.0.0.1:2", "tenant": None})
    assert connection.client.transport.endpoints.urls[0].startswith("http://127.0.0.1:2")
    assert connection.client.tenant == "theirs"
    with pytest.raises(Exception, match="pextra:timeout_s is a number of seconds"):
        connect({"endpoint": "http://127.0.0.1:2", "timeout_s": "soon"})


def test_what_is_not_there_cannot_be_looked_up(client: Client) -> None:
    from pulumi_pextra.looking import found

    with pytest.raises(Failure, match=r"image .*none"):
        found(client, "image", "none", None)
    with pytest.raises(ApiError):
        client.get("image", "none")
    assert found(client, "image", "tiny", "system")["id"] == "system/tiny"
