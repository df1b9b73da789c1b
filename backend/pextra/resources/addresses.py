"""Addresses and ranges as users write them, and as they are stored: one form of each."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field


def _no_zone(text: str) -> str:
    """Refuse what Python's own parser takes after a `%`: any text at all, on its way into hosts' configuration."""
    if "%" in text:
        raise ValueError("an address with the zone of an interface means nothing elsewhere: leave out what follows %")
    return text


def _address(text: str) -> str:
    return str(ipaddress.ip_address(_no_zone(text)))


def _cidr(text: str) -> str:
    return str(ipaddress.ip_network(_no_zone(text), strict=True))


Address = Annotated[str, AfterValidator(_address), Field(max_length=39)]
"""An IPv4 or IPv6 address."""
Cidr = Annotated[str, AfterValidator(_cidr), Field(max_length=43)]
"""A range of either, without host bits; an address is one of itself alone."""
