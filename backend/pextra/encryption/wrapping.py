"""What keeps the key-encryption key: a file, or Vault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key that only the keeper of a key-encryption key can read.

    Attributes:
        kek: the version that it is wrapped with, as `KeyKeeper` names versions; at most 127 characters.
        text: the wrapped key.
    """

    kek: str
    text: str


class KeyKeeper(Protocol):
    """Keeps the versions of one key-encryption key, and wraps with them. Safe to use from several threads.

    A version's name holds what the version is recognised by, so that another key of the same number is not taken for
    it. Every method may raise `KeyUnavailable`.
    """

    def describe(self) -> str:
        """Where the key is, for people."""
        ...

    def ensure(self) -> str:
        """The newest version, made when there is no key at all yet. For a site that has nothing wrapped so far."""
        ...

    def newest(self) -> str:
        """The newest version.

        Raises:
            KeyLost: there is no key.
        """
        ...

    def require(self, kek: str) -> None:
        """Make sure that this version is here.

        Raises:
            KeyLost: it is not.
        """
        ...

    def wrap(self, kek: str, key: bytes, place: bytes) -> Wrapped:
        """Wrap a data key with this version, for this place.

        Raises:
            KeyLost: the version is not here.
        """
        ...

    def unwrap(self, wrapped: Wrapped, place: bytes) -> bytes:
        """The data key.

        Raises:
            KeyLost: the version is not here.
            Tampered: it was wrapped for another place, or changed.
        """
        ...

    def rotate(self) -> str:
        """Make a new version; the older ones stay.

        Raises:
            KeyLost: there is no key to make a new version of.
        """
        ...

    def versions(self) -> list[str]:
        """Every version that is kept, oldest first.

        Raises:
            KeyLost: there is no key.
        """
        ...

    def forget(self, before: str) -> list[str]:
        """Destroy every version older than this one; gives those that went.

        Raises:
            KeyLost: the version is not here.
        """
        ...
