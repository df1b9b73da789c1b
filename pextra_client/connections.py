"""One exchange with one endpoint: connection pool, TLS, redirects, and what a failure means."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from pextra_client.credentials import Credentials
from pextra_client.endpoints import origin
from pextra_client.errors import TransportError
from pextra_client.messages import Answer, Request
from pextra_client.version import VERSION

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REDIRECTS_OF_WRITES = frozenset({307, 308})
_LONGEST_REDIRECT_CHAIN = 3


class AttemptFailedError(Exception):
    """An endpoint gave no answer that can be used.

    Args:
        reason: for people.
        sent: whether the request may have reached a server.
        permanent: whether trying this endpoint again cannot help.
    """

    def __init__(self, reason: str, *, sent: bool, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.permanent = permanent


class Connections:
    """A pool of connections that shows the token to the configured endpoints only.

    Args:
        urls: the endpoints.
        credentials: what to show and to trust.
    """

    def __init__(self, urls: tuple[str, ...], credentials: Credentials) -> None:
        self._headers = {"User-Agent": f"pextra-client/{VERSION}", **credentials.headers()}
        self._trusted = {origin(url) for url in urls}
        self._pool = urllib3.PoolManager(num_pools=2 * len(urls) + 2, maxsize=8, ssl_context=credentials.tls())

    def close(self) -> None:
        """Closes every idle connection."""
        self._pool.clear()

    def send(self, base: str, request: Request, *, connect_s: float, answer_s: float) -> Answer:
        """Sends a request once, following redirects among the endpoints.

        Args:
            base: the endpoint's URL.
            request: what to send.
            connect_s: bound for making the connection.
            answer_s: bound for the answer.

        Raises:
            AttemptFailedError: there was no complete answer.
            TransportError: the endpoint redirects to a stranger.
        """
        url = base + request.target
        for _ in range(_LONGEST_REDIRECT_CHAIN + 1):
            answer = self._exchange(url, request, connect_s, answer_s)
            location = answer.headers.get("location")
            followable = _REDIRECTS if request.method in {"GET", "HEAD"} else _REDIRECTS_OF_WRITES
            if location is None or answer.status not in followable:
                return answer
            url = urljoin(url, location)
            scheme, host, port = origin(url)
            if (scheme, host, port) not in self._trusted:
                raise TransportError(
                    f"{base} redirects to {scheme}://{host}:{port}, which is not a configured endpoint; "
                    "the token was not sent there"
                )
        raise TransportError(f"{base} redirects in a circle")

    def open(
        self, url: str, headers: Mapping[str, str], *, connect_s: float, silence_s: float
    ) -> urllib3.BaseHTTPResponse:
        """Begins one GET whose body is read as it arrives. No redirect is followed.

        The caller has made sure that `url` may be shown the token.

        Args:
            url: absolute.
            headers: besides authorisation and agent.
            connect_s: bound for making the connection.
            silence_s: bound for the silence before the answer and between its parts.

        Raises:
            AttemptFailedError: no connection, or it broke before the answer began.
        """
        try:
            return self._pool.request(
                "GET",
                url,
                headers={**self._headers, **headers},
                timeout=urllib3.Timeout(connect=connect_s, read=silence_s),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except HTTPError as error:
            raise _failure(error) from error

    def _exchange(self, url: str, request: Request, connect_s: float, answer_s: float) -> Answer:
        try:
            response = self._pool.request(
                request.method,
                url,
                body=request.body,
                headers={**self._headers, **request.headers},
                timeout=urllib3.Timeout(connect=connect_s, read=answer_s),
                retries=False,
                redirect=False,
            )
        except HTTPError as error:
            raise _failure(error) from error
        return complete(response)


def complete(response: urllib3.BaseHTTPResponse) -> Answer:
    """The whole of an answer that has begun.

    Raises:
        AttemptFailedError: the connection broke before its end.
    """
    try:
        body = response.data
    except HTTPError as error:
        raise _failure(error) from error
    return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, body)


def _failure(error: HTTPError) -> AttemptFailedError:
    """What a failed exchange means: whether anything was sent, and whether it can get better."""
    if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
        return AttemptFailedError("no connection within the time limit", sent=False)
    if isinstance(error, NewConnectionError):
        return AttemptFailedError(_cause(error), sent=False)
    if isinstance(error, ReadTimeoutError):
        return AttemptFailedError("no answer within the time limit", sent=True)
    if isinstance(error, SSLError):
        unverified = "CERTIFICATE_VERIFY_FAILED" in str(error)
        return AttemptFailedError(f"TLS: {error}", sent=not unverified, permanent=unverified)
    return AttemptFailedError(_cause(error), sent=True)


def _cause(error: HTTPError) -> str:
    """A failure in few words, without urllib3's object addresses."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return str(error).split(">: ")[-1].split("): ", 1)[-1]
