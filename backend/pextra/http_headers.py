"""The headers that tell browsers how little an answer of ours may do. Pure; for all that answers HTTP.

Source: RFC 6797 (HSTS), Content Security Policy Level 3, Fetch (`Cross-Origin-Resource-Policy`, `nosniff`).
"""

from __future__ import annotations

from typing import Final, Protocol

HSTS: Final = "max-age=31536000"
"""One year, of this host name only: what else the operator has below it is not ours to say."""
NOTHING: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""What an answer that is no page may do when a browser shows it as one."""


class Headers(Protocol):
    """Headers of an answer, of whichever library."""

    def __setitem__(self, key: str, value: str, /) -> None: ...

    def __contains__(self, key: str, /) -> bool: ...


def restrict(headers: Headers, *, tls: bool) -> None:
    """Add to an answer's headers; a policy that is there already stays, for pages have their own.

    Args:
        tls: the answer goes over TLS: browsers are told to come that way only, from now on.
    """
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Referrer-Policy"] = "no-referrer"
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = NOTHING
    if tls:
        headers["Strict-Transport-Security"] = HSTS
