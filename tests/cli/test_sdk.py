from __future__ import annotations

import threading
from itertools import islice
from pathlib import Path

import pytest

from pextra.api.schemas import kinds_document
from pextra.resources import REGISTRY
from pextra_client import kinds
from pextra_client.client import Client
from pextra_client.follow import Follow, Snapshot
from pextra_client.generate import generate
from pextra_client.retry import RetryPolicy
from pextra_client.watch import Event, EventType
from tests.cli.cloud import RunningCloud

QUICK = RetryPolicy(first_delay_s=0.01, longest_delay_s=0.02)


def test_the_generated_types_are_those_of_the_declared_kinds() -> None:
    assert Path(kinds.__file__).read_text("utf-8") == generate(kinds_document(REGISTRY)), (
        "regenerate: python -m pextra_client.generate kinds.json > pextra_client/kinds.py"
    )


def test_objects_can_be_handled_by_their_types(client: Client) -> None:
    cloud = kinds.TypedClient(client)
    spec: kinds.VolumeSpec = {"size_gib": 3}
    made = cloud.volumes.put("data", spec, labels={"app": "db"})
    assert made["spec"]["size_gib"] == 3
    ready = cloud.volumes.wait_ready("data")
    assert ready["status"].get("observed_generation") == 1
    assert [each["metadata"]["name"] for each in cloud.volumes.list(labels="app=db")] == ["data"]
    assert cloud.volumes.find("nope") is None
    cloud.volumes.delete("data")
    cloud.volumes.wait_deleted("data")


@pytest.mark.parametrize("kind", sorted(kind.name for kind in REGISTRY))
def test_every_kind_can_be_listed(client: Client, kind: str) -> None:
    assert all(each["kind"] == kind for each in client.list(kind))


def test_following_a_kind_shows_what_there_is_and_every_change_once(client: Client) -> None:
    client.put("network", "a", {})
    with Follow(client, "network") as changes:
        following = iter(changes)
        first = next(following)
        assert isinstance(first, Snapshot)
        assert [each["metadata"]["name"] for each in first.items] == ["a"]
        client.put("network", "b", {})
        client.put("network", "a", {"description": "new"})
        client.delete("network", "b")
        seen: list[Event] = []
        for change in islice(following, 6):
            assert isinstance(change, Event)
            seen.append(change)
            if change.type is EventType.DELETED:
                break
    assert (seen[-1].name, seen[-1].type) == ("b", EventType.DELETED)
    descriptions = [each.object["spec"]["description"] for each in seen if each.name == "a" and each.object]
    assert descriptions[-1] == "new"
    revisions = [(each.uid, each.revision) for each in seen]
    assert len(revisions) == len(set(revisions))


def test_a_read_after_a_write_names_it_and_is_answered(client: Client) -> None:
    client.put("network", "a", {"description": "1"})
    assert client.get("network", "a")["spec"]["description"] == "1"
    assert next(iter(client.list("network")))["metadata"]["name"] == "a"


def test_a_watch_whose_connections_are_cut_loses_nothing_and_repeats_nothing(
    client: Client, cloud: RunningCloud, tenant: str
) -> None:
    rounds, names = 12, ["a", "b", "c"]
    newest: dict[str, str] = {}
    asked: set[str] = set()
    deleted: set[str] = set()
    seen: list[Event] = []

    def write() -> None:
        for round_ in range(rounds):
            for name in names:
                client.put("network", name, {"description": str(round_)})

    position = client.page("network").position
    cuts = cloud.cutter.cuts
    writer = threading.Thread(target=write)
    writer.start()
    with (
        Client(cloud.lossy_url, cloud.admin_token, tenant=tenant, policy=QUICK) as unlucky,
        unlucky.watch(kind="network", position=position) as watch,
    ):
        for event in watch:
            seen.append(event)
            if event.object is not None:
                newest[event.name] = event.object["spec"]["description"]
                if newest[event.name] == str(rounds - 1) and event.name not in asked:
                    asked.add(event.name)
                    client.delete("network", event.name)
            elif event.type is EventType.DELETED:
                deleted.add(event.name)
            if len(deleted) == len(names):
                break
    writer.join()
    assert cloud.cutter.cuts > cuts
    assert newest == {name: str(rounds - 1) for name in names}
    for name in names:
        revisions = [each.revision for each in seen if each.name == name]
        assert revisions == sorted(set(revisions))
