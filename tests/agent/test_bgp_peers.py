"""Hosts announce what lives on them, and nothing else; their agents are told with whom, and how they get on is said."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select

from pextra.agent_protocol import SyncAnswer, SyncRequest
from pextra.drivers.interface import NetworkCapabilities, Permanent, Retryable
from pextra.drivers.interface.bgp import ESTABLISHED, BgpPeer, BgpSession
from pextra.drivers.interface.fabric import Fabric
from pextra.drivers.sim.fabric import SimFabric
from pextra.drivers.sim.network import SimNetwork
from pextra.services import bgp_gauges
from pextra.store import assignments
from pextra.store.tables import assignment
from tests.agent.world import AgentCloud, AgentHost

WORD: Final = "correct-horse/battery"
PEER: Final[dict[str, Any]] = {
    "address": "192.0.2.1", "peer_as": 65_000, "local_as": 65_001, "announce": ["public"], "password": WORD,
}  # fmt: skip
POOL: Final = {"physical": "public", "ranges": [{"cidr": "203.0.113.0/24", "gateway": "203.0.113.1"}]}


class Speaker:
    """A `BgpDriver` that remembers what it was told; the peer answers who has the right password."""

    def __init__(self) -> None:
        self.peers: dict[str, BgpPeer] = {}
        self.word = WORD
        self.broken: Permanent | Retryable | None = None

    def version(self) -> str:
        return "a test's 1.0"

    def ensure_peer(self, peer: BgpPeer) -> BgpSession:
        if self.broken is not None:
            raise self.broken
        self.peers[peer.uid] = peer
        if peer.password != self.word:
            return BgpSession("Active", problem="it does not answer")
        return BgpSession(ESTABLISHED, "2026-01-01T00:00:00+00:00", len(peer.announce), 0)

    def ensure_peer_absent(self, uid: str) -> None:
        if self.broken is not None:
            raise self.broken
        self.peers.pop(uid, None)

    def observe_peers(self) -> Collection[str]:
        return set(self.peers)

    @property
    def announced(self) -> dict[str, int]:
        """What is announced, each with the time since which it lives there."""
        return {each.prefix: each.since_s for peer in self.peers.values() for each in peer.announce}


class Plugging(SimNetwork):
    """The network of a host that plugs its guests into a fabric."""

    name = ""

    def capabilities(self) -> NetworkCapabilities:
        found = super().capabilities()
        return replace(found, cross_host=True, fabric_host=self.name, physical_networks=("public",), forward_address="")


class MovingFabric(SimFabric):
    """A fabric whose routers go out where the test says."""

    at: Mapping[str, str] = {}

    def hosting(self, uids: Sequence[str]) -> Mapping[str, str]:
        return {uid: self.at.get(uid, name) for uid, name in super().hosting(uids).items()}


class Announcing(AgentCloud):
    """A cloud whose hosts plug their guests into one fabric, and speak BGP."""

    speakers: dict[str, Speaker]

    def new_fabric(self) -> Fabric | None:
        self.moving = MovingFabric(self.world)
        return self.moving

    def add_host(self, name: str, pool: str | None = None, *, speaks: bool = True, **options: Any) -> AgentHost:
        self.speakers = getattr(self, "speakers", {})
        speaker = Speaker()
        host = super().add_host(name, pool, bgp=speaker if speaks else None, **options)
        network = Plugging(self.world, host.uid)
        network.name = f"node-{name}"
        object.__setattr__(host.drivers, "network", network)
        self.speakers[name] = speaker
        return host

    def sessions(self) -> dict[str, dict[str, Any]]:
        return {each["host"]: each for each in self.get("bgp_peer", "leaf").status["sessions"]}

    def holders(self, prefix: str) -> list[str]:
        """The hosts that announce a prefix."""
        return sorted(name for name, speaker in self.speakers.items() if prefix in speaker.announced)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Announcing]:
    """Two hosts, a network with a router that goes out to a pool, an instance, its floating IP, and a peer."""
    looped = Announcing(f"sqlite:///{tmp_path / 'pextra.db'}")
    try:
        looped.furnish(2)
        looped.put("address_pool", "public", POOL)
        looped.put("router", "core", {"interfaces": [{"network": "front"}], "gateway": {"pool": "public"}})
        looped.settle(5.0)
        looped.instance("web", networks=[{"network": "front"}])
        looped.put("floating_ip", "web", {"instance": "web", "pool": "public", "address": "203.0.113.80"})
        looped.put("bgp_peer", "leaf", PEER)
        looped.settle(20.0)
        yield looped
    finally:
        looped.close()


def test_an_address_is_announced_by_the_host_where_it_lives_and_withdrawn_with_it(cloud: Announcing) -> None:
    at = cloud.get("instance", "web").status["host"]
    assert cloud.get("floating_ip", "web").status["host"] == at
    assert cloud.holders("203.0.113.80/32") == [at]
    assert cloud.ready("bgp_peer", "leaf")["status"] == "true"
    status = cloud.get("bgp_peer", "leaf").status
    assert (status["established"], status["hosts"]) == (2, 2)
    assert cloud.sessions()[at]["announced"] >= 1
    cloud.delete("floating_ip", "web")
    cloud.settle(10.0)
    assert cloud.holders("203.0.113.80/32") == []


def test_a_routers_address_follows_it_and_the_later_host_is_the_newer(cloud: Announcing) -> None:
    router = cloud.get("router", "core")
    prefix = f"{router.status['outside'][0]}/32"
    (before,) = cloud.holders(prefix)
    since_s = cloud.speakers[before].announced[prefix]
    other = "h1" if before == "h0" else "h0"
    cloud.moving.at = {router.uid: f"node-{other}"}
    cloud.hosts[before].link.up = False  # it goes on to announce, for nobody can tell it
    cloud.settle(10.0)
    assert cloud.holders(prefix) == sorted([before, other])
    assert cloud.speakers[other].announced[prefix] > since_s
    cloud.hosts[before].link.up = True
    cloud.settle(10.0)
    assert cloud.holders(prefix) == [other]


def test_what_stays_where_it_is_is_no_newer_for_it(cloud: Announcing) -> None:
    before = {name: speaker.announced for name, speaker in cloud.speakers.items()}
    cloud.put("bgp_peer", "leaf", PEER | {"maximum_prefixes": 7})
    cloud.settle(10.0)
    assert {name: speaker.announced for name, speaker in cloud.speakers.items()} == before
    assert all(peer.maximum_prefixes == 7 for each in cloud.speakers.values() for peer in each.peers.values())


def test_only_hosts_with_the_labels_are_told_and_others_end_their_sessions(cloud: Announcing) -> None:
    cloud.put("bgp_peer", "leaf", PEER | {"host_labels": {"rack": "r1"}})
    cloud.settle(10.0)
    assert all(speaker.peers == {} for speaker in cloud.speakers.values())
    assert cloud.ready("bgp_peer", "leaf")["reason"] == "NoSpeaker"


def test_the_password_is_told_to_agents_of_its_hosts_alone_and_again_when_it_changes(cloud: Announcing) -> None:
    silent = cloud.add_host("h2", speaks=False)
    cloud.settle(5.0)
    heard: list[SyncAnswer] = []
    asked = silent.link.sync

    def listening(request: SyncRequest) -> SyncAnswer:
        heard.append(asked(request.model_copy(update={"revision": 0})))
        return heard[-1]

    silent.link.sync = listening  # type: ignore[method-assign]
    cloud.put("bgp_peer", "leaf", PEER | {"password": "another-word"})
    for speaker in cloud.speakers.values():
        speaker.word = "another-word"
    cloud.settle(10.0)
    assert [peer.password for name in ("h0", "h1") for peer in cloud.speakers[name].peers.values()] == [
        "another-word"
    ] * 2
    assert cloud.ready("bgp_peer", "leaf")["status"] == "true"
    assert heard
    assert not any(each.kind == "bgp_peer" or each.secrets for answer in heard for each in answer.assignments)
    assert cloud.speakers["h2"].peers == {}
    documents = cloud.database.read(
        lambda tx: [json.dumps(list(r), default=str) for r in tx.conn.execute(select(assignment))]
    )
    assert not any(word in text for text in documents for word in (WORD, "another-word"))


def test_a_wrong_password_shows(cloud: Announcing) -> None:
    cloud.speakers["h1"].word = "their-own"
    cloud.settle(20.0)
    assert (cloud.sessions()["h1"]["state"], cloud.sessions()["h0"]["state"]) == ("Active", ESTABLISHED)
    ready = cloud.ready("bgp_peer", "leaf")
    assert (ready["status"], ready["reason"]) == ("false", "SessionDown")
    assert "h1: Active, it does not answer" in ready["message"]
    assert cloud.get("bgp_peer", "leaf").status["sessions"][0]["host"] == "h1"


def test_what_a_host_cannot_do_is_said_of_it(cloud: Announcing) -> None:
    cloud.speakers["h0"].broken = Permanent("AsTaken", "FRR on this host is a router of AS 65009 already")
    cloud.put("bgp_peer", "leaf", PEER | {"hold_s": 30})
    cloud.settle(20.0)
    assert "AS 65009" in cloud.sessions()["h0"]["problem"]
    assert cloud.sessions()["h1"]["state"] == ESTABLISHED


def test_a_host_whose_agent_is_silent_is_said_to_be_and_comes_back(cloud: Announcing) -> None:
    cloud.hosts["h0"].link.up = False
    cloud.settle(60.0)
    assert "not heard" in cloud.sessions()["h0"]["problem"]
    assert cloud.ready("bgp_peer", "leaf")["reason"] == "SessionDown"
    cloud.hosts["h0"].link.up = True
    cloud.settle(30.0)
    assert cloud.ready("bgp_peer", "leaf")["status"] == "true"


def test_an_agent_that_was_started_anew_says_nothing_else(cloud: Announcing) -> None:
    before = {name: speaker.announced for name, speaker in cloud.speakers.items()}
    for host in cloud.hosts.values():
        host.restart()
    cloud.settle(10.0)
    assert {name: speaker.announced for name, speaker in cloud.speakers.items()} == before


def test_a_deleted_peer_goes_once_every_host_has_ended_its_session(cloud: Announcing) -> None:
    cloud.speakers["h0"].broken = Retryable("CommandFailed", "not now")
    cloud.delete("bgp_peer", "leaf")
    cloud.settle(20.0)
    assert cloud.speakers["h1"].peers == {}
    assert "h0" in cloud.ready("bgp_peer", "leaf")["message"]
    cloud.speakers["h0"].broken = None
    cloud.settle(60.0)
    assert cloud.find("bgp_peer", "leaf") is None
    assert cloud.speakers["h0"].peers == {}


def test_a_host_that_retires_ends_its_session(cloud: Announcing) -> None:
    cloud.delete("instance", "web", cascade=True)
    cloud.settle(20.0)
    cloud.delete("host", "h1", cascade=True)
    cloud.settle(60.0)
    assert cloud.find("host", "h1") is None
    assert cloud.speakers["h1"].peers == {}
    assert set(cloud.sessions()) == {"h0"}


def test_what_a_host_has_of_a_peer_that_is_nobodys_is_ended(cloud: Announcing) -> None:
    stray = BgpPeer("01a00000-0000-7000-8000-00000000000f", "192.0.2.9", 65_000, 65_001)
    cloud.speakers["h0"].peers[stray.uid] = stray
    cloud.settle(700.0)
    assert len(cloud.speakers["h0"].peers) == 1
    assert stray.uid not in cloud.speakers["h0"].peers


def test_networks_that_are_not_translated_are_announced_within_what_is_allowed_and_none_twice(
    cloud: Announcing,
) -> None:
    way = {"pool": "public", "translate": False}
    cloud.put("router", "core", {"interfaces": [{"network": "front"}], "gateway": way})
    cloud.put("tenant", "globex", {}, tenant=None)
    cloud.put("quota", "default", {"unlisted": "unlimited"}, tenant="globex")
    cloud.put("network", "back", {}, tenant="globex")
    cloud.put("subnet", "back", {"network": "back", "cidr": "10.0.0.0/28"}, tenant="globex")
    cloud.put("router", "edge", {"interfaces": [{"network": "back"}], "gateway": way}, tenant="globex")
    cloud.settle(10.0)
    assert cloud.holders("10.0.0.0/29") == []
    cloud.put("bgp_peer", "leaf", PEER | {"announce_networks": ["10.0.0.0/16"]})
    cloud.settle(10.0)
    (at,) = cloud.holders("10.0.0.0/29")
    assert cloud.holders("10.0.0.0/28") == []
    assert "network 10.0.0.0/28 of router edge is not announced" in cloud.ready("bgp_peer", "leaf")["message"]
    (peer,) = cloud.speakers[at].peers.values()
    hops = {each.prefix: each.next_hop for each in peer.announce}
    assert hops["10.0.0.0/29"] == cloud.get("router", "core").status["outside"][0]


def test_operators_see_sessions_in_the_metrics(cloud: Announcing) -> None:
    cloud.speakers["h1"].word = "their-own"
    cloud.settle(20.0)
    found = bgp_gauges.read(cloud.cloud)
    up = found["pextra_bgp_session_established"]
    assert up == {("leaf", "192.0.2.1", "h0"): 1.0, ("leaf", "192.0.2.1", "h1"): 0.0}
    announced = sum(found["pextra_bgp_prefixes_announced"].values())
    assert announced == len(cloud.speakers["h0"].announced)


def test_hosts_are_told_what_is_theirs(cloud: Announcing) -> None:
    """What is assigned says the same as the driver was told, without the password."""
    uid = cloud.get("bgp_peer", "leaf").uid
    for each in cloud.database.read(lambda tx: assignments.of_uid(tx, uid)):
        assert each.secret_paths == ["password"]
        assert each.document["password"] == ""
