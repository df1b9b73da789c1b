from __future__ import annotations

from collections.abc import Iterator

import pytest

from pextra_client.client import Client
from pextra_client.errors import ApiError
from pextra_client.ownership import Owned, Owner
from pextra_client.retry import RetryPolicy
from tests.cli.cloud import RunningCloud


@pytest.fixture
def owner(client: Client) -> Owner:
    return Owner(client, timeout_s=20)


@pytest.fixture
def unlucky(cloud: RunningCloud, tenant: str) -> Iterator[Owner]:
    """An owner whose answers get lost when the test says so."""
    policy = RetryPolicy(first_delay_s=0.01, longest_delay_s=0.05)
    with Client(cloud.lossy_url, cloud.admin_token, tenant=tenant, policy=policy) as client:
        yield Owner(client, timeout_s=20)


def test_an_object_whose_creation_was_answered_to_nobody_is_found_again(
    unlucky: Owner, cloud: RunningCloud, client: Client
) -> None:
    cloud.loser.lose_next("PUT", 2)
    made = unlucky.create("network", "front", {"description": "mine"})
    assert cloud.loser.lost_all
    assert client.get("network", "front")["metadata"].get("uid") == made["metadata"].get("uid")


def test_a_later_process_finds_its_object_by_the_key_that_it_remembers(owner: Owner) -> None:
    made = owner.create("network", "front", {"description": "mine"}, idempotency_key="run-1")
    again = owner.create("network", "front", {"description": "mine"}, idempotency_key="run-1")
    assert Owned.of(made) == Owned.of(again)


def test_somebody_elses_object_is_never_adopted_and_never_touched(owner: Owner, client: Client) -> None:
    client.put("network", "front", {"description": "theirs"})
    with pytest.raises(ApiError) as caught:
        owner.create("network", "front", {"description": "theirs"})
    assert caught.value.code == "object.exists"
    assert owner.adopt("network", "front")["spec"]["description"] == "theirs"


def test_a_namesake_is_neither_read_nor_updated_nor_deleted(owner: Owner, client: Client, tenant: str) -> None:
    mine = Owned.of(owner.create("network", "front", {}))
    owner.delete(mine)
    client.put("network", "front", {"description": "theirs"})
    assert owner.read(mine) is None
    with pytest.raises(ApiError) as caught:
        owner.update(mine, {"description": "mine"})
    assert caught.value.code == "object.uid_mismatch"
    owner.delete(mine)  # ours has gone: that is what was wanted
    assert client.get("network", "front")["spec"]["description"] == "theirs"


def test_deleting_what_has_gone_is_success(owner: Owner) -> None:
    mine = Owned.of(owner.create("volume", "data", {"size_gib": 1}))
    owner.delete(mine)
    owner.delete(mine)
    assert owner.read(mine) is None


def test_a_deletion_whose_answer_was_lost_is_carried_through(unlucky: Owner, owner: Owner, cloud: RunningCloud) -> None:
    mine = Owned.of(unlucky.create("volume", "data", {"size_gib": 1}))
    cloud.loser.lose_next("DELETE")
    unlucky.delete(mine)
    assert cloud.loser.lost_all
    assert owner.read(mine) is None


def test_creating_waits_for_the_former_object_of_the_name_to_go(owner: Owner, client: Client) -> None:
    client.put("instance", "web", {"flavor": "small", "image": "system/sim-linux"})
    former = client.wait_ready("instance", "web")
    client.delete("instance", "web")
    made = owner.create("instance", "web", {"flavor": "large", "image": "system/sim-linux"})
    assert made["metadata"].get("uid") != former["metadata"].get("uid")
    assert owner.wait_ready(Owned.of(made))["spec"]["flavor"] == "large"


def test_an_update_is_refused_when_somebody_came_in_between(owner: Owner, client: Client) -> None:
    made = owner.create("network", "front", {})
    client.patch("network", "front", {"spec": {"description": "theirs"}})
    with pytest.raises(ApiError) as caught:
        owner.update(Owned.of(made), {"description": "mine"}, etag=made["metadata"].get("etag"))
    assert caught.value.code == "object.stale"
