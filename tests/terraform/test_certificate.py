"""The certificate of the provider's socket, as a library reads it that knows them all."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from terraform_provider_pextra.certificate import self_signed

_NOW = datetime(2026, 5, 17, 12, 30, 15, tzinfo=UTC)


def test_it_says_who_and_how_long_and_is_signed_with_its_own_key() -> None:
    key_pem, pem, der = self_signed("localhost", _NOW)
    found = x509.load_der_x509_certificate(der)
    assert found == x509.load_pem_x509_certificate(pem)
    found.verify_directly_issued_by(found)
    assert found.version is x509.Version.v3
    assert found.subject.rfc4514_string() == "CN=localhost"
    assert (found.not_valid_before_utc, found.not_valid_after_utc) == (
        _NOW - timedelta(minutes=1),
        _NOW + timedelta(days=7),
    )
    constraints = found.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca) == (True, True)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    key = load_pem_private_key(key_pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == found.public_key()


def test_each_has_a_key_and_a_number_of_its_own_whatever_chance_brings() -> None:
    found = [x509.load_der_x509_certificate(self_signed("localhost", _NOW)[2]) for _ in range(300)]
    assert len({each.serial_number for each in found}) == 300
    assert len({each.signature for each in found}) == 300


def test_whoever_trusts_it_speaks_to_its_owner(tmp_path: Path) -> None:
    key_pem, pem, _ = self_signed("localhost", datetime.now(UTC))
    kept = tmp_path / "pair.pem"
    kept.write_bytes(key_pem + pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(kept)
    trusting = ssl.create_default_context(cadata=pem.decode())
    here, there = socket.socketpair()

    def serve() -> None:
        with serving.wrap_socket(there, server_side=True) as accepted:
            accepted.sendall(b"hello")

    server = threading.Thread(target=serve)
    server.start()
    with trusting.wrap_socket(here, server_hostname="localhost") as opened:
        assert opened.recv(5) == b"hello"
    server.join(timeout=10)
    assert not server.is_alive()
