"""How a host that knows only a fingerprint comes to the authority's certificate."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Sequence
from typing import Any, Final, cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from pextra.pki.failures import UNREADABLE, PinMismatch
from pextra.pki.fingerprint import fingerprint_of, is_fingerprint
from pextra.pki.identity import signed_by

_LONGEST_CHAIN: Final = 10
_DER: Final = 2  # _ssl.ENCODING_DER


def fetch_authority(host: str, port: int, fingerprint: str, *, timeout_s: float = 10) -> str:
    """The certificate (PEM) of the authority with this fingerprint, as the server at an address presents it.

    Only the certificate is believed, not the connection that it came over: nothing is said over that one, and it is
    closed. Anyone may show the certificate, which is public; so connect again with `contexts.trusting`.

    Args:
        host: name or address.
        port: TCP port.
        fingerprint: as in the join token.
        timeout_s: for the connection and for each step of the handshake.

    Raises:
        PinMismatch: no certificate in the chain is that authority's, or what answers does not speak TLS 1.3.
        OSError: the server could not be reached, or not in time.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((host, port), timeout=timeout_s) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=host) as wrapped:
                chain = _presented(wrapped)
        except ssl.SSLError as error:
            raise PinMismatch(f"{host} port {port} does not complete a TLS 1.3 handshake: {error.reason}") from error
    return authority_in(chain, fingerprint)


def authority_in(chain_der: Sequence[bytes], fingerprint: str) -> str:
    """The one certificate (PEM) in a chain that is an authority's with this fingerprint.

    It must be signed by its own key: the fingerprint names only the key, so that a stranger could otherwise dress it up
    with other names and dates.

    Raises:
        PinMismatch: there is none.
    """
    if not is_fingerprint(fingerprint):
        raise ValueError(f"{fingerprint[:80]!r} is not a fingerprint")
    for der in chain_der[:_LONGEST_CHAIN]:
        try:
            certificate = x509.load_der_x509_certificate(der)
            constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
            if constraints.ca and fingerprint_of(certificate) == fingerprint and signed_by(certificate, certificate):
                return certificate.public_bytes(serialization.Encoding.PEM).decode()
        except UNREADABLE:
            continue
    raise PinMismatch(
        f"the server shows no authority with the fingerprint {fingerprint}: it is another cloud's, or someone stands "
        "in between; check the address, and make a new join token if the authority was replaced"
    )


def _presented(wrapped: ssl.SSLSocket) -> list[bytes]:
    connection = cast("Any", wrapped)
    if sys.version_info >= (3, 13):
        return list(connection.get_unverified_chain())
    # Before Python 3.13 the chain is there, but only inside.
    chain: list[Any] = connection._sslobj.get_unverified_chain() or []  # noqa: SLF001
    return [certificate.public_bytes(_DER) for certificate in chain]
