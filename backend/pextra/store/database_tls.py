"""Whether the way to the database can be listened to, or leads to whoever says to be it.

libpq's own default (`sslmode=prefer`) speaks TLS if the other end offers it, believes any certificate, and goes on in
clear text otherwise: everything that is stored can be read and changed on the way.

Source: PostgreSQL's documentation, sections 34.1.2 (parameters), 34.15 (environment) and 34.19 (SSL support).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Final

from sqlalchemy import URL

INSECURE: Final = "PEXTRA_DATABASE_INSECURE"
"""The environment variable that allows, as `1`, a database that is reached without a verified certificate."""
_VERIFIED: Final = frozenset({"verify-full", "verify-ca"})


class DatabaseUnprotected(ValueError):
    """The URL leads to another machine without a verified certificate; the message says what to write."""


def check_protected(url: URL, environment: Mapping[str, str] | None = None) -> None:
    """Refuse a database on another machine whose certificate would not be verified.

    Args:
        url: of the database; one within this process needs nothing.
        environment: ours, in which libpq looks for what the URL does not say.

    Raises:
        DatabaseUnprotected: it would not be, and nobody said that this is wanted.
    """
    given = os.environ if environment is None else environment
    if url.get_backend_name() == "sqlite" or given.get(INSECURE) == "1":
        return
    far = [host for host in _hosts(url, given) if not _is_here(host)]
    mode = _last(url.query.get("sslmode")) or given.get("PGSSLMODE", "")
    if far and mode not in _VERIFIED:
        raise DatabaseUnprotected(
            f"The database at {far[0][:80]} is on another machine, and with sslmode={mode[:20] or 'prefer'} its "
            "certificate is not verified: add ?sslmode=verify-full&sslrootcert=/path/to/authority.pem to its URL "
            f"(sslrootcert=system believes the system's authorities), or set {INSECURE}=1 where the network is trusted "
            "with every secret of the cloud."
        )


def _hosts(url: URL, environment: Mapping[str, str]) -> Iterable[str]:
    """Wherever libpq might connect to; nothing is its own socket on this machine."""
    found = [url.host or ""]
    for name in ("host", "hostaddr"):
        value = url.query.get(name, ())
        found += [value] if isinstance(value, str) else value
    if not any(found):
        found = [environment.get("PGHOST", ""), environment.get("PGHOSTADDR", "")]
    if "service" in url.query or "PGSERVICE" in environment:
        found.append("what a service file names")
    for each in ",".join(found).split(","):
        yield each.strip()


def _is_here(host: str) -> bool:
    name, _, port = host.rpartition(":")
    bare = name if port.isdigit() and name and ":" not in name else host
    bare = bare.strip("[]")
    if not bare or bare.startswith(("/", "@")) or bare == "localhost":
        return True
    try:
        return ip_address(bare).is_loopback
    except ValueError:
        return False


def _last(value: str | tuple[str, ...] | None) -> str:
    return value if isinstance(value, str) else value[-1] if value else ""
