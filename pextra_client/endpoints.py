"""Which of several endpoints to ask next: the last good one, and another when it fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pextra_client.errors import ConfigError

_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL: what a token may be sent to.

    Raises:
        ConfigError: it is not an http or https URL with a host.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{url!r} is not a URL: {error}") from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ConfigError(f"{url!r} is not an endpoint: write http(s)://host[:port]")
    return parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme]


@dataclass(slots=True, eq=False)
class Endpoint:
    """One server address and what is known of its health.

    Args:
        url: without a trailing slash.
        failures: in a row, since it last answered.
        not_before: on the set's clock; until then another is preferred.
    """

    url: str
    failures: int = 0
    not_before: float = 0.0


class EndpointSet:
    """Several addresses of one API, shared by the threads of a client.

    Calls stick to the endpoint that answered last, so that a client's reads meet warm caches and one
    connection; an endpoint that failed rests for a while, and the next in order takes over at once.

    Args:
        urls: at least one `http(s)://host[:port]`.
        clock: monotonic seconds.

    Raises:
        ConfigError: there is none, or one is not a URL.
    """

    def __init__(self, urls: Sequence[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        if not urls:
            raise ConfigError("no endpoint is configured: log in, or set PEXTRA_ENDPOINT")
        self._endpoints = [Endpoint(url.strip().rstrip("/")) for url in urls]
        for endpoint in self._endpoints:
            origin(endpoint.url)
        self._clock = clock
        self._current = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._endpoints)

    @property
    def urls(self) -> tuple[str, ...]:
        """Every address, in the order given."""
        return tuple(endpoint.url for endpoint in self._endpoints)

    def choose(self, excluding: Collection[str] = ()) -> tuple[Endpoint, float] | None:
        """The endpoint to ask, and the seconds to wait before; None when all are excluded."""
        with self._lock:
            count = len(self._endpoints)
            order = [self._endpoints[(self._current + step) % count] for step in range(count)]
            usable = [endpoint for endpoint in order if endpoint.url not in excluding]
            if not usable:
                return None
            now = self._clock()
            rested = next((endpoint for endpoint in usable if endpoint.not_before <= now), None)
            if rested is not None:
                return rested, 0.0
            soonest = min(usable, key=lambda endpoint: endpoint.not_before)
            return soonest, soonest.not_before - now

    def succeeded(self, endpoint: Endpoint) -> None:
        """Makes this the endpoint that is asked first."""
        with self._lock:
            endpoint.failures = 0
            endpoint.not_before = 0.0
            self._current = self._endpoints.index(endpoint)

    def failed(self, endpoint: Endpoint, delay_s: Callable[[int], float]) -> None:
        """Lets an endpoint rest; `delay_s` is given its failures in a row."""
        with self._lock:
            endpoint.failures += 1
            endpoint.not_before = self._clock() + delay_s(endpoint.failures)
