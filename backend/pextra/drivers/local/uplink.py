"""The host's way out, as far as guests may use it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from pextra.drivers.interface import Permanent
from pextra.drivers.local.commands import CommandFailed, Commands
from pextra.drivers.network_documents import Folder

_RESOLVER_FILES = (Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf"))


@dataclass(frozen=True, slots=True)
class Uplink:
    """Through what guests reach the world.

    Args:
        device: the host's device; by default whatever the host's default routes lead through.
    """

    device: str | None = None


class Forwarding:
    """Lets the host forward for guests, and for nobody else.

    Where the host forwards anyway (`net.ipv4.ip_forward`) nothing is changed. Elsewhere forwarding is switched on
    for the uplink's device alone, which is noted, and switched off again when the last network goes.

    Args:
        commands: what runs `ip` and `sysctl`.
        uplink: None when guests shall not leave the host.
        state: where it is noted; made when absent.
    """

    def __init__(self, commands: Commands, uplink: Uplink | None, state: Path) -> None:
        self._commands = commands
        self._uplink = uplink
        self._state = Folder(state)

    def devices(self) -> tuple[str, ...]:
        """The uplink's devices now."""
        if self._uplink is None:
            return ()
        if self._uplink.device is not None:
            _check_name(self._uplink.device)
            return (self._uplink.device,)
        routes = self._commands.look("ip", "-json", "-4", "route", "show", "default")
        found = [route["dev"] for route in routes if "dev" in route]
        found += [hop["dev"] for route in routes for hop in route.get("nexthops", ())]
        return tuple(sorted(set(found)))

    def lent(self) -> tuple[str, ...]:
        """Devices that forward because of us."""
        return tuple(json.loads(self._state.read("forwarding") or "[]"))

    def note(self) -> None:
        """Note which devices will forward because of us; the host's table has to name them before they do."""
        for device in self.devices():
            own = _setting(device)
            everywhere, here = self._commands.run(("sysctl", "--values", "net/ipv4/ip_forward", own)).split()
            if everywhere == here == "0":
                self._state.write("forwarding", json.dumps(sorted({*self.lent(), device})))

    def ensure(self) -> None:
        """Have the noted devices forward."""
        for device in self.lent():
            with suppress(CommandFailed):  # an uplink of the past, which has gone
                own = _setting(device)
                if self._commands.run(("sysctl", "--values", own)).strip() == "0":
                    self._commands.run(("sysctl", "--quiet", "--write", f"{own}=1"))

    def ensure_absent(self) -> None:
        """Have no device forward because of us."""
        for device in self.lent():
            with suppress(CommandFailed):  # the device has gone
                everywhere = self._commands.run(("sysctl", "--values", "net/ipv4/ip_forward")).strip()
                if everywhere != "1":
                    self._commands.run(("sysctl", "--quiet", "--write", f"{_setting(device)}=0"))
        self._state.remove("forwarding")


def host_resolvers() -> tuple[str, ...]:
    """The name servers that the host asks, as far as a router can ask them too: none on the host's loopback."""
    for path in _RESOLVER_FILES:
        with suppress(OSError):
            lines = [line.split() for line in path.read_text().splitlines()]
            servers: list[str] = []
            for words in lines:
                if len(words) >= 2 and words[0] == "nameserver":
                    with suppress(ValueError):
                        address = ip_address(words[1])
                        if address.version == 4 and not address.is_loopback:
                            servers.append(str(address))
            if servers:
                return tuple(servers)
    return ()


def _setting(device: str) -> str:
    return f"net/ipv4/conf/{device}/forwarding"


def _check_name(device: str) -> None:
    if not 0 < len(device) <= 15 or any(letter.isspace() or letter in '/"' for letter in device):
        raise Permanent("UplinkInvalid", f"uplink {device!r} is not the name of a device")
