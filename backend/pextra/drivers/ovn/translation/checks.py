"""What may go into expressions and options of OVN: nothing that was not looked at."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from pextra.drivers.interface import Permanent

IPv4 = ipaddress.IPv4Address
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Range = ipaddress.IPv4Network | ipaddress.IPv6Network

_UID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")
_MAC: Final = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def uid(text: str) -> str:
    """A uid.

    Raises:
        Permanent: `PartInvalid`, as all of these.
    """
    if not _UID.fullmatch(text):
        raise _invalid(f"{text!r} is no uid")
    return text


def mac(text: str) -> str:
    """A card's address, of one card."""
    if not _MAC.fullmatch(text) or int(text[:2], 16) & 1:
        raise _invalid(f"{text!r} is no MAC address of a card: six pairs of small hexadecimal digits")
    return text


def label(text: str) -> str:
    """A DNS label."""
    if not _LABEL.fullmatch(text):
        raise _invalid(f"{text!r} is no DNS label")
    return text


def _no_zone(text: str) -> str:
    """Python's parser takes anything after a `%`."""
    if "%" in text:
        raise ValueError
    return text


def address(text: str) -> Address:
    """An address of either family."""
    try:
        return ipaddress.ip_address(_no_zone(text))
    except ValueError as error:
        raise _invalid(f"{text!r} is no address") from error


def network(text: str) -> Range:
    """A range without host bits; an address is one of one address."""
    try:
        return ipaddress.ip_network(_no_zone(text))
    except ValueError as error:
        raise _invalid(f"{text!r} is no range of addresses") from error


def interface(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    """An address with the length of its prefix."""
    try:
        return ipaddress.ip_interface(_no_zone(text))
    except ValueError as error:
        raise _invalid(f"{text!r} is no address with the length of its prefix") from error


def port_number(number: int) -> int:
    """A port of TCP or UDP."""
    if not 1 <= number <= 65_535:
        raise _invalid(f"{number} is no port: they are from 1 to 65535")
    return number


def _invalid(message: str) -> Permanent:
    return Permanent("PartInvalid", message)
