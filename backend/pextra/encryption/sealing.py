"""Sealing bytes with AES-256-GCM, bound to the place that they belong to.

Source: NIST SP 800-38D; RFC 5116, section 5.2.
"""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pextra.encryption.failures import Tampered

KEY_BYTES: Final = 32
OVERHEAD: Final = 12 + 16
"""Bytes that a sealed value is longer than what it holds: nonce and tag."""
_NONCE_BYTES: Final = 12


def new_key() -> bytes:
    """A key of 256 random bits."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, plain: bytes, place: bytes) -> bytes:
    """`plain` so that only who has the key can read it, and only in this place.

    The nonce is random: one key is good for 2**32 values (SP 800-38D, section 8.3).

    Args:
        place: what the value is bound to; it is not part of the result.
    """
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, place)


def unseal(key: bytes, sealed: bytes, place: bytes) -> bytes:
    """What `seal` was given.

    Raises:
        Tampered: it was changed, sealed with another key, or for another place.
    """
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
    except (InvalidTag, ValueError) as error:
        raise Tampered("what is stored was changed, moved, or sealed with another key") from error


def place_of(purpose: str, *parts: str) -> bytes:
    """A place by its parts. Each is preceded by its length, so that no two lists of parts are one place."""
    return b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in (purpose, *parts))
