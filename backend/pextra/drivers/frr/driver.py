"""BGP by the host's FRR: peers are neighbors there, announced addresses have a route of the host's."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pextra.drivers.frr import planning, running
from pextra.drivers.frr.routes import Route, Routes
from pextra.drivers.frr.running import Running
from pextra.drivers.interface import DriverError, Permanent, Retryable
from pextra.drivers.interface.bgp import ESTABLISHED, BgpPeer, BgpSession
from pextra.drivers.local.commands import CommandFailed, Commands

_STATES: Final = frozenset({"Idle", "Connect", "Active", "OpenSent", "OpenConfirm", ESTABLISHED})
_LONGEST_PROBLEM: Final = 400
_UNSURE_S: Final = 2


class FrrBgp:
    """See the module, and `BgpDriver` for the contract.

    Everything that is ours is in FRR's running configuration and in the kernel's table of routes, and says so there.
    Neither is written to disk by us.

    Args:
        bridges: the bridges of the networks outside, by what this host calls these networks.
        commands: what runs `vtysh` and `ip`.
        options: for `vtysh`: where an FRR is that is not the system's.
    """

    def __init__(
        self,
        bridges: Callable[[], Mapping[str, str]],
        *,
        commands: Commands | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self._bridges = bridges
        self._commands = commands or Commands()
        self._vtysh = ("vtysh", *options)
        self._routes = Routes(self._commands)
        self._since_s: dict[str, int] = {}
        self._lock = threading.Lock()

    def version(self) -> str:
        """See `BgpDriver`."""
        try:
            self._show("show bgp summary json")
            said = self._show("show version")
        except DriverError:
            return ""
        return said.partition("\n")[0].partition("(")[0].strip()[:63]

    def ensure_peer(self, peer: BgpPeer) -> BgpSession:
        """See `BgpDriver`."""
        with self._lock:
            problem = self._ensure_routes(peer)
            before = self._running()
            if commands := planning.plan(before, peer):
                self._configure(commands, peer)
                if left := planning.plan(self._running(), peer):
                    raise Permanent("BgpRefused", _hide(f"FRR did not take: {'; '.join(left)}"[:1000], peer))
            self._sweep_routes(peer)
            return self._session(peer, problem)

    def ensure_peer_absent(self, uid: str) -> None:
        """See `BgpDriver`."""
        with self._lock:
            if commands := planning.plan_absent(self._running(), uid):
                self._configure(commands, None)
            self._sweep_routes(None)

    def observe_peers(self) -> Collection[str]:
        """See `BgpDriver`."""
        found = self._running()
        return {*found.peers(), *(uid for uid, _ in found.lists)}

    # --- routes ---

    def _ensure_routes(self, peer: BgpPeer) -> str:
        """Have a route to all that is announced; tells what has none, and why."""
        bridges, up = self._bridges(), self._routes.devices()
        lost = sorted({each.physical for each in peer.announce if bridges.get(each.physical) not in up})
        wanted = {
            Route(each.prefix, bridges[each.physical], each.next_hop)
            for each in peer.announce
            if each.physical not in lost
        }
        self._routes.add(wanted - self._routes.observe())
        return f"no bridge of this host that is up leads to {', '.join(lost)}" if lost else ""

    def _sweep_routes(self, peer: BgpPeer | None) -> None:
        """Remove the routes to what no peer is told any more."""
        announced = set(self._running().networks()) | {each.prefix for each in (peer.announce if peer else ())}
        self._routes.remove(route for route in self._routes.observe() if route.prefix not in announced)

    # --- FRR ---

    def _running(self) -> Running:
        return running.read(self._show("show running-config no-header"))

    def _configure(self, commands: Iterable[str], peer: BgpPeer | None) -> None:
        """Have FRR take commands, which it reads from a pipe: arguments are seen by everybody."""
        try:
            self._commands.run((*self._vtysh, "-f", "/dev/stdin"), stdin="\n".join([*commands, ""]))
        except CommandFailed as error:
            raise Permanent("BgpRefused", _hide(f"FRR refuses: {error.stderr[:1000]}", peer)) from None

    def _show(self, command: str) -> str:
        try:
            return self._commands.run((*self._vtysh, "-c", command))
        except CommandFailed as error:
            message = f"FRR does not answer: {error.stderr[:200] or 'is bgpd enabled in /etc/frr/daemons?'}"
            raise Retryable("BgpUnreachable", message) from None

    def _session(self, peer: BgpPeer, problem: str) -> BgpSession:
        told: dict[str, Any] = json.loads(self._show(f"show bgp neighbors {peer.address} json"))
        seen: dict[str, Any] = told.get(peer.address, {})
        family: dict[str, Any] = seen.get("addressFamilyInfo", {}).get(f"ipv{peer.version}Unicast", {})
        state = str(seen.get("bgpState", "Idle"))
        if state != ESTABLISHED:
            return BgpSession(state if state in _STATES else "Idle", problem=_why(seen, state, peer) or problem)
        return BgpSession(
            ESTABLISHED,
            self._since_when(peer.uid, int(seen.get("bgpTimerUpEstablishedEpoch", 0))),
            int(family.get("sentPrefixCounter", 0)),
            int(family.get("acceptedPrefixCounter", 0)),
            problem,
        )

    def _since_when(self, uid: str, said_s: int) -> str:
        """A moment, RFC 3339. FRR reckons it anew each time, and says now one second and then the next."""
        known_s = self._since_s.get(uid, 0)
        if abs(said_s - known_s) > _UNSURE_S:
            self._since_s[uid] = known_s = said_s
        return datetime.fromtimestamp(known_s, UTC).isoformat()


def _why(seen: Mapping[str, Any], state: str, peer: BgpPeer) -> str:
    """Why there is no session, as far as it is known."""
    if any(seen.get(name) for name in ("prefixesExceeded", "maxPrefixesExceeded", "peerMaxPrefixExceeded")):
        return f"it sent more than {peer.maximum_prefixes} prefixes"
    said = str(seen.get("lastNotificationReason") or "").strip()
    if "Maximum Number of Prefixes" in said:
        return (
            f"it sent more than {peer.maximum_prefixes} prefixes ({said}): tried again after {planning.CLOSED_MIN} min"
        )
    secret = ", or has another password" if peer.password else ", or wants a password"
    silent = f"it does not answer: it cannot be reached, does not expect this host{secret}"
    if state in ("Connect", "Active"):
        return f"{silent} (before: {said})"[:_LONGEST_PROBLEM] if said else silent
    return (said or str(seen.get("lastResetDueTo") or silent))[:_LONGEST_PROBLEM]


def _hide(text: str, peer: BgpPeer | None) -> str:
    """The text without the password, which FRR repeats where it does not like it."""
    return text.replace(peer.password, "…") if peer is not None and peer.password else text
