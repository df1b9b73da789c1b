"""What FRR is configured to do, as far as it concerns us: read from what `show running-config` prints.

What is ours says so itself: neighbors by their description, prefix lists and route maps by their names. Nothing has to
be remembered elsewhere, and what does not say so is somebody else's.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

MARK: Final = "pextra:"
"""A neighbor whose description begins so is ours; what follows is the peer's uid."""
OUT: Final = "out"
_LIST: Final = re.compile(r"^(ip|ipv6) prefix-list pextra-([0-9a-f-]{36})-(out|in-[0-9a-f]{8}) seq (\d+) permit (.+)$")
_MAP: Final = re.compile(r"^route-map (pextra-med-\d+) permit 10$")
_ROUTER: Final = re.compile(r"^router bgp (\S+)( .+)?$")
_FAMILY: Final = re.compile(r"^address-family (ipv[46]) unicast$")
_NETWORK: Final = re.compile(r"^network (\S+) route-map pextra-med-(\d+)$")
_NEIGHBOR: Final = re.compile(r"^(?:no )?neighbor (\S+) ")


def inward(prefixes: Iterable[str]) -> str:
    """What a list of what is accepted is called: by what it lists.

    FRR asks a peer again for all that it has when it gets another list, and not when a list is changed.
    """
    return f"in-{hashlib.sha256(' '.join(sorted(prefixes)).encode()).hexdigest()[:8]}"


def list_name(uid: str, way: str) -> str:
    """What a prefix list of a peer is called.

    Args:
        way: `OUT`, or what `inward` answers.
    """
    return f"pextra-{uid}-{way}"


def map_name(med: int) -> str:
    """What the route map is called that gives what is announced this preference."""
    return f"pextra-med-{med}"


@dataclass(slots=True)
class Running:
    """See the module.

    Attributes:
        local_as: of the router in the default VRF, as it is written; None: there is none.
        lines: of that router, beside those of its address families.
        families: lines of `ipv4` and `ipv6` unicast.
        others: lines of its other families.
        lists: what our prefix lists permit, by uid and way, each with its sequence number.
        maps: the names of our route maps.
    """

    local_as: str | None = None
    lines: list[str] = field(default_factory=list[str])
    families: dict[str, list[str]] = field(default_factory=lambda: {"ipv4": [], "ipv6": []})
    others: list[str] = field(default_factory=list[str])
    lists: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict[tuple[str, str], dict[str, int]])
    maps: set[str] = field(default_factory=set[str])

    def peers(self) -> dict[str, str]:
        """The addresses of our neighbors, by uid."""
        found: dict[str, str] = {}
        for line in self.lines:
            match line.split(" ", 3):
                case ["neighbor", address, "description", text] if text.startswith(MARK):
                    found[text.removeprefix(MARK)] = address
                case _:
                    pass
        return found

    def neighbors(self) -> set[str]:
        """The addresses of all neighbors."""
        return {match[1] for line in self.lines if (match := _NEIGHBOR.match(line))}

    def networks(self) -> dict[str, int]:
        """What we announce, each with its metric."""
        lines = (line for name in self.families for line in self.families[name])
        return {canonical(match[1]): int(match[2]) for line in lines if (match := _NETWORK.match(line))}

    def wanted(self, *, but: str) -> set[str]:
        """What our peers are to be told, beside the one of that uid."""
        return {prefix for (uid, way), held in self.lists.items() if way == OUT and uid != but for prefix in held}

    def foreign(self) -> Iterator[str]:
        """What else there is of the router: lines that are not ours."""
        ours = set(self.peers().values())
        for line in (*self.lines, *self.families["ipv4"], *self.families["ipv6"], *self.others):
            match = _NEIGHBOR.match(line)
            if not (match and match[1] in ours) and not _NETWORK.match(line):
                yield line


def canonical(text: str) -> str:
    """A prefix, with what is said of its length, in the one form that we compare."""
    if text == "any":
        return text
    prefix, _, rest = text.partition(" ")
    return f"{ipaddress.ip_network(prefix, strict=False)} {rest}".strip()


def read(text: str) -> Running:
    """What is configured.

    Args:
        text: what FRR prints, one line each, those within a block indented.
    """
    running, block = Running(), list[str]()
    into: list[str] | None = None
    for whole in text.splitlines():
        line = whole.strip()
        if not line or line == "!":
            continue
        if not whole.startswith(" "):  # a block begins, or ends
            into = None
            if (match := _ROUTER.match(line)) and not match[2]:
                running.local_as, block = match[1], running.lines
                into = block
            elif match := _LIST.match(line):
                held = running.lists.setdefault((match[2], match[3]), {})
                held[canonical(match[5])] = int(match[4])
            elif match := _MAP.match(line):
                running.maps.add(match[1])
        elif into is None:
            continue
        elif line.startswith("address-family "):
            match = _FAMILY.match(line)
            into = running.families[match[1]] if match else running.others
        elif line == "exit-address-family":
            into = block
        else:
            into.append(line)
    return running
