"""How a control plane finds OVN's databases, and proves to it who it is."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ovs.stream import Stream

from pextra.drivers.ovn.driver import OvnFabric
from pextra.drivers.ovn.northbound import TIMEOUT_S, Northbound
from pextra.drivers.ovn.southbound import Southbound

_WAYS: Final = "unix:/PATH, ssl:ADDRESS:PORT, or tcp:ADDRESS:PORT on this machine; members of a cluster with commas"


class NorthboundRefused(ValueError):
    """What was said of the database makes no sense, or would not protect it; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Files:
    """PEM files by which the database and we know each other."""

    key: Path
    certificate: Path
    authority: Path


def open_fabric(
    remote: str, files: Files | None, *, site: str, timeout_s: int = TIMEOUT_S, southbound: str = ""
) -> OvnFabric:
    """The fabric that OVN makes of what a northbound database says. It is connected to when it is needed first.

    The library has one set of files in a process, and so has every connection with TLS.

    Args:
        remote: `unix:…`, `ssl:…` or `tcp:…`, several with commas between.
        files: with `ssl`.
        site: the cloud's uid.
        timeout_s: how long a transaction may take, reconnecting included.
        southbound: where the southbound database is, in the same way; without it, it is not known by which hosts
            routers go out.

    Raises:
        NorthboundRefused: see there.
    """
    ways = {_checked(each) for each in (*remote.split(","), *filter(None, southbound.split(",")))}
    if "ssl" in ways and files is None:
        raise NorthboundRefused("ssl: needs a key, a certificate and an authority, PEM")
    if files is not None:
        for file in (files.key, files.certificate, files.authority):
            if not file.is_file():
                raise NorthboundRefused(f"there is no file {file}")
        Stream.ssl_set_private_key_file(str(files.key))
        Stream.ssl_set_certificate_file(str(files.certificate))
        Stream.ssl_set_ca_cert_file(str(files.authority))
    told = Southbound(southbound, timeout_s=timeout_s) if southbound else None
    return OvnFabric(Northbound(remote, site, timeout_s=timeout_s), southbound=told)


def _checked(remote: str) -> str:
    """The way in which it is reached.

    Raises:
        NorthboundRefused: it is none of ours.
    """
    way, _, rest = remote.partition(":")
    if way == "unix" and rest.startswith("/"):
        return way
    host, _, port = rest.rpartition(":")
    if way not in ("tcp", "ssl") or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise NorthboundRefused(f"{remote!r} is no database of OVN: take {_WAYS}")
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError as error:
        raise NorthboundRefused(f"{host!r} of {remote!r} is no address: OVN's libraries resolve no names") from error
    if way == "tcp" and not address.is_loopback:
        raise NorthboundRefused(f"{remote!r} crosses the network without TLS: take ssl:{rest}")
    return way
