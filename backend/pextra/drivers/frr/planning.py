"""The commands that make FRR's configuration what is wanted of one peer. Pure; no commands where it is so already.

Of what is somebody else's nothing is changed: what is in the way is refused.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pextra.drivers.frr.running import MARK, OUT, Running, inward, list_name, map_name
from pextra.drivers.interface import Permanent
from pextra.drivers.interface.bgp import Accepted, BgpPeer

RETRY_S: Final = 10
"""How often a peer that does not answer is called."""
CLOSED_MIN: Final = 5
"""For how long a session is closed when a peer sends more than it may."""
NEWEST_METRIC: Final = 2**32 - 1


def metric_of(since_s: int) -> int:
    """The metric (MED) of an address that came to its host then: routers prefer the lower one, hence the later."""
    return NEWEST_METRIC - since_s


def plan(running: Running, peer: BgpPeer) -> list[str]:
    """The commands, in the order in which they have to come.

    Raises:
        Permanent: `AsTaken`, `PeerTaken`.
    """
    _refuse(running, peer)
    there = running.peers().get(peer.uid) == peer.address
    announced = {
        each.prefix: metric_of(each.since_s) for each in peer.announce if _version(each.prefix) == peer.version
    }
    before = running.networks()
    metrics = {prefix: min(metric, before.get(prefix, metric)) for prefix, metric in announced.items()}
    accepted = {_range(each) for each in peer.accept if _version(each.prefix) == peer.version}
    wanted = {OUT: set(announced), inward(accepted): accepted}
    stale = set(before) - running.wanted(but=peer.uid) - wanted[OUT]
    main, family = _missing(running, peer, inward(accepted), there=there)
    changed = {prefix: metric for prefix, metric in metrics.items() if before.get(prefix) != metric}
    maps = {map_name(metric) for metric in changed.values()} - running.maps
    commands = [
        *(line for way, prefixes in wanted.items() for line in _permit(running, peer, way, prefixes)),
        *(line for name in sorted(maps) for line in (f"route-map {name} permit 10", f"set metric {name[11:]}", "exit")),
    ]
    inside = [
        *([f"neighbor {peer.address} shutdown"] if not there else []),
        *main,
        *_in_family(peer.version, [*family, *_networks(changed)]),
        *_dropped(stale),
        *([f"no neighbor {peer.address} shutdown"] if not there else []),
    ]
    if not there:  # nothing is said and nothing taken before all is said of it
        inside.insert(0, f"neighbor {peer.address} remote-as {peer.peer_as}")
    if inside:
        commands += [f"router bgp {peer.local_as}", *inside, "exit"]
    commands += _unpermit(running, peer.uid, wanted)
    left = {prefix: metric for prefix, metric in before.items() if prefix not in stale} | metrics
    return [*commands, *_unmap(running, left.values())]


def plan_absent(running: Running, uid: str) -> list[str]:
    """The commands that end what there is of a peer."""
    before, address = running.networks(), running.peers().get(uid)
    stale = set(before) - running.wanted(but=uid)
    inside = [*([f"no neighbor {address}"] if address is not None else []), *_dropped(stale)]
    commands: list[str] = []
    if inside:
        last = set(running.peers()) <= {uid} and not any(running.foreign()) and stale == set(before)
        commands = (
            [f"no router bgp {running.local_as}"] if last else [f"router bgp {running.local_as}", *inside, "exit"]
        )
    commands += _unpermit(running, uid, {})
    return [*commands, *_unmap(running, (metric for prefix, metric in before.items() if prefix not in stale))]


def _refuse(running: Running, peer: BgpPeer) -> None:
    if running.local_as is None:
        return
    if running.local_as != str(peer.local_as):
        raise Permanent(
            "AsTaken",
            f"FRR on this host is a router of AS {running.local_as} already, and cannot be one of {peer.local_as}: "
            "give the peer that `local_as`.",
        )
    if peer.address in running.neighbors() and running.peers().get(peer.uid) != peer.address:
        raise Permanent(
            "PeerTaken", f"FRR on this host has a neighbor {peer.address} already, which somebody else set up."
        )


def _missing(running: Running, peer: BgpPeer, inward: str, *, there: bool) -> tuple[list[str], list[str]]:
    """What is not so yet of the neighbor itself, and of it in its address family; what is too much is taken back."""
    me = f"neighbor {peer.address}"
    main = [f"{me} remote-as {peer.peer_as}", f"{me} description {MARK}{peer.uid}"]
    if peer.password:
        main.append(f"{me} password {peer.password}")
    if peer.bfd:
        main.append(f"{me} bfd")
    if peer.hops > 1 and peer.peer_as != peer.local_as:
        main.append(f"{me} ebgp-multihop {peer.hops}")
    main += [f"{me} timers {peer.hold_s // 3} {peer.hold_s}", f"{me} timers connect {RETRY_S}"]
    family = [
        f"{me} maximum-prefix {peer.maximum_prefixes} restart {CLOSED_MIN}",
        f"{me} prefix-list {list_name(peer.uid, inward)} in",
        f"{me} prefix-list {list_name(peer.uid, OUT)} out",
    ]
    name = f"ipv{peer.version}"
    if not there:
        other = [f"address-family ipv4 unicast\nno {me} activate\nexit-address-family"] if peer.version == 6 else []
        lines = [line for text in other for line in text.splitlines()]
        return [*main[1:], *lines], [f"{me} activate", *family]
    mine = [line for line in running.lines if line.startswith(f"{me} ")]
    inner = [line for line in running.families[name] if line.startswith(f"{me} ") and line != f"{me} activate"]
    activate = [f"{me} activate"] if f"no {me} activate" in running.families[name] else []
    return [*_changes(mine, main)], [*activate, *_changes(inner, family)]


def _changes(before: Iterable[str], wanted: Iterable[str]) -> Iterator[str]:
    """From the lines that there are to those that are wanted; a setting that gets another value is only set."""
    old, new = list(before), list(wanted)
    settings = {_setting(line) for line in new}
    yield from (f"no {line}" for line in old if _setting(line) not in settings)
    yield from (line for line in new if line not in old)


def _setting(line: str) -> str:
    """What a line sets, without the value."""
    words = line.split(" ")
    if words[2] == "timers":
        return "timers connect" if words[3] == "connect" else "timers"
    return f"prefix-list {words[-1]}" if words[2] == "prefix-list" else words[2]


def _permit(running: Running, peer: BgpPeer, way: str, wanted: set[str]) -> Iterator[str]:
    for prefix in sorted(wanted - running.lists.get((peer.uid, way), {}).keys()):
        yield f"{_word(peer.version)} prefix-list {list_name(peer.uid, way)} permit {prefix}"


def _unpermit(running: Running, uid: str, wanted: Mapping[str, set[str]]) -> Iterator[str]:
    for (whose, way), held in sorted(running.lists.items()):
        for prefix in sorted(held.keys() - wanted.get(way, set()) if whose == uid else ()):
            address = running.peers().get(uid, "") if prefix == "any" else prefix
            word = _word(6 if ":" in address else 4)
            yield f"no {word} prefix-list {list_name(uid, way)} seq {held[prefix]} permit {prefix}"


def _networks(metrics: dict[str, int]) -> Iterator[str]:
    for prefix, metric in sorted(metrics.items()):
        yield f"network {prefix} route-map {map_name(metric)}"


def _dropped(prefixes: Iterable[str]) -> Iterator[str]:
    for version in (4, 6):
        yield from _in_family(version, [f"no network {each}" for each in sorted(prefixes) if _version(each) == version])


def _in_family(version: int, lines: list[str]) -> list[str]:
    return [f"address-family ipv{version} unicast", *lines, "exit-address-family"] if lines else []


def _unmap(running: Running, metrics: Iterable[int]) -> Iterator[str]:
    """Route maps that nothing needs any more."""
    for name in sorted(running.maps - {map_name(metric) for metric in metrics}):
        yield f"no route-map {name}"


def _range(accepted: Accepted) -> str:
    network = ipaddress.ip_network(accepted.prefix)
    if network.prefixlen == 0 and accepted.longest == network.max_prefixlen:
        return "any"  # as FRR calls it
    return f"{network} le {accepted.longest}" if accepted.longest > network.prefixlen else str(network)


def _word(version: int) -> str:
    return "ip" if version == 4 else "ipv6"


def _version(prefix: str) -> int:
    return ipaddress.ip_network(prefix).version
