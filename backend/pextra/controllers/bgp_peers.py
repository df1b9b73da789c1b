"""BGP peers: hosts are told with whom to have sessions, and what they announce there of what lives on them.

They look again when their agents report, when an address lives elsewhere, and now and then: by which host a router goes
out is decided by the hosts among themselves.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from pextra.controllers import announcing, remote
from pextra.controllers.announcing import Living
from pextra.controllers.fabrics import fabric_of, is_simulated
from pextra.controllers.fleet import Fleet
from pextra.controllers.outcome import Next, Outcome, failed, gone
from pextra.declaration import conditions
from pextra.declaration.kind import Spec
from pextra.drivers import documents
from pextra.drivers.interface import DriverError, Permanent
from pextra.drivers.interface.bgp import ESTABLISHED, MOST_ANNOUNCED, Accepted, Announced, BgpPeer, BgpSession
from pextra.resources.bgp_peer import MOST_SESSIONS
from pextra.services.agents import is_silent
from pextra.services.cloud import Cloud
from pextra.services.status import Stale
from pextra.store import agents, assignments, objects
from pextra.store.assignments import Assignment
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item

AGAIN_S: Final = 3.0
"""How often it is asked by which hosts routers go out."""
_PASSWORD: Final = "password"  # noqa: S105 (a path)
_NAMED: Final = 5
"""How many hosts a condition names at most."""


@dataclass(frozen=True, slots=True)
class Told:
    """What hosts were told, and what they said.

    Attributes:
        assigned: by host.
        simulated: hosts of this process, with what they are told.
        silent: the uids of the hosts whose agents are not heard.
        problems: what is not announced, and why.
    """

    assigned: dict[str, Assignment] = field(default_factory=dict[str, Assignment])
    simulated: dict[str, BgpPeer] = field(default_factory=dict[str, BgpPeer])
    silent: set[str] = field(default_factory=set[str])
    problems: list[str] = field(default_factory=list[str])


class BgpPeerController:
    """See the module."""

    part = 8

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def look(self, cloud: Cloud, items: Sequence[Item]) -> list[Outcome]:
        """See `Controller.look`."""
        found = cloud.database.read(lambda tx: objects.by_uids(tx, [(i.tenant_uid, i.uid) for i in items]))
        hosts = cloud.database.read(lambda tx: objects.of_kind(tx, cloud.site.uid, "host"))
        return [self._look_at(cloud, item, found.get(item.uid), hosts) for item in items]

    def _look_at(self, cloud: Cloud, item: Item, record: Record | None, hosts: Sequence[Record]) -> Outcome:
        if record is None:
            return gone(item)
        if record.deleting:
            return self._remove(cloud, item, record, hosts)
        spec = cloud.registry["bgp_peer"].effective(record.spec, record.spec_version)
        chosen = [host for host in hosts if _is_chosen(host, spec)]
        hosting: Mapping[str, str] = {}
        unknown: list[str] = []
        routers = cloud.database.read(
            lambda tx: [r for p in _pools(tx, record, spec) for r in announcing.routers_of(tx, p)]
        )
        fabric = fabric_of(self._fleet, hosts)
        moving = bool(routers) and fabric is not None and not is_simulated(self._fleet, fabric)
        try:
            hosting = announcing.hosting(fabric, routers)
        except Permanent as error:
            unknown = [error.message]
        except DriverError as error:  # what was announced stays so
            return failed(item, record, error)
        try:
            told = cloud.database.write(lambda tx: _tell(tx, record, spec, hosts, chosen, hosting))
        except Stale:
            return Outcome(item, record, Next.LATER, delay_s=AGAIN_S)
        told.problems.extend(unknown)
        sessions = {host.uid: self._session(host, told) for host in chosen}
        return _outcome(item, record, chosen, sessions, told, moving=moving)

    def _session(self, host: Record, told: Told) -> BgpSession | None:
        """What is known of a host's session; None: its agent has not said anything yet."""
        peer = told.simulated.get(host.uid)
        if peer is not None:
            drivers = self._fleet.drivers(host)
            try:
                return drivers.bgp.ensure_peer(peer) if drivers is not None else None
            except DriverError as error:
                return BgpSession("Idle", problem=error.message[:400])
        if host.uid in told.silent:
            return BgpSession("", problem="its agent is not heard: what it announced last stands, while it runs")
        assigned = told.assigned[host.uid]
        return _said(assigned) if assigned.report is not None else None

    def _remove(self, cloud: Cloud, item: Item, record: Record, hosts: Sequence[Record]) -> Outcome:
        for host in hosts:
            drivers = None if remote.has_agent(host) else self._fleet.drivers(host)
            if drivers is not None:
                drivers.bgp.ensure_peer_absent(record.uid)

        def end(tx: Tx) -> list[str]:
            assignments.remove_everywhere(tx, record.uid)
            return [each.host_uid for each in assignments.of_uid(tx, record.uid)]

        left = cloud.database.write(end)
        if not left:
            return Outcome(item, record, Next.REMOVE)
        names = sorted(host.name for host in hosts if host.uid in left)
        message = f"{len(left)} hosts have yet to end their sessions: {', '.join(names[:_NAMED])}."
        return Outcome(item, record, Next.LATER, [conditions.ready(False, "InUse", message)], delay_s=remote.POLL_S)


def _is_chosen(host: Record, spec: Spec) -> bool:
    """Whether the host is to have a session: a simulated one always can."""
    able = not remote.has_agent(host) or bool(host.status.get("bgp"))
    return able and not host.deleting and spec["host_labels"].items() <= host.labels.items()


def _pools(tx: Tx, record: Record, spec: Spec) -> list[Record]:
    pins = [record.resolved[f"address_pool/{name}"] for name in spec["announce"]]
    found = objects.by_uids(tx, [(pin["tenant_uid"], pin["uid"]) for pin in pins])
    return [found[pin["uid"]] for pin in pins if pin["uid"] in found]


def _tell(
    tx: Tx,
    record: Record,
    spec: Spec,
    hosts: Sequence[Record],
    chosen: Sequence[Record],
    hosting: Mapping[str, str],
) -> Told:
    """Assign to every host what it is to say to the peer.

    Raises:
        Stale: the peer was written to meanwhile.
    """
    remote.require_current(tx, record)
    version = ipaddress.ip_address(spec["address"]).version
    networks = [ipaddress.ip_network(text) for text in spec["announce_networks"]]
    living = [
        each for pool in _pools(tx, record, spec) for each in announcing.of_pool(tx, pool, hosts, hosting, networks)
    ]
    living, problems = _without_rivals(
        [each for each in living if ipaddress.ip_network(each.prefix).version == version]
    )
    told = Told(problems=problems)
    before = {each.host_uid: each for each in assignments.of_uid(tx, record.uid)}
    newest = _newest(before)
    seen = agents.seen(tx)
    for host in chosen:
        mine = [each for each in living if each.host_uid == host.uid]
        if len(mine) > MOST_ANNOUNCED:
            problems.append(f"host {host.name} announces {MOST_ANNOUNCED} of the {len(mine)} that live there")
        was = _announced(before.get(host.uid))
        announce = tuple(_announcement(each, was, newest, tx) for each in mine[:MOST_ANNOUNCED])
        peer = _peer(record, spec, announce)
        if not remote.has_agent(host):
            told.simulated[host.uid] = peer
            continue
        secret = [_PASSWORD] if _PASSWORD in spec else []
        told.assigned[host.uid] = assignments.put(
            tx,
            host.uid,
            record.uid,
            kind=assignments.BGP_PEER,
            tenant_uid=record.tenant_uid,
            document=documents.write(peer.without_password()),
            secret_paths=secret,
        )
        if is_silent(seen.get(host.uid), tx.now_us):
            told.silent.add(host.uid)
    for host_uid in before.keys() - told.assigned.keys():
        assignments.remove(tx, host_uid, record.uid)
    return told


def _peer(record: Record, spec: Spec, announce: tuple[Announced, ...]) -> BgpPeer:
    accept = (Accepted(each["prefix"], each.get("le", _length(each["prefix"]))) for each in spec["accept"])
    return BgpPeer(
        uid=record.uid,
        address=spec["address"],
        peer_as=spec["peer_as"],
        local_as=spec["local_as"],
        hold_s=spec["hold_s"],
        bfd=spec["bfd"],
        hops=spec["hops"],
        maximum_prefixes=spec["maximum_prefixes"],
        accept=tuple(accept),
        announce=announce,
        password_version=spec[_PASSWORD]["secret"]["version"] if _PASSWORD in spec else 0,
    )


def _length(prefix: str) -> int:
    return ipaddress.ip_network(prefix).prefixlen


def _without_rivals(living: Sequence[Living]) -> tuple[list[Living], list[str]]:
    """Each prefix once, and none of another's: tenants write what networks they have. Tells what is left out."""
    problems: list[str] = []
    addresses: dict[int, Living] = {}
    networks: list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, Living]] = []

    def refuse(each: Living, rival: Living) -> None:
        problems.append(f"{each.what} is not announced: it overlaps {rival.what}")

    oldest_first = sorted(living, key=lambda each: (each.made_us, each.prefix))
    for each in oldest_first:
        if each.next_hop is None:
            number = int(ipaddress.ip_network(each.prefix).network_address)
            if (rival := addresses.setdefault(number, each)) is not each:
                refuse(each, rival)
    numbers = sorted(addresses)
    for each in oldest_first:
        if each.next_hop is not None:
            mine = ipaddress.ip_network(each.prefix)
            first = bisect_left(numbers, int(mine.network_address))
            if first < len(numbers) and numbers[first] <= int(mine.broadcast_address):
                refuse(each, addresses[numbers[first]])
            elif rival := next((other for network, other in networks if network.overlaps(mine)), None):
                refuse(each, rival)
            else:
                networks.append((mine, each))
    return sorted([*addresses.values(), *(each for _, each in networks)], key=lambda each: each.prefix), problems


def _announced(assigned: Assignment | None) -> dict[str, int]:
    """What a host is told to announce, each with the time since which it lives there."""
    if assigned is None or assigned.removed:
        return {}
    return {each["prefix"]: each["since_s"] for each in assigned.document.get("announce", ())}


def _newest(before: Mapping[str, Assignment]) -> dict[str, int]:
    """When each prefix came last to any host."""
    found: dict[str, int] = {}
    for assigned in before.values():
        for each in assigned.document.get("announce", ()):
            found[each["prefix"]] = max(found.get(each["prefix"], 0), each["since_s"])
    return found


def _announcement(living: Living, was: Mapping[str, int], newest: Mapping[str, int], tx: Tx) -> Announced:
    """A prefix as its host is told of it; one that came here is newer than wherever it was, whatever clocks say."""
    since_s = was.get(living.prefix) or max(int(tx.now), newest.get(living.prefix, 0) + 1)
    return Announced(living.prefix, living.physical, since_s, living.next_hop)


def _said(assigned: Assignment) -> BgpSession:
    """What an agent said last, of what it is told now or was told before."""
    try:
        report = documents.read(documents.Report, assigned.report or {})
    except ValueError as error:
        return BgpSession("", problem=f"the agent's report cannot be used: {error}"[:400])
    if report.failure is not None:
        return BgpSession("Idle", problem=report.failure.message[:400])
    return report.session or BgpSession("", problem="the agent's report says nothing of a session")


def _outcome(
    item: Item,
    record: Record,
    chosen: Sequence[Record],
    sessions: Mapping[str, BgpSession | None],
    told: Told,
    *,
    moving: bool,
) -> Outcome:
    named = [(host.name, sessions[host.uid]) for host in chosen]
    named.sort(key=lambda each: (each[1] is not None and each[1].state == ESTABLISHED, each[0]))
    shown = [{"host": name, **asdict(session or BgpSession(""))} for name, session in named[:MOST_SESSIONS]]
    up = sum(session is not None and session.state == ESTABLISHED for _, session in named)
    facts: dict[str, Any] = {"sessions": shown, "established": up, "hosts": len(named)}
    again = Next.LATER if moving or told.silent else Next.DONE
    if not named:
        message = "No host has a session with it: none with these labels has FRR, with bgpd, beside OVN."
        return Outcome(item, record, Next.DONE, [conditions.ready(False, "NoSpeaker", message)], facts)
    down = [(name, session) for name, session in named if session is None or session.state != ESTABLISHED]
    if down:
        waits = all(session is None for _, session in down)
        first = "; ".join(f"{name}: {_words(session)}" for name, session in down[:_NAMED])
        message = f"{len(down)} of {len(named)} hosts have no session: {first}"[:1000]
        return Outcome(
            item,
            record,
            again if not told.silent else Next.LATER,
            [conditions.ready(False, "Converging" if waits else "SessionDown", message)],
            facts,
            delay_s=AGAIN_S,
        )
    problems = [*told.problems, *(f"{name}: {s.problem}" for name, s in named if s is not None and s.problem)]
    ready = conditions.ready(True, "Ready", "; ".join(problems)[:1000])
    return Outcome(item, record, again, [ready], facts, delay_s=AGAIN_S)


def _words(session: BgpSession | None) -> str:
    if session is None:
        return "its agent has yet to answer"
    return ", ".join(word for word in (session.state, session.problem) if word)
