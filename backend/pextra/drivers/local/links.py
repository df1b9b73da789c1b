"""Devices as `ip` shows them, and the commands that make them what they should be."""

from __future__ import annotations

import pwd
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pextra.drivers.interface import Permanent
from pextra.drivers.local import naming
from pextra.drivers.local.commands import CommandFailed, Commands

Link = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plug:
    """How a device sits on a bridge.

    The bridge learns nothing from frames, and sends one only where its address is known to be: what passes is decided
    by us, not by what guests send.
    """

    bridge: str
    isolated: bool  # speaks only with those that are not


def links(commands: Commands) -> dict[str, Link]:
    """Every device of the host's namespace, by name."""
    return {link["ifname"]: link for link in commands.look("ip", "-json", "-details", "link", "show")}


def link(commands: Commands, name: str) -> Link | None:
    """One device of the host's namespace."""
    try:
        return commands.look("ip", "-json", "-details", "link", "show", "dev", name)[0]
    except CommandFailed as error:
        # The second: it went between the program's two questions, as one end of a pair does with the other's namespace.
        if "does not exist" in error.stderr or "No such device" in error.stderr:
            return None
        raise


def tap_changes(seen: Link | None, name: str, uid: str, mtu: int, owner: int, bridge: str | None) -> list[str]:
    """What `ip` must do for a port's tap device to be as it should.

    Args:
        seen: the device as it is.
        name: its name.
        uid: the port's.
        mtu: in bytes.
        owner: number of the user who may open the device.
        bridge: what it is plugged into; None: not into one of the kernel's.

    Raises:
        Permanent: `NameTaken`.
    """
    _refuse_foreign(seen, uid)
    lines: list[str] = []
    data = _kind_data(seen, "tun")
    if seen is not None and (data.get("type") != "tap" or not _is_user(data.get("user"), owner)):
        lines.append(f"link delete dev {name}")
        seen = None
    if seen is None:
        lines.append(f"tuntap add dev {name} mode tap user {owner}")
    plug = None if bridge is None else Plug(bridge, isolated=True)
    return lines + device_changes(seen, name, mtu, uid=uid, plug=plug)


def device_changes(
    seen: Link | None, name: str, mtu: int, *, uid: str = "", plug: Plug | None = None, silent: bool = True
) -> list[str]:
    """What `ip` must do for a device that is there, or was just made (`seen` is None), to be as it should; up last.

    Args:
        seen: the device as it is.
        name: its name.
        mtu: in bytes.
        uid: whose it is; empty for a device that needs no alias.
        plug: how it sits on a bridge.
        silent: have no IPv6 address of its own making; otherwise that is left as it is.

    Raises:
        Permanent: `NameTaken`.
    """
    now: Link = seen or {}
    _refuse_foreign(seen, uid)
    words: list[str] = []
    if now.get("mtu") != mtu:
        words.append(f"mtu {mtu}")
    if uid and now.get("ifalias") != naming.alias(uid):
        words.append(f"alias {naming.alias(uid)}")
    if silent and now.get("inet6_addr_gen_mode", "none" if now else "") != "none":
        words.append("addrgenmode none")
    if plug is not None and now.get("master") != plug.bridge:
        words.append(f"master {plug.bridge}")
    lines = [f"link set dev {name} {' '.join(words)}"] if words else []
    if plug is not None:
        data: Mapping[str, Any] = now.get("linkinfo", {}).get("info_slave_data", {})
        wanted = {"isolated": plug.isolated, "learning": False, "flood": False}
        if any(data.get(what) is not value for what, value in wanted.items()):
            settings = " ".join(f"{what} {'on' if value else 'off'}" for what, value in wanted.items())
            lines.append(f"link set dev {name} type bridge_slave {settings}")
    if "UP" not in now.get("flags", ()):
        lines.append(f"link set dev {name} up")
    return lines


def bridge_changes(seen: Link | None, name: str, uid: str, mtu: int) -> list[str]:
    """What `ip` must do for a network's bridge to be as it should.

    Raises:
        Permanent: `NameTaken`.
    """
    _refuse_foreign(seen, uid)
    made: list[str] = []
    if seen is None:
        made.append(f"link add name {name} type bridge stp_state 0 mcast_snooping 0")
    return made + device_changes(seen, name, mtu, uid=uid)


def ensure_forwarding_entry(commands: Commands, tap: str, mac: str) -> None:
    """Tell the bridge behind which tap a guest's address is; others that it was told for the tap go."""
    entries = commands.look("bridge", "-json", "fdb", "show", "dev", tap)
    static = {entry["mac"] for entry in entries if entry.get("state") == "static"}
    commands.batch(
        "bridge",
        [f"fdb delete {other} dev {tap} master" for other in sorted(static - {mac})]
        + [f"fdb replace {mac} dev {tap} master static"] * (mac not in static),
    )


def ensure_link_absent(commands: Commands, names: Sequence[str], uid: str) -> None:
    """Remove those of the devices that are there.

    Raises:
        Permanent: `NameTaken`.
    """
    for name in names:
        seen = link(commands, name)
        if seen is None:
            continue
        _refuse_foreign(seen, uid)
        # The other end of a pair may have gone with its namespace just now.
        with suppress(CommandFailed):
            commands.run(("ip", "link", "delete", "dev", name))
        if link(commands, name) is not None:
            commands.run(("ip", "link", "delete", "dev", name))


def _refuse_foreign(seen: Link | None, uid: str) -> None:
    if seen is None or not uid:
        return
    found = seen.get("ifalias", "")
    if found not in ("", naming.alias(uid)):  # without an alias: we died between making and naming it
        raise Permanent(
            "NameTaken", f"device {seen['ifname']} is {found!r}, not {naming.alias(uid)!r}: remove or rename it"
        )


def _kind_data(seen: Link | None, kind: str) -> Mapping[str, Any]:
    info: Mapping[str, Any] = (seen or {}).get("linkinfo", {})
    return info.get("info_data", {}) if info.get("info_kind") == kind else {}


def _is_user(shown: Any, owner: int) -> bool:
    """Whether `ip` means this user: it shows a name where there is one, and nothing at all for root's."""
    with suppress(KeyError):
        if shown == pwd.getpwuid(owner).pw_name:
            return True
    return str(shown) == str(owner)
