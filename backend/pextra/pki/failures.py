"""What is refused here. The messages never hold key material or the secret of a token."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

# What the library raises for what it cannot read; several of its exceptions are no ValueError.
UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.UnsupportedGeneralNameType,
)


class PkiError(Exception):
    """Something that was presented is not to be trusted; the message says what and why."""


class InvalidRequest(PkiError):
    """A certificate signing request is broken, or its key is too weak."""


class InvalidCertificate(PkiError):
    """A certificate is not of the form that was asked for."""


class InvalidAuthority(PkiError):
    """The authority's certificate or key cannot be used to sign."""


class InvalidToken(PkiError):
    """A text is not a join token."""


class PinMismatch(PkiError):
    """The other side does not show the authority that was pinned."""
