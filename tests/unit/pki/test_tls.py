"""Whom the two ends of a connection believe: every claim is a real handshake."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pextra.pki.authority import Authority
from pextra.pki.contexts import requiring_hosts, trusting
from pextra.pki.failures import PinMismatch
from pextra.pki.identity import identity_of
from pextra.pki.pinning import fetch_authority
from pextra.pki.request import new_request
from tests.unit.pki.handshakes import handshake, loaded, serving

HOST = "01a00000-0000-7000-8000-000000000001"
NAME = "agents.example.test"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("cloud", NOW)


@pytest.fixture(scope="module")
def stranger() -> Authority:
    """An authority of the same name with another key."""
    return Authority.create("cloud", NOW)


def endpoint(authority: Authority, *, signer: Authority | None = None, joining: bool = False) -> ssl.SSLContext:
    credentials = (signer or authority).sign_server([NAME, "127.0.0.1", "::1"], NOW, DAY)
    return loaded(
        requiring_hosts(authority.certificate_pem, joining=joining), credentials.chain_pem, credentials.key_pem
    )


def host(authority: Authority, *, signer: Authority | None = None, now: datetime = NOW) -> ssl.SSLContext:
    key_pem, csr_pem = new_request("node-1")
    issued = (signer or authority).sign_host(csr_pem, HOST, now, DAY)
    return loaded(trusting(authority.certificate_pem), issued.certificate_pem, key_pem)


@pytest.mark.parametrize("name", [NAME, "127.0.0.1", "::1"])
def test_a_host_is_believed_and_known_by_its_uid_under_each_name_of_the_endpoint(
    authority: Authority, name: str
) -> None:
    met = handshake(endpoint(authority), host(authority), name)
    assert met.succeeded, met
    assert met.client_certificate is not None
    assert identity_of(met.client_certificate).host_uid == HOST


def test_an_endpoint_called_by_a_name_that_it_was_not_given_is_refused_by_the_host(authority: Authority) -> None:
    met = handshake(endpoint(authority), host(authority), "other.example.test")
    assert isinstance(met.client_error, ssl.SSLCertVerificationError)


def test_a_host_of_another_authority_of_the_same_name_is_refused(authority: Authority, stranger: Authority) -> None:
    met = handshake(endpoint(authority), host(authority, signer=stranger), NAME)
    assert isinstance(met.server_error, ssl.SSLCertVerificationError)
    assert met.client_certificate is None
    assert met.client_error is not None


def test_an_endpoint_of_another_authority_is_refused_by_the_host(authority: Authority, stranger: Authority) -> None:
    met = handshake(endpoint(authority, signer=stranger), host(authority), NAME)
    assert isinstance(met.client_error, ssl.SSLCertVerificationError)


def test_a_host_without_certificate_gets_in_only_where_it_may_join(authority: Authority) -> None:
    bare = trusting(authority.certificate_pem)
    assert handshake(endpoint(authority), bare, NAME).server_error is not None
    met = handshake(endpoint(authority, joining=True), bare, NAME)
    assert met.succeeded, met
    assert met.client_certificate is None


def test_where_hosts_may_join_a_certificate_of_another_authority_is_still_refused(
    authority: Authority, stranger: Authority
) -> None:
    met = handshake(endpoint(authority, joining=True), host(authority, signer=stranger), NAME)
    assert isinstance(met.server_error, ssl.SSLCertVerificationError)


@pytest.mark.parametrize("shift", [-2 * DAY, 2 * DAY], ids=["expired", "not yet valid"])
def test_a_host_outside_of_its_certificates_days_is_refused(authority: Authority, shift: timedelta) -> None:
    old = Authority.create("cloud", NOW - 9 * DAY)
    assert handshake(endpoint(old), host(old), NAME).succeeded
    met = handshake(endpoint(old), host(old, now=NOW + shift), NAME)
    assert isinstance(met.server_error, ssl.SSLCertVerificationError)


def test_the_certificate_of_a_host_cannot_serve(authority: Authority) -> None:
    key_pem, csr_pem = new_request("node-1")
    issued = authority.sign_host(csr_pem, HOST, NOW, DAY)
    impostor = loaded(requiring_hosts(authority.certificate_pem), issued.certificate_pem, key_pem)
    client = host(authority)
    # Even a client that takes any name: what it refuses is the use.
    client.check_hostname = False
    met = handshake(impostor, client, NAME)
    assert isinstance(met.client_error, ssl.SSLCertVerificationError)
    assert "purpose" in str(met.client_error)


def test_the_certificate_of_the_endpoint_cannot_be_a_client(authority: Authority) -> None:
    credentials = authority.sign_server([NAME], NOW, DAY)
    impostor = loaded(trusting(authority.certificate_pem), credentials.chain_pem, credentials.key_pem)
    met = handshake(endpoint(authority), impostor, NAME)
    assert isinstance(met.server_error, ssl.SSLCertVerificationError)
    assert "purpose" in str(met.server_error)


def test_a_host_cannot_sign_other_hosts(authority: Authority) -> None:
    """The chain is right but for its middle, which is a host's certificate."""
    key_pem, csr_pem = new_request("node-1")
    issued = authority.sign_host(csr_pem, HOST, NOW, DAY)
    key = load_pem_private_key(key_pem.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    middle = Authority(x509.load_pem_x509_certificate(issued.certificate_pem.encode()), key)
    own_key, own_csr = new_request("node-2")
    forged = middle.sign_host(own_csr, HOST, NOW, DAY)
    client = loaded(trusting(authority.certificate_pem), forged.certificate_pem + issued.certificate_pem, own_key)
    met = handshake(endpoint(authority), client, NAME)
    assert isinstance(met.server_error, ssl.SSLCertVerificationError)


def test_older_tls_is_refused(authority: Authority) -> None:
    client = host(authority)
    client.minimum_version = ssl.TLSVersion.TLSv1_2
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    assert not handshake(endpoint(authority), client, NAME).succeeded


def test_the_pinned_authority_is_fetched_and_then_believed(authority: Authority) -> None:
    with serving(endpoint(authority, joining=True)) as port:
        fetched = fetch_authority("127.0.0.1", port, authority.fingerprint)
    assert fetched == authority.certificate_pem
    assert handshake(endpoint(authority, joining=True), trusting(fetched), NAME).succeeded


def test_another_authority_than_the_pinned_one_is_not_fetched(authority: Authority, stranger: Authority) -> None:
    with (
        serving(endpoint(stranger, joining=True)) as port,
        pytest.raises(PinMismatch, match=authority.fingerprint),
    ):
        fetch_authority("127.0.0.1", port, authority.fingerprint)


def test_who_replays_the_public_authority_certificate_is_fetched_from_but_not_believed(
    authority: Authority, stranger: Authority
) -> None:
    """The pin guards the certificate, not the connection: the second connection is what finds the impostor."""
    own = stranger.sign_server([NAME], NOW, DAY)
    impostor = loaded(
        requiring_hosts(stranger.certificate_pem, joining=True), own.chain_pem + authority.certificate_pem, own.key_pem
    )
    with serving(impostor) as port:
        fetched = fetch_authority("127.0.0.1", port, authority.fingerprint)
    assert isinstance(handshake(impostor, trusting(fetched), NAME).client_error, ssl.SSLCertVerificationError)


def test_what_does_not_speak_tls_is_a_mismatch(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            plain, _ = listening.accept()
            with plain:
                plain.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                plain.recv(4096)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(PinMismatch, match="TLS"):
            fetch_authority("127.0.0.1", listening.getsockname()[1], authority.fingerprint)
        thread.join(30)


def test_a_silent_server_does_not_hold_a_host_that_joins(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(TimeoutError):
        fetch_authority("127.0.0.1", listening.getsockname()[1], authority.fingerprint, timeout_s=0.2)
