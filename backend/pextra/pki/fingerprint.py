"""The name of a key: what a join token pins."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def fingerprint_of(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate's public key (DER SubjectPublicKeyInfo), 64 lower-case hex digits.

    It names the key, not the certificate, so that an authority which renews its certificate keeps it.

    Source: RFC 7469 section 2.4, for what is hashed.
    """
    info = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(info).hexdigest()


def is_fingerprint(text: str) -> bool:
    """Whether a text has the form of a fingerprint."""
    return _FINGERPRINT.fullmatch(text) is not None
