"""What a server process bears from those who connect to it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from pextra.network_lists import Network, networks

REQUEST: Final = "PEXTRA_REQUEST_S"
"""The environment variable with the seconds in which a handshake and the head of a request have to come."""
PER_ADDRESS: Final = "PEXTRA_CONNECTIONS_PER_ADDRESS"
"""How many connections a process holds for one address; 0: any number."""
BODY: Final = "PEXTRA_BUFFERED_BODY_BYTES"
TRUSTED_PROXIES: Final = "PEXTRA_TRUSTED_PROXIES"

_IPV6_SITE_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one worker process.

    Attributes:
        request_s: in this time TLS is agreed on and a request's head has come, counted from its first byte (of a
            new connection: from its beginning).
        lowest_rate: bytes a second, on average, that a body has to come in, and an answer to be taken in.
        stall_s: a transfer on which nothing moves for so long ends.
        linger_s: how long a client may take to see that its connection has ended.
        body_bytes: bodies up to this length are waited for before a thread is taken.
        answer_bytes: of an answer that its client has not taken yet, kept so that no thread waits.
        kept_bytes: of requests and answers of all connections together.
        per_address: connections of one address (of IPv6: one /64); 0: any number.
        many: networks that speak for many, and are not counted: the trusted proxies.
    """

    request_s: float = 10.0
    lowest_rate: int = 4096
    stall_s: float = 30.0
    linger_s: float = 2.0
    body_bytes: int = 1 << 20
    answer_bytes: int = 1 << 20
    kept_bytes: int = 64 << 20
    per_address: int = 256
    many: Sequence[Network] = ()

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] | None = None) -> Limits:
        """What the environment says, or else the defaults.

        Raises:
            ValueError: a variable is no number in its bounds, or no list of networks.
        """
        given = os.environ if environment is None else environment
        return cls(
            request_s=_number(given, REQUEST, 10, 1, 600),
            body_bytes=_number(given, BODY, 1 << 20, 0, 64 << 20),
            per_address=_number(given, PER_ADDRESS, 256, 0, 1_000_000),
            many=networks(given.get(TRUSTED_PROXIES, "")),
        )


def _number(given: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = given.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not least <= int(text) <= most:
        raise ValueError(f"{name} is a number from {least} to {most}, not {text[:40]!r}")
    return int(text)


class Shares:
    """Counts connections by address.

    Args:
        limits: bounds of the process.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held: dict[str, int] = {}

    def take(self, address: str) -> str | None:
        """Count a connection; the share that it belongs to, or None when that is used up."""
        share = self._share_of(address)
        held = self._held.get(share, 0)
        if share and self._limits.per_address and held >= self._limits.per_address:
            return None
        self._held[share] = held + 1
        return share

    def leave(self, share: str) -> None:
        """Count it no more."""
        self._held[share] -= 1
        if not self._held[share]:
            del self._held[share]

    def held(self, share: str) -> int:
        """How many connections it has; those that speak for many count as if they had few."""
        return self._held.get(share, 0) if share else 0

    def _share_of(self, address: str) -> str:
        try:
            parsed: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
        except ValueError:
            return address or "unknown"
        if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        if any(parsed in network for network in self._limits.many):
            return ""
        if isinstance(parsed, IPv6Address):
            return str(ip_network((parsed, _IPV6_SITE_BITS), strict=False))
        return str(parsed)
