"""What a stack made it finds again, and what is not its own it leaves alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pextra_client import Client, Object
from pextra_client.discovery import Catalog
from pextra_client.errors import ApiError
from pextra_client.lifecycle import Desired, NotReadyError, Owned, Owner, TakenError
from tests.cli.cloud import RunningCloud
from tests.lifecycle.conftest import PATIENCE
from tests.lifecycle.tenants import new_tenant

_KINDS = Catalog.bundled()


def _want(kind: str, name: str, spec: Mapping[str, Any]) -> Desired:
    return Desired(kind=_KINDS.find(kind), name=name, spec=spec)


def _owned(obj: Object) -> Owned:
    return Owned.of(_KINDS.find(obj["kind"]), obj)


def _uid(obj: Object) -> str:
    return obj["metadata"].get("uid", "")


@pytest.fixture
def owner(client: Client) -> Owner:
    return Owner(client, stack="project/dev", timeout_s=20)


@pytest.fixture
def unlucky(cloud: RunningCloud, tenant: str) -> Iterator[Owner]:
    """An owner whose answers get lost when the test says so."""
    with Client(cloud.lossy_url, cloud.admin_token, tenant=tenant, policy=PATIENCE) as client:
        yield Owner(client, timeout_s=20)


def test_an_object_whose_creation_was_answered_to_nobody_is_found_again(
    unlucky: Owner, cloud: RunningCloud, client: Client
) -> None:
    cloud.loser.lose_next("PUT", 2)
    made = unlucky.create(_want("network", "front", {"description": "mine"}))
    assert cloud.loser.lost_all
    assert _uid(client.get("network", "front")) == _uid(made)


def test_a_later_run_of_a_stack_finds_what_a_killed_one_made(owner: Owner, client: Client) -> None:
    made = owner.create(_want("network", "front", {"description": "mine"}))
    again = Owner(client, stack="project/dev").create(_want("network", "front", {"description": "mine"}))
    assert _uid(made) == _uid(again)


def test_what_is_found_again_is_told_as_it_is_now(owner: Owner, client: Client) -> None:
    owner.create(_want("network", "front", {"description": "mine"}))
    client.patch("network", "front", {"spec": {"description": "changed since"}})
    assert owner.create(_want("network", "front", {"description": "mine"}))["spec"]["description"] == "changed since"


def test_an_object_that_was_destroyed_is_made_anew_within_the_life_of_its_key(owner: Owner) -> None:
    uids: set[str] = set()
    for _ in range(4):
        made = owner.create(_want("network", "front", {"description": "mine"}))
        uids.add(_uid(made))
        owner.delete(_owned(made))
    assert len(uids) == 4


def test_another_stack_never_gets_an_object_of_this_one(owner: Owner, client: Client) -> None:
    owner.create(_want("network", "front", {}))
    with pytest.raises(TakenError, match=r"network l\d+/front exists already \(uid .*import it"):
        Owner(client, stack="project/prod").create(_want("network", "front", {}))


def test_what_a_killed_run_made_with_other_settings_is_not_taken_and_the_message_says_whose_it_may_be(
    owner: Owner, client: Client
) -> None:
    owner.create(_want("network", "front", {"description": "first"}))
    with pytest.raises(TakenError, match="broken off may have made it"):
        Owner(client, stack="project/dev").create(_want("network", "front", {"description": "second"}))


def test_a_credential_whose_answer_was_lost_is_minted_anew_and_the_lost_one_is_gone(
    owner: Owner, client: Client
) -> None:
    client.put("user", "ada", {})
    lost = owner.create(_want("api_token", "ci", {"user": "ada"}))
    again = Owner(client, stack="project/dev").create(_want("api_token", "ci", {"user": "ada"}))
    assert _uid(again) != _uid(lost)
    assert str(again.get("minted", {}).get("token", "")).startswith("pxt_")


def test_somebody_elses_object_is_never_adopted_and_never_touched(owner: Owner, client: Client) -> None:
    client.put("network", "front", {"description": "theirs"})
    with pytest.raises(TakenError):
        owner.create(_want("network", "front", {"description": "theirs"}))
    assert owner.adopt("network", "front")["spec"]["description"] == "theirs"


def test_a_namesake_is_neither_read_nor_updated_nor_deleted(owner: Owner, client: Client) -> None:
    mine = _owned(owner.create(_want("network", "front", {})))
    owner.delete(mine)
    client.put("network", "front", {"description": "theirs"})
    assert owner.read(mine) is None
    with pytest.raises(ApiError) as caught:
        owner.update(mine, _want("network", "front", {"description": "mine"}))
    assert caught.value.code == "object.uid_mismatch"
    owner.delete(mine)  # ours has gone: that is what was wanted
    assert client.get("network", "front")["spec"]["description"] == "theirs"


def test_deleting_what_has_gone_is_success(owner: Owner) -> None:
    mine = _owned(owner.create(_want("volume", "data", {"size_gib": 1})))
    owner.delete(mine)
    owner.delete(mine)
    assert owner.read(mine) is None


def test_a_deletion_whose_answer_was_lost_is_carried_through(unlucky: Owner, owner: Owner, cloud: RunningCloud) -> None:
    mine = _owned(unlucky.create(_want("volume", "data", {"size_gib": 1})))
    cloud.loser.lose_next("DELETE")
    unlucky.delete(mine)
    assert cloud.loser.lost_all
    assert owner.read(mine) is None


def test_creating_waits_for_the_former_object_of_the_name_to_go(owner: Owner, client: Client) -> None:
    client.put("instance", "web", {"flavor": "small", "image": "system/sim-linux"})
    former = client.wait_ready("instance", "web")
    client.delete("instance", "web")
    made = owner.create(_want("instance", "web", {"flavor": "large", "image": "system/sim-linux"}))
    assert _uid(made) != _uid(former)
    assert made["spec"]["flavor"] == "large"


def test_an_update_is_refused_when_somebody_came_in_between(owner: Owner, client: Client) -> None:
    made = owner.create(_want("network", "front", {}))
    client.patch("network", "front", {"spec": {"description": "theirs"}})
    with pytest.raises(ApiError) as caught:
        owner.update(
            _owned(made), _want("network", "front", {"description": "mine"}), etag=made["metadata"].get("etag")
        )
    assert caught.value.code == "object.stale"


def test_an_object_that_does_not_become_ready_is_handed_over_with_the_reason(owner: Owner, client: Client) -> None:
    client.put("flavor", "vast", {"vcpus": 128, "memory_mib": 900_000, "disk_gib": 5})
    with pytest.raises(NotReadyError, match=r"NoCapacity|no host") as caught:
        owner.create(_want("instance", "big", {"flavor": "vast", "image": "system/sim-linux"}), timeout_s=1)
    assert _uid(caught.value.obj) == _uid(client.get("instance", "big"))


def test_whoever_is_told_to_stop_is_handed_what_was_made_as_it_is(client: Client) -> None:
    stop = threading.Event()
    owner = Owner(client, timeout_s=600, stop=stop)
    client.put("flavor", "vast", {"vcpus": 128, "memory_mib": 900_000, "disk_gib": 5})
    timer = threading.Timer(1.0, stop.set)
    timer.start()
    with pytest.raises(NotReadyError, match=r"told to stop while waiting for instance \S+/big to be ready") as caught:
        owner.create(_want("instance", "big", {"flavor": "vast", "image": "system/sim-linux"}))
    timer.join()
    assert caught.value.stopped
    assert _uid(caught.value.obj) == _uid(client.get("instance", "big"))


def test_a_refused_creation_makes_nothing(cloud: RunningCloud) -> None:
    poor = new_tenant(cloud, volumes=0)
    with Client(cloud.url, cloud.admin_token, tenant=poor) as client:
        with pytest.raises(ApiError) as caught:
            Owner(client, stack="s").create(_want("volume", "data", {"size_gib": 1}))
        assert caught.value.code == "quota.exceeded"
        assert list(client.list("volume")) == []
