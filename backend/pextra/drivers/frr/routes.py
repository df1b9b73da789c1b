"""Routes of the host to addresses that live on it: packets from outside go to the bridge that leads to them.

They are ours by their protocol number. FRR announces only what has one, so that a host that has just been started
announces nothing of which nobody has told it yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final

from pextra.drivers.local.commands import Commands

PROTOCOL: Final = 173
"""Of our routes, in the kernel's table; none of those that are known by name."""


@dataclass(frozen=True, slots=True)
class Route:
    """A route in the host's own table.

    Attributes:
        via: the next hop, which is on the device; None: what is routed is.
    """

    prefix: str
    device: str
    via: str | None = None


class Routes:
    """See the module.

    Args:
        commands: what runs `ip`.
    """

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def observe(self) -> set[Route]:
        """Those that there are.

        Raises:
            CommandFailed: `ip` failed.
        """
        return {
            _route(entry)
            for family in ("-4", "-6")
            for entry in self._commands.look("ip", family, "-json", "route", "show", "proto", str(PROTOCOL))
        }

    def add(self, routes: Iterable[Route]) -> None:
        """Have these, in place of what leads to the same prefixes.

        Raises:
            CommandFailed: `ip` failed.
        """
        self._commands.batch("ip", [f"route replace {_words(route)}" for route in sorted(routes, key=str)])

    def remove(self, routes: Iterable[Route]) -> None:
        """Have these no more.

        Raises:
            CommandFailed: `ip` failed.
        """
        self._commands.batch("ip", [f"route del {_words(route)}" for route in sorted(routes, key=str)])

    def devices(self) -> set[str]:
        """The host's devices that are up.

        Raises:
            CommandFailed: `ip` failed.
        """
        return {entry["ifname"] for entry in self._commands.look("ip", "-json", "link", "show", "up")}


def _route(entry: dict[str, Any]) -> Route:
    return Route(str(ip_network(entry["dst"])), entry.get("dev", ""), entry.get("gateway"))


def _words(route: Route) -> str:
    via = f"via {route.via} " if route.via is not None else ""
    onlink = " onlink" if route.via is not None else ""
    return f"{route.prefix} {via}dev {route.device} proto {PROTOCOL}{onlink}"
