"""What operators watch of sessions with routers outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pextra.services import bounds
from pextra.services.cloud import Cloud
from pextra.store import objects
from pextra.store.database import Tx

_SESSION: Final = ("peer", "address", "host")
GAUGES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "pextra_bgp_session_established": ("1 where a host's session with a BGP peer is established, else 0.", _SESSION),
    "pextra_bgp_prefixes_announced": ("Prefixes that a host has sent to a BGP peer.", _SESSION),
    "pextra_bgp_prefixes_received": ("Routes that a host has taken from a BGP peer.", _SESSION),
}
"""What every gauge says, and its labels."""


def read(cloud: Cloud) -> dict[str, dict[tuple[str, ...], float]]:
    """The values of each gauge now, by those of its labels.

    Raises:
        PextraError: `store.unavailable`.
    """
    return cloud.database.read(lambda tx: _read(cloud, tx))


def _read(cloud: Cloud, tx: Tx) -> dict[str, dict[tuple[str, ...], float]]:
    bounds.unbounded(tx)
    found: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in GAUGES}
    for peer in objects.of_kind(tx, cloud.site.uid, "bgp_peer"):
        sessions: list[dict[str, Any]] = peer.status.get("sessions", [])
        for each in sessions:
            labels = (peer.name, peer.spec["address"], each["host"])
            found["pextra_bgp_session_established"][labels] = float(each["state"] == "Established")
            found["pextra_bgp_prefixes_announced"][labels] = float(each["announced"])
            found["pextra_bgp_prefixes_received"][labels] = float(each["received"])
    return found
