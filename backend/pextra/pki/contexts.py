"""TLS between hosts and the control plane: 1.3 only, both sides with certificates of the one authority."""

from __future__ import annotations

import ssl


def trusting(authority_pem: str) -> ssl.SSLContext:
    """A host's side: it believes servers of this authority alone, under the name that they were called by.

    The caller loads the host's own certificate, once it has one (`load_cert_chain`).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _strict(context, authority_pem)


def requiring_hosts(authority_pem: str, *, joining: bool = False) -> ssl.SSLContext:
    """The endpoint's side: it takes connections from clients of this authority alone.

    The caller loads the endpoint's certificate (`load_cert_chain` with `ServerCredentials.chain_pem`), and asks
    `identity_of` about the peer's.

    Args:
        authority_pem: the authority's certificate.
        joining: also take connections without any client certificate, as hosts that join have none yet. One that is
            shown must still be of this authority.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_OPTIONAL if joining else ssl.CERT_REQUIRED
    without_tickets(context)
    return _strict(context, authority_pem)


def without_tickets(context: ssl.SSLContext) -> None:
    """Have a server issue no session tickets: nobody resumes, and a client may lose its first words over them.

    A ticket arrives when the client begins to speak. A client that reads and writes in two threads then has both in
    OpenSSL at once, which Python guards against only since 3.13.1.
    """
    context.num_tickets = 0


def _strict(context: ssl.SSLContext, authority_pem: str) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=authority_pem)
    return context
