"""A forecast says what then happens, and what only may be in the way by then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pextra_client import Client
from pextra_client.discovery import Catalog, Kind
from pextra_client.errors import ApiError
from pextra_client.lifecycle import UNKNOWN, Desired, Forecaster, Owned, Owner
from tests.cli.cloud import RunningCloud
from tests.lifecycle.examples import altered, in_need, written_examples
from tests.lifecycle.tenants import new_tenant

_KINDS = Catalog.bundled()


def _want(kind: str, name: str, spec: Mapping[str, Any]) -> Desired:
    return Desired(kind=_KINDS.find(kind), name=name, spec=spec)


@pytest.mark.parametrize("kind", [each for each in _KINDS if each.writable], ids=lambda kind: kind.name)
def test_of_every_kind_a_forecast_is_what_then_happens(kind: Kind, client: Client, tenant: str) -> None:
    in_need(client, kind.name, tenant)
    name, spec = written_examples(kind.name, tenant)
    forecaster, owner = Forecaster(client), Owner(client)
    first = Desired(kind=kind, name=name, spec=spec)
    said = forecaster.create(first)
    assert (said.action, said.faults, said.warnings, said.unresolved) == ("create", (), (), ())
    made = owner.create(first, wait=False)
    owned = Owned.of(kind, made)
    assert forecaster.update(owned, first, spec).action == "none"
    second = Desired(kind=kind, name=name, spec=altered(kind.name, spec))
    said = forecaster.update(owned, second, spec)
    assert said.fields, "the alteration alters nothing"
    if said.action == "replace":
        with pytest.raises(ApiError) as caught:
            owner.update(owned, second, wait=False)
        assert caught.value.code == "spec.immutable"
    else:
        assert said.faults == ()
        before, after = made, owner.update(owned, second, wait=False)
        assert after["metadata"].get("generation", 0) == before["metadata"].get("generation", 0) + 1


@pytest.mark.parametrize("kind", [each for each in _KINDS if each.writable], ids=lambda kind: kind.name)
def test_of_every_kind_what_is_forecast_without_a_server_is_what_the_server_says(
    kind: Kind, client: Client, tenant: str
) -> None:
    in_need(client, kind.name, tenant)
    name, spec = written_examples(kind.name, tenant)
    owned = Owned.of(kind, Owner(client).create(Desired(kind=kind, name=name, spec=spec), wait=False))
    changed = altered(kind.name, spec)
    asked = Forecaster(client).update(owned, Desired(kind=kind, name=name, spec=changed), spec)
    guessed = Forecaster(client).update(
        owned, Desired(kind=kind, name=name, spec=changed, annotations={"n": UNKNOWN}), spec
    )
    assert (guessed.action, guessed.replaced_by) == (asked.action, asked.replaced_by)


def test_a_value_that_is_not_known_yet_of_a_field_that_cannot_change_replaces(client: Client) -> None:
    made = Owner(client).create(_want("volume", "data", {"size_gib": 1, "image": "system/tiny"}))
    owned = Owned.of(_KINDS.find("volume"), made)
    said = Forecaster(client).update(owned, _want("volume", "data", {"size_gib": 2, "image": UNKNOWN}), made["spec"])
    assert (said.action, said.replaced_by) == ("replace", ("spec.image",))


def test_a_reference_to_what_is_not_made_yet_is_reported_and_not_refused(client: Client) -> None:
    said = Forecaster(client).create(_want("subnet", "front", {"network": "front", "cidr": "10.0.0.0/24"}))
    assert (said.faults, said.unresolved) == ((), ("spec.network",))


def test_a_name_that_nobody_makes_is_warned_about_with_its_field(client: Client, tenant: str) -> None:
    spec = {"flavor": "absent", "image": "system/absent", "networks": [{"network": "front"}], "ssh_keys": ["ada"]}
    said = Forecaster(client).create(_want("instance", "web", spec))
    assert said.faults == ()
    assert [warning.partition(" as things stand")[0] for warning in said.warnings] == [
        "spec.flavor: there is no flavor 'absent'",
        "spec.image: there is no image 'absent' in tenant 'system'",
        f"spec.networks[0].network: there is no network 'front' in tenant {tenant!r}",
        f"spec.ssh_keys[0]: there is no ssh_key 'ada' in tenant {tenant!r}",
    ]


def test_a_name_that_the_same_program_makes_is_not_warned_about(client: Client, tenant: str) -> None:
    forecaster = Forecaster(client)
    forecaster.create(Desired(kind=_KINDS.find("tenant"), name=f"{tenant}.ops", spec={}))
    network = Desired(kind=_KINDS.find("network"), name="front", tenant=f"{tenant}.ops", spec={})
    assert forecaster.create(network).warnings == ()
    forecaster.create(Desired(kind=_KINDS.find("network"), name="front", spec={"description": UNKNOWN}))
    subnet = _want("subnet", "front", {"network": "front", "cidr": "10.0.0.0/24"})
    assert forecaster.create(subnet).warnings == ()
    qualified = _want("subnet", "back", {"network": f"{tenant}/front", "cidr": "10.0.1.0/24"})
    assert forecaster.create(qualified).warnings == ()


def test_a_tenant_that_is_not_made_yet_is_reported_and_not_refused(client: Client, tenant: str) -> None:
    wanted = Desired(kind=_KINDS.find("network"), name="front", tenant=f"{tenant}.ops", spec={})
    said = Forecaster(client).create(wanted)
    assert (said.faults, said.unresolved) == ((), ("metadata.tenant",))


def test_a_name_that_is_taken_is_told_beforehand(client: Client) -> None:
    theirs = client.put("network", "front", {})
    assert Forecaster(client).create(_want("network", "front", {})).taken_by == theirs["metadata"].get("uid")


def test_what_the_server_would_refuse_is_a_fault_of_its_field(client: Client) -> None:
    client.put("network", "front", {})
    said = Forecaster(client).create(_want("subnet", "front", {"network": "front", "cidr": "10.0.0.1/24"}))
    assert [each.path for each in said.faults] == ["spec.cidr"]


def test_no_quota_is_a_warning_that_names_limit_and_tenant(cloud: RunningCloud) -> None:
    poor = new_tenant(cloud, volume_gib=5)
    with Client(cloud.url, cloud.admin_token, tenant=poor) as client:
        said = Forecaster(client).create(_want("volume", "data", {"size_gib": 6}))
    assert said.faults == ()
    [warning] = said.warnings
    assert "volume_gib" in warning
    assert poor in warning


def test_what_fits_alone_and_not_together_is_warned_about(cloud: RunningCloud) -> None:
    poor = new_tenant(cloud, volume_gib=5)
    with Client(cloud.url, cloud.admin_token, tenant=poor) as client:
        forecaster = Forecaster(client)
        said = [forecaster.create(_want("volume", f"data-{n}", {"size_gib": 2})).warnings for n in range(3)]
    assert said[:2] == [(), ()]
    assert said[2] == (f"tenant {poor} may use 5 volume_gib; with everything previewed so far it would use 6",)


def test_a_change_for_which_there_is_no_quota_is_still_told_as_a_change(cloud: RunningCloud) -> None:
    poor = new_tenant(cloud, vcpus=1)
    before = {"flavor": "small", "image": "system/sim-linux"}
    with Client(cloud.url, cloud.admin_token, tenant=poor) as client:
        owned = Owned.of(_KINDS.find("instance"), Owner(client).create(_want("instance", "web", before), wait=False))
        said = Forecaster(client).update(owned, _want("instance", "web", before | {"flavor": "large"}), before)
    assert (said.action, said.restarted_by) == ("restart", ("spec.flavor",))
    assert any("vcpus" in each for each in said.warnings)


def test_no_room_is_a_warning(client: Client) -> None:
    client.put("flavor", "vast", {"vcpus": 128, "memory_mib": 900_000, "disk_gib": 5})
    said = Forecaster(client).create(_want("instance", "big", {"flavor": "vast", "image": "system/sim-linux"}))
    assert said.faults == ()
    assert any("no host would take it" in each for each in said.warnings)


def test_a_forecast_stores_nothing(client: Client) -> None:
    Forecaster(client).create(_want("volume", "data", {"size_gib": 1}))
    assert client.find("volume", "data") is None
