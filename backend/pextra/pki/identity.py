"""What a host's certificate says, and the one form in which it may say it.

A certificate that a TLS library accepts may still say more than was meant: several names, more uses, odd extensions.
So the form is exact, and everything else is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from pextra.pki.failures import UNREADABLE, InvalidCertificate

URN_PREFIX: Final = "urn:pextra:host:"
_UID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_MOST_BYTES: Final = 16_384
_SERIAL_BITS: Final = 128
_EXTENSIONS: Final = frozenset[x509.ObjectIdentifier](
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    }
)


@dataclass(frozen=True, slots=True)
class HostIdentity:
    """Which host a certificate stands for.

    Attributes:
        host_uid: the host's uid.
        serial_hex: the certificate's serial number, 32 lower-case hex digits.
        not_after: until when it holds, UTC.
    """

    host_uid: str
    serial_hex: str
    not_after: datetime


def identity_of(certificate_der: bytes) -> HostIdentity:
    """The host that a certificate names.

    It says nothing about who signed it or whether it is still valid: TLS has seen to that, or `issued_by` does.

    Raises:
        InvalidCertificate: it cannot be read, or is not of the exact form of `Authority.sign_host`.
    """
    if len(certificate_der) > _MOST_BYTES:
        raise InvalidCertificate(f"the certificate has {len(certificate_der)} bytes, more than {_MOST_BYTES}")
    try:
        certificate = x509.load_der_x509_certificate(certificate_der)
        extensions = certificate.extensions
        names = [(attribute.oid, attribute.value) for attribute in certificate.subject]
    except UNREADABLE as error:
        raise InvalidCertificate("the certificate cannot be read") from error
    found: frozenset[x509.ObjectIdentifier] = frozenset(extension.oid for extension in extensions)
    if found != _EXTENSIONS:
        odd = ", ".join(sorted(oid.dotted_string for oid in found ^ _EXTENSIONS))
        raise InvalidCertificate(f"a host's certificate has exactly the extensions of its form; at odds: {odd}")
    if len(names) != 1 or names[0][0] != NameOID.COMMON_NAME:
        raise InvalidCertificate("a host's certificate has a common name and nothing else as its subject")
    uid = names[0][1]
    if not isinstance(uid, str) or not is_uid(uid):
        raise InvalidCertificate(f"the common name {str(uid)[:64]!r} is not the uid of a host")
    alternative = list(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    if alternative != [x509.UniformResourceIdentifier(URN_PREFIX + uid)]:
        raise InvalidCertificate(f"the certificate's only alternative name must be {URN_PREFIX}{uid}")
    uses = list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    if uses != [ExtendedKeyUsageOID.CLIENT_AUTH]:
        raise InvalidCertificate("a host's certificate is for clients and nothing else")
    if extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        raise InvalidCertificate("a host's certificate is not an authority's")
    if extensions.get_extension_for_class(x509.KeyUsage).value != leaf_key_usage():
        raise InvalidCertificate("a host's key signs handshakes and nothing else")
    if not 0 < certificate.serial_number < 1 << _SERIAL_BITS:
        raise InvalidCertificate(f"the serial number of a host's certificate is positive and of {_SERIAL_BITS} bits")
    return HostIdentity(uid, serial_hex(certificate), certificate.not_valid_after_utc)


def serial_of(certificate_der: bytes | None) -> str | None:
    """The serial number of the host's certificate that a connection's other end has proved to hold.

    None where it showed none, or one that is no host's.
    """
    if certificate_der is None:
        return None
    try:
        return identity_of(certificate_der).serial_hex
    except InvalidCertificate:
        return None


def issued_by(certificate_der: bytes, authority_pem: str) -> bool:
    """Whether this authority signed the certificate. It does not look at the clock.

    Raises:
        InvalidCertificate: one of them cannot be read.
    """
    try:
        certificate = x509.load_der_x509_certificate(certificate_der)
        authority = x509.load_pem_x509_certificate(authority_pem.encode())
    except UNREADABLE as error:
        raise InvalidCertificate("a certificate cannot be read") from error
    return signed_by(certificate, authority)


def signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether `authority`'s name and key are those that `certificate` was signed with."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True


def leaf_key_usage() -> x509.KeyUsage:
    """The use of a key in TLS 1.3: it signs the handshake."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def is_uid(text: str) -> bool:
    """Whether a text has the one form in which uids are written here."""
    return _UID.fullmatch(text) is not None


def serial_hex(certificate: x509.Certificate) -> str:
    """A certificate's serial number as 32 lower-case hex digits."""
    return f"{certificate.serial_number:032x}"
