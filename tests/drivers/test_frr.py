"""BGP with real FRR: a router of a rack, and two hosts whose FRR the driver is told to use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from pextra.drivers.interface import Permanent
from pextra.drivers.interface.bgp import ESTABLISHED, Accepted, Announced, BgpPeer, BgpSession
from tests.drivers import netlab
from tests.drivers.netlab import NetLab
from tests.labs import frr
from tests.labs.frr import Frr
from tests.labs.waiting import wait_until

pytestmark = pytest.mark.skipif(
    bool(netlab.reason_unavailable() or frr.reason_unavailable()),
    reason=str(netlab.reason_unavailable() or frr.reason_unavailable()),
)
WORD: Final = "correct-horse/battery"
UID: Final = "01a00000-0000-7000-8000-000000000001"
UID6: Final = "01a00000-0000-7000-8000-000000000002"
FLOATING: Final = "203.0.113.80/32"
FLOATING6: Final = "2001:db8:f::80/128"
NOW: Final = 1_800_000_000


@dataclass(frozen=True)
class Rack:
    """A router and its hosts."""

    tor: Frr
    hosts: dict[int, Frr]


@pytest.fixture
def rack() -> Iterator[Rack]:
    with NetLab() as lab:
        tor, hosts = frr.machine(lab, "tor"), {number: frr.machine(lab, f"h{number}") for number in (1, 2)}
        lines = ["router bgp 65000", "bgp router-id 10.9.0.0", "no bgp ebgp-requires-policy"]
        for number, host in hosts.items():
            frr.link(lab, "tor", f"h{number}", number)
            frr.bridge(host)
            host.start()
            for text in (f"10.9.{number}.1", f"2001:db8:9:{number}::1"):
                lines += [f"neighbor {text} remote-as 65001", f"neighbor {text} timers 1 3"]
                lines += [f"neighbor {text} timers connect 1", f"neighbor {text} password {WORD}"]
        tor.start()
        inside = [f"neighbor 2001:db8:9:{number}::1 activate" for number in hosts]
        tor.configure("\n".join([*lines, "address-family ipv6 unicast", *inside, ""]))
        yield Rack(tor, hosts)


def peer(number: int = 1, **changes: Any) -> BgpPeer:
    wanted = BgpPeer(UID, f"10.9.{number}.0", 65000, 65001, hold_s=3, password=WORD)
    return replace(wanted, **changes)


def floating(prefix: str = FLOATING, since_s: int = NOW, **more: Any) -> Announced:
    return Announced(prefix, "public", since_s, **more)


def settled(host: Frr, wanted: BgpPeer) -> BgpSession:
    """The session, once it is established."""
    last = [host.driver().ensure_peer(wanted)]

    def up() -> bool:
        last[0] = host.driver().ensure_peer(wanted)
        return last[0].state == ESTABLISHED

    wait_until(up, 30, f"a session with {wanted.address}")
    return last[0]


def _told(tor: Frr, address: str) -> int:
    """How many prefixes a router has told a host."""
    said = json.loads(tor.vtysh(f"show bgp neighbors {address} json"))[address]
    return said["addressFamilyInfo"]["ipv4Unicast"].get("sentPrefixCounter", 0)


def _ways(tor: Frr) -> list[str]:
    """The hosts to which a router may send what is for the floating IP, the one that it has chosen first."""
    return [hop["ip"] for way in tor.routes().get(FLOATING, ()) for hop in way["nexthops"]]


def knows(tor: Frr, prefix: str) -> bool:
    return prefix in tor.routes("ipv6" if ":" in prefix else "ipv4")


def test_addresses_of_both_families_are_announced_by_their_host_and_withdrawn_when_they_go(rack: Rack) -> None:
    host = rack.hosts[1]
    four = peer(announce=(floating(), floating("192.0.2.16/28", next_hop="203.0.113.5")))
    six = peer(uid=UID6, address="2001:db8:9:1::", announce=(floating(FLOATING6),))
    settled(host, four)
    settled(host, six)
    wait_until(lambda: {FLOATING, "192.0.2.16/28"} <= rack.tor.routes().keys(), 15, "the IPv4 prefixes")
    wait_until(lambda: knows(rack.tor, FLOATING6), 15, "the IPv6 prefix")
    (way,) = rack.tor.routes()[FLOATING]
    assert [hop["ip"] for hop in way["nexthops"]] == ["10.9.1.1"]
    assert set(rack.tor.routes("ipv6")) == {FLOATING6}
    assert "via 203.0.113.5 dev br-public" in host.run("ip", "route", "show", "192.0.2.16/28")
    session = host.driver().ensure_peer(four)
    assert (session.announced, session.received, session.problem) == (2, 0, "")
    assert session.since.endswith("+00:00")
    host.driver().ensure_peer(replace(four, announce=()))
    wait_until(lambda: rack.tor.routes() == {}, 15, "the withdrawal")
    assert host.run("ip", "route", "show", "proto", "173") == ""
    assert knows(rack.tor, FLOATING6)


def test_what_is_so_already_is_left_alone_and_reported_alike(rack: Rack) -> None:
    wanted = peer(announce=(floating(),), accept=(Accepted("0.0.0.0/0", 32), Accepted("198.51.100.0/24", 28)), hops=3)
    settled(rack.hosts[1], wanted)
    wait_until(lambda: knows(rack.tor, FLOATING), 15, "the prefix")
    before, driver = rack.hosts[1].vtysh("show running-config"), rack.hosts[1].driver()
    assert len({driver.ensure_peer(wanted) for _ in range(20)}) == 1
    assert rack.hosts[1].vtysh("show running-config") == before


def test_a_host_whose_daemon_is_killed_is_forgotten_and_one_that_comes_back_says_nothing_by_itself(rack: Rack) -> None:
    host, wanted = rack.hosts[1], peer(announce=(floating(),))
    settled(host, wanted)
    wait_until(lambda: knows(rack.tor, FLOATING), 15, "the prefix")
    host.kill()
    wait_until(lambda: not knows(rack.tor, FLOATING), 15, "the withdrawal")
    host.start()
    assert host.driver().observe_peers() == set()
    settled(host, wanted)
    wait_until(lambda: knows(rack.tor, FLOATING), 15, "the prefix again")


def test_the_host_where_an_address_came_last_is_preferred_while_the_former_still_announces_it(rack: Rack) -> None:
    for number, since_s in ((1, NOW), (2, NOW + 1)):
        settled(rack.hosts[number], peer(number, announce=(floating(since_s=since_s),)))
    # a router lists a way that it was told of before it has chosen between it and those it knew
    wait_until(lambda: _ways(rack.tor) == ["10.9.2.1", "10.9.1.1"], 15, "both announcements, the later one first")
    assert not any(way.get("multipath") for way in rack.tor.routes()[FLOATING])
    # it comes back to the first, of which the second's agent is not told
    rack.hosts[1].driver().ensure_peer(peer(1, announce=(floating(since_s=NOW + 2),)))
    wait_until(lambda: _ways(rack.tor) == ["10.9.1.1", "10.9.2.1"], 15, "the newest")


def test_a_wrong_password_shows_and_is_said_nowhere(rack: Rack) -> None:
    host = rack.hosts[1]
    wrong = peer(password="another-word", announce=(floating(),))
    host.driver().ensure_peer(wrong)
    wait_until(lambda: host.driver().ensure_peer(wrong).state in ("Connect", "Active"), 15, "a call")
    session = host.driver().ensure_peer(wrong)
    assert "has another password" in session.problem
    assert "another-word" not in repr((session, wrong))
    settled(host, peer(announce=(floating(),)))
    wait_until(lambda: knows(rack.tor, FLOATING), 15, "the prefix, with the right one")


def test_nothing_is_accepted_by_default_and_then_what_is_named(rack: Rack) -> None:
    host = rack.hosts[1]
    text = "router bgp 65000\nno bgp network import-check\naddress-family ipv4 unicast\n"
    rack.tor.configure(text + "".join(f"network {each}\n" for each in ("0.0.0.0/0", "10.1.0.0/16", "10.1.2.0/24")))
    session = settled(host, peer())
    wait_until(lambda: _told(rack.tor, "10.9.1.1") == 3, 15, "all that the router has to say")
    assert (session.received, host.routes()) == (0, {})
    wanted = peer(accept=(Accepted("10.1.0.0/16", 20), Accepted("0.0.0.0/0", 0)))
    wait_until(lambda: host.driver().ensure_peer(wanted).received == 2, 15, "what is accepted")
    assert set(host.routes()) == {"10.1.0.0/16", "0.0.0.0/0"}
    wait_until(lambda: "via 10.9.1.0" in host.run("ip", "route", "show", "default"), 15, "the route of the host")
    wait_until(lambda: host.driver().ensure_peer(peer()).received == 0, 15, "nothing again")


def test_a_peer_that_sends_more_than_it_may_is_closed(rack: Rack) -> None:
    host, wanted = rack.hosts[1], peer(maximum_prefixes=2, accept=(Accepted("0.0.0.0/0", 24),))
    settled(host, wanted)
    text = "router bgp 65000\nno bgp network import-check\naddress-family ipv4 unicast\n"
    rack.tor.configure(text + "".join(f"network 10.{number}.0.0/16\n" for number in range(5)))
    wait_until(lambda: host.driver().ensure_peer(wanted).state == "Idle", 15, "the end of the session")
    assert "more than 2 prefixes" in host.driver().ensure_peer(wanted).problem


def test_what_an_administrator_wrote_stays_and_what_is_in_the_way_is_refused(rack: Rack) -> None:
    host = rack.hosts[1]
    host.configure(
        "ip prefix-list mine seq 5 permit 192.0.2.0/24\nrouter bgp 65001\nneighbor 10.9.1.8 remote-as 65009\n"
        "neighbor 10.9.1.8 description theirs\naddress-family ipv4 unicast\nnetwork 192.0.2.0/24\n"
    )
    before = host.vtysh("show running-config")
    with pytest.raises(Permanent) as taken:
        host.driver().ensure_peer(peer(address="10.9.1.8"))
    assert taken.value.reason == "PeerTaken"
    with pytest.raises(Permanent) as other:
        host.driver().ensure_peer(peer(local_as=65002))
    assert other.value.reason == "AsTaken"
    assert host.vtysh("show running-config") == before
    settled(host, peer(announce=(floating(),), accept=(Accepted("10.0.0.0/8", 24),)))
    settled(host, peer(uid=UID6, address="2001:db8:9:1::", announce=(floating(FLOATING6),)))
    assert set(host.driver().observe_peers()) == {UID, UID6}
    for uid in (UID, UID6):
        host.driver().ensure_peer_absent(uid)
    assert host.vtysh("show running-config") == before
    assert host.run("ip", "route", "show", "proto", "173") == ""


def test_nothing_is_left_of_the_last_peer(rack: Rack) -> None:
    host = rack.hosts[1]
    before = host.vtysh("show running-config")
    settled(host, peer(announce=(floating(),), bfd=True))
    host.driver().ensure_peer_absent(UID)
    assert host.vtysh("show running-config") == before
    host.driver().ensure_peer_absent(UID)
    settled(host, peer(local_as=65001))


def test_without_a_bridge_that_leads_there_it_is_not_announced_and_says_so(rack: Rack) -> None:
    host, wanted = rack.hosts[1], peer(announce=(floating(),))
    settled(host, wanted)
    wait_until(lambda: knows(rack.tor, FLOATING), 15, "the prefix")
    host.run("ip", "link", "set", "dev", frr.OUTSIDE, "down")
    wait_until(lambda: not knows(rack.tor, FLOATING), 15, "the withdrawal")
    assert "leads to public" in host.driver().ensure_peer(wanted).problem
    host.run("ip", "link", "set", "dev", frr.OUTSIDE, "up")
    assert host.driver().ensure_peer(wanted).problem == ""
    wait_until(lambda: knows(rack.tor, FLOATING), 15, "the prefix again")


def test_a_host_tells_what_speaks_bgp_there(rack: Rack) -> None:
    assert rack.hosts[1].driver().version().startswith("FRRouting ")
    rack.hosts[1].kill()
    assert rack.hosts[1].driver().version() == ""
