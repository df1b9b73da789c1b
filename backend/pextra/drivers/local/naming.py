"""Names of what the driver makes in the kernel, found again from uids alone.

The kernel takes 15 characters for a device, so names hold a digest of the uid; the whole uid is the
device's alias, by which a collision of digests (44 bits) would be noticed.
"""

from __future__ import annotations

import hashlib
from typing import Final

TABLE: Final = "pextra"  # our tables in nftables are called so in each family
BRIDGES: Final = "pxb-"
BRIDGE_ENDS: Final = "pxv-"
TRANSITS: Final = "pxt-"
TAPS: Final = "pxp-"
INSIDE: Final = "inside"  # the router's device towards its guests
OUTSIDE: Final = "outside"  # the router's device towards the host


def digest(uid: str) -> str:
    """Eleven hexadecimal digits that stand for a uid."""
    return hashlib.sha256(uid.encode()).hexdigest()[:11]


def alias(uid: str) -> str:
    """What the alias of a device says about whose it is."""
    return f"pextra:{uid}"


def bridge(network_uid: str) -> str:
    """The bridge of a network."""
    return BRIDGES + digest(network_uid)


def bridge_end(network_uid: str) -> str:
    """The end, on the bridge, of the link to the network's router."""
    return BRIDGE_ENDS + digest(network_uid)


def transit(network_uid: str) -> str:
    """The host's end of the link between it and the network's router."""
    return TRANSITS + digest(network_uid)


def router(network_uid: str) -> str:
    """The network namespace of the network's router."""
    return f"pxr-{digest(network_uid)}"


def tap(port_uid: str) -> str:
    """The tap device of a port."""
    return TAPS + digest(port_uid)
