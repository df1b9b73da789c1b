"""What is hashed and signed of a chain of audit entries: the links between entries, and the head."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from pextra.transparency.canonical import canonical

HEAD: Final = "pextra audit head 1"
SUCCESSION: Final = "pextra audit key succession 1"


def origin(site: str, tenant: str) -> bytes:
    """The link before a chain's first entry, which no other chain begins with."""
    return hashlib.sha256(canonical({"purpose": "pextra audit chain 1", "site": site, "tenant": tenant})).digest()


def link(before: bytes, leaf: bytes) -> bytes:
    """The link of an entry: the link before it and the entry's leaf hash.

    The prefix differs from those of RFC 6962, so that no link can pass for a leaf or a node.
    """
    return hashlib.sha256(b"\x02" + before + leaf).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """What is signed: that a chain had this many entries, and these hashes stand for them.

    Attributes:
        root: of the Merkle tree over the entries, hex.
        chain_hash: link of the last entry, hex.
        at: when it was signed, RFC 3339.
        key: the Ed25519 public key that signs, 64 hex digits.
    """

    site: str
    tenant: str
    size: int
    root: str
    chain_hash: str
    at: str
    key: str

    def as_dict(self) -> dict[str, Any]:
        """The wire form."""
        return {
            "purpose": HEAD,
            "site": self.site,
            "tenant": self.tenant,
            "size": self.size,
            "root": self.root,
            "chain_hash": self.chain_hash,
            "at": self.at,
            "key": self.key,
        }

    def statement(self) -> bytes:
        """The bytes that are signed."""
        return canonical(self.as_dict())


def succession(previous: str, key: str) -> bytes:
    """What the owner of a key signs with it to name the key that comes after."""
    return canonical({"purpose": SUCCESSION, "previous": previous, "key": key})
