"""The control plane's certificate authority: it signs hosts, which are clients, and the endpoint that they speak to."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pextra.pki.failures import UNREADABLE, InvalidAuthority
from pextra.pki.fingerprint import fingerprint_of
from pextra.pki.identity import URN_PREFIX, is_uid, leaf_key_usage, serial_hex, signed_by
from pextra.pki.request import AcceptedKey, accepted_key

AUTHORITY_LIFETIME: Final = timedelta(days=3653)
# A host whose clock is a little behind must be able to use what it was just given.
CLOCK_SKEW: Final = timedelta(minutes=5)
_LONGEST_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that was signed for a host.

    Attributes:
        certificate_pem: the certificate alone.
        serial_hex: its serial number, 32 lower-case hex digits.
        not_after: until when it holds, UTC, to the second.
    """

    certificate_pem: str
    serial_hex: str
    not_after: datetime


@dataclass(frozen=True, slots=True)
class ServerCredentials:
    """What the agents' endpoint serves TLS with.

    Attributes:
        chain_pem: its certificate and then the authority's, so that a host that joins can be shown both.
        key_pem: its private key, PKCS 8, not encrypted.
        serial_hex: the certificate's serial number, 32 lower-case hex digits.
        not_after: until when it holds, UTC, to the second.
    """

    chain_pem: str
    key_pem: str = field(repr=False)
    serial_hex: str
    not_after: datetime


class Authority:
    """A key that hosts trust, and what may be signed with it. ECDSA on P-256, one level deep, valid for ten years."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @classmethod
    def create(cls, name: str, now: datetime) -> Authority:
        """A new authority with a new key.

        Args:
            name: its common name, for people; 1 to 64 bytes in UTF-8.
            now: the present, with its zone.
        """
        if not 1 <= len(name.encode()) <= _LONGEST_NAME:
            raise ValueError(f"an authority's name has 1 to {_LONGEST_NAME} bytes in UTF-8, not {len(name.encode())}")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _common_name(name)
        begin = _whole_seconds(now)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(_new_serial())
            .not_valid_before(begin - CLOCK_SKEW)
            .not_valid_after(begin + AUTHORITY_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_signing_key_usage(), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    @classmethod
    def load(cls, certificate_pem: str, key_pem: str) -> Authority:
        """The authority that was stored.

        Raises:
            InvalidAuthority: one of the two cannot be read, they do not belong together, or the certificate is not that
                of an authority of this form.
        """
        try:
            certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
            key = serialization.load_pem_private_key(key_pem.encode(), password=None)
            constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        except UNREADABLE as error:
            raise InvalidAuthority("the authority's certificate or key cannot be read") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise InvalidAuthority("the authority's key is not the one that its certificate names")
        if not constraints.ca or constraints.path_length != 0 or not signed_by(certificate, certificate):
            raise InvalidAuthority("the certificate is not a self-signed authority's of path length 0")
        return cls(certificate, key)

    def __repr__(self) -> str:
        return f"Authority(fingerprint={self.fingerprint!r})"

    @property
    def certificate_pem(self) -> str:
        """The authority's own certificate; public."""
        return _pem(self._certificate)

    def key_pem(self) -> str:
        """The private key, PKCS 8, not encrypted: whoever holds it is every host."""
        return _key_pem(self._key)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's public key, 64 hex digits: what join tokens pin."""
        return fingerprint_of(self._certificate)

    @property
    def not_after(self) -> datetime:
        """Until when the authority's own certificate holds, UTC."""
        return self._certificate.not_valid_after_utc

    def sign_host(self, csr_pem: str, host_uid: str, now: datetime, lifetime: timedelta) -> Issued:
        """Sign a certificate with which a host is a client, and nothing else.

        Of the request only the key is used: what it asks for in names and extensions is not even read.

        Args:
            csr_pem: the host's request (PKCS 10).
            host_uid: the host that the caller has found this request to come from.
            now: the present, with its zone.
            lifetime: how long it shall hold; it never outlives the authority.

        Raises:
            InvalidRequest: the request is broken, its signature is not by its own key, or that key is too weak.
            InvalidAuthority: the authority's own certificate is past its end.
        """
        if not is_uid(host_uid):
            raise ValueError(f"{host_uid!r} is not a uid")
        key = accepted_key(csr_pem)
        certificate = self._sign(
            key,
            subject=_common_name(host_uid),
            alternative=[x509.UniformResourceIdentifier(URN_PREFIX + host_uid)],
            use=ExtendedKeyUsageOID.CLIENT_AUTH,
            now=now,
            lifetime=lifetime,
        )
        return Issued(_pem(certificate), serial_hex(certificate), certificate.not_valid_after_utc)

    def sign_server(self, names: Sequence[str], now: datetime, lifetime: timedelta) -> ServerCredentials:
        """A new key for the endpoint that hosts speak to, and its certificate, with which it is a server only.

        Args:
            names: the DNS names and IP addresses (v4 or v6) under which hosts reach it; at least one.
            now: the present, with its zone.
            lifetime: how long it shall hold; it never outlives the authority.

        Raises:
            InvalidAuthority: the authority's own certificate is past its end.
        """
        if not names:
            raise ValueError("a server's certificate needs at least one name")
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(
            key.public_key(),
            # A DNS name may be longer than a common name can be; who checks names looks at the alternative ones.
            subject=_common_name("pextra agents' endpoint"),
            alternative=[_alternative(name) for name in names],
            use=ExtendedKeyUsageOID.SERVER_AUTH,
            now=now,
            lifetime=lifetime,
        )
        return ServerCredentials(
            chain_pem=_pem(certificate) + self.certificate_pem,
            key_pem=_key_pem(key),
            serial_hex=serial_hex(certificate),
            not_after=certificate.not_valid_after_utc,
        )

    def _sign(
        self,
        key: AcceptedKey,
        *,
        subject: x509.Name,
        alternative: list[x509.GeneralName],
        use: x509.ObjectIdentifier,
        now: datetime,
        lifetime: timedelta,
    ) -> x509.Certificate:
        begin = _whole_seconds(now)
        if lifetime <= timedelta(0):
            raise ValueError(f"a certificate cannot hold for {lifetime}")
        if begin >= self.not_after:
            raise InvalidAuthority(f"the authority ended at {self.not_after:%Y-%m-%d}: make a new one and join again")
        own_id = self._certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._certificate.subject)
            .public_key(key)
            .serial_number(_new_serial())
            .not_valid_before(max(begin - CLOCK_SKEW, self._certificate.not_valid_before_utc))
            .not_valid_after(min(_whole_seconds(now + lifetime), self.not_after))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(leaf_key_usage(), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=True)
            .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own_id),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )


def _common_name(value: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, value)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _new_serial() -> int:
    # RFC 5280 section 4.1.2.2 forbids zero.
    return 1 + secrets.randbelow((1 << 128) - 1)


def _whole_seconds(moment: datetime) -> datetime:
    # X.509 has no fractions; what is told must be what is signed.
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.astimezone(UTC).replace(microsecond=0)


def _signing_key_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
