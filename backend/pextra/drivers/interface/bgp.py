"""What one host tells routers outside of addresses that live on it (BGP), and the contract of whoever does."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Annotated, Final, Protocol

from pydantic import Field

from pextra.drivers.interface.errors import Permanent

MOST_ANNOUNCED: Final = 4096
"""How many prefixes a host announces to a peer at most."""
ESTABLISHED: Final = "Established"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A range of which routes are taken from a peer.

    Attributes:
        longest: the longest prefix within the range that is taken.
    """

    prefix: str
    longest: int


@dataclass(frozen=True, slots=True)
class Announced:
    """A prefix that lives on the host.

    Attributes:
        physical: what the host calls the network outside by whose bridge the prefix is reached.
        since_s: since when it lives there, in seconds of Unix time. Of two hosts that announce the same prefix, the one
            where it came last is preferred.
        next_hop: behind which address on that network it is; None: it is on it itself.
    """

    prefix: str
    physical: str
    since_s: int
    next_hop: str | None = None


@dataclass(frozen=True, slots=True)
class BgpPeer:
    """A router outside, and what is said to it.

    Attributes:
        address: its own; what is announced and accepted is of the same family.
        peer_as, local_as: its autonomous system, and the host's.
        hold_s: after how long a silence the session is over.
        bfd: whether silence is looked for within a second (BFD).
        hops: how many routers away it may be; 1: it is on a network of the host's.
        maximum_prefixes: when more than that of its routes are taken, the session is closed for some minutes.
        accept: routes outside these are not taken.
        announce: all that is announced.
        password: of the TCP segments (RFC 2385); empty: none. It is never part of a document.
        password_version: rises with each change of the password.
    """

    uid: str
    address: str
    peer_as: int
    local_as: int
    hold_s: int = 9
    bfd: bool = False
    hops: int = 1
    maximum_prefixes: int = 100
    accept: tuple[Accepted, ...] = ()
    announce: Annotated[tuple[Announced, ...], Field(max_length=MOST_ANNOUNCED)] = ()
    password: str = field(default="", repr=False)
    password_version: int = 0

    @property
    def version(self) -> int:
        """4 or 6."""
        return ipaddress.ip_address(self.address).version

    def without_password(self) -> BgpPeer:
        """As it may be written down."""
        return replace(self, password="")


@dataclass(frozen=True, slots=True)
class BgpSession:
    """How a host and a peer get on.

    Attributes:
        state: `Idle`, `Connect`, `Active`, `OpenSent`, `OpenConfirm` or `Established`.
        since: when it was established, RFC 3339; empty: it is not.
        announced: how many prefixes the peer was sent.
        received: how many of its routes are taken.
        problem: what keeps something from being as it should; empty: nothing is known to.
    """

    state: Annotated[str, Field(max_length=31)]
    since: Annotated[str, Field(max_length=40)] = ""
    announced: Annotated[int, Field(ge=0)] = 0
    received: Annotated[int, Field(ge=0)] = 0
    problem: Annotated[str, Field(max_length=500)] = ""


class BgpDriver(Protocol):
    """Has sessions with routers outside. Every method may be called from any thread."""

    def version(self) -> str:
        """What speaks BGP, in words; empty: nothing does, and no peer can be had."""
        ...

    def ensure_peer(self, peer: BgpPeer) -> BgpSession:
        """Have a session with the peer, and announce to it exactly what is said. Does nothing where it is so already.

        Raises:
            Permanent: `BgpMissing`; `PeerTaken`, `AsTaken`: somebody else has set up what is in the way, and it is
                left alone; `BgpRefused`.
            Retryable: `CommandFailed`.
        """
        ...

    def ensure_peer_absent(self, uid: str) -> None:
        """End the session, and announce no more what no other peer is to be told.

        Raises:
            Permanent, Retryable: see `ensure_peer`.
        """
        ...

    def observe_peers(self) -> Collection[str]:
        """The uids of the peers that there are.

        Raises:
            Retryable: `CommandFailed`.
        """
        ...


class NoBgp:
    """The driver of a host on which nothing speaks BGP."""

    def version(self) -> str:
        """See `BgpDriver`."""
        return ""

    def ensure_peer(self, peer: BgpPeer) -> BgpSession:
        """See `BgpDriver`; it cannot."""
        raise Permanent("BgpMissing", f"Nothing on this host speaks BGP, and {peer.address} is not reached by it.")

    def ensure_peer_absent(self, uid: str) -> None:
        """See `BgpDriver`; there is none."""

    def observe_peers(self) -> Collection[str]:
        """See `BgpDriver`."""
        return ()
