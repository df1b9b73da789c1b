"""Networks and ports as JSON documents, one file each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pextra.drivers.interface import Forward, NetworkSource, PortSource, SecurityRule, SubnetSource
from pextra.drivers.uids import file_name
from pextra.replacing import replace_file


def encode(described: NetworkSource | PortSource) -> str:
    """The document of a network or port."""
    return json.dumps(asdict(described), indent=1, sort_keys=True)


def decode_network(text: str) -> NetworkSource:
    """The network that a document describes."""
    return network_of(json.loads(text))


def decode_port(text: str) -> PortSource:
    """The port that a document describes."""
    return port_of(json.loads(text))


def network_of(fields: dict[str, Any]) -> NetworkSource:
    """The network of a document's fields."""
    for subnet in fields["subnets"]:
        subnet["dns_servers"] = tuple(subnet["dns_servers"])
    fields["subnets"] = tuple(SubnetSource(**subnet) for subnet in fields["subnets"])
    return NetworkSource(**fields)


def port_of(fields: dict[str, Any]) -> PortSource:
    """The port of a document's fields."""
    fields["addresses"] = tuple(fields["addresses"])
    fields["rules"] = tuple(SecurityRule(**rule) for rule in fields["rules"])
    fields["forwards"] = tuple(Forward(**forward) for forward in fields.get("forwards", ()))
    return PortSource(**fields)


class Folder:
    """Documents by uid, each replaced as a whole.

    Args:
        path: the directory, made when absent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, uid: str, text: str) -> None:
        """Store a document unless it is there as it is."""
        final = self._path / f"{file_name(uid)}.json"
        if self.read(uid) == text:
            return
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(final, text.encode())

    def read(self, uid: str) -> str | None:
        """A document, or None."""
        try:
            return (self._path / f"{file_name(uid)}.json").read_text()
        except FileNotFoundError:
            return None

    def read_all(self) -> Iterator[str]:
        """Every document."""
        for path in sorted(self._path.glob("[!.]*.json")):
            try:
                yield path.read_text()
            except FileNotFoundError:  # removed since it was listed
                continue

    def remove(self, uid: str) -> None:
        """Remove a document, if it is there."""
        (self._path / f"{file_name(uid)}.json").unlink(missing_ok=True)
