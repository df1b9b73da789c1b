"""BGP of simulated hosts: every peer answers at once, and takes what it is told."""

from __future__ import annotations

from collections.abc import Collection

from pextra.drivers.interface.bgp import ESTABLISHED, BgpPeer, BgpSession


class SimBgp:
    """See `BgpDriver`. Nothing is kept: no packet depends on it."""

    def version(self) -> str:
        """See `BgpDriver`."""
        return "simulated"

    def ensure_peer(self, peer: BgpPeer) -> BgpSession:
        """See `BgpDriver`."""
        return BgpSession(ESTABLISHED, announced=len(peer.announce))

    def ensure_peer_absent(self, uid: str) -> None:
        """See `BgpDriver`."""

    def observe_peers(self) -> Collection[str]:
        """See `BgpDriver`."""
        return ()
