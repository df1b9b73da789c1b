"""Certificates by which the daemons of a lab know each other: members serve, and are each other's clients."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFETIME = timedelta(days=1)
AUTHORITY = "authority.pem"


def issue(folder: Path, names: Iterable[str]) -> None:
    """Write an authority's certificate, and for each name `NAME-key.pem` and `NAME.pem`."""
    key, mine = ec.generate_private_key(ec.SECP256R1()), _name("lab")
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    made = _begun(mine, mine, key.public_key()).add_extension(constraints, critical=True).sign(key, hashes.SHA256())
    _write(folder / AUTHORITY, made)
    for name in names:
        own = ec.generate_private_key(ec.SECP256R1())
        file = folder / f"{name}-key.pem"
        file.touch(mode=0o600)
        file.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        _write(folder / f"{name}.pem", _begun(_name(name), mine, own.public_key()).sign(key, hashes.SHA256()))


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(), now - timedelta(minutes=5), now + LIFETIME
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _write(file: Path, certificate: x509.Certificate) -> None:
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
