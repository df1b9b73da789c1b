"""The way to the control plane: mutual TLS, several endpoints, a certificate that is renewed in time."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import urllib3
from pydantic import ValidationError

from pextra import agent_protocol as protocol
from pextra.agent.agent import LinkDown
from pextra.agent.home import Home, Identity
from pextra.agent_protocol import SyncAnswer, SyncRequest
from pextra.drivers.interface import Retryable
from pextra.pki.contexts import trusting
from pextra.pki.failures import InvalidToken, PinMismatch
from pextra.pki.join_token import JoinToken
from pextra.pki.pinning import fetch_authority
from pextra.pki.request import new_request
from pextra_client.connections import AttemptFailedError
from pextra_client.credentials import Credentials
from pextra_client.endpoints import EndpointSet
from pextra_client.errors import ClientError
from pextra_client.messages import Request
from pextra_client.retry import RetryPolicy
from pextra_client.transport import Transport

log = logging.getLogger("pextra.agent")

M = TypeVar("M", bound=protocol.Message)
SYNC_TIMEOUT_S: Final = 30.0
_PATIENCE: Final = RetryPolicy(attempts=2)
_PORT: Final = 443


class JoinFailed(Exception):
    """The machine did not join; the message says why and what to do."""


def join(home: Home, token: str, endpoints: Sequence[str], *, hint: str) -> Identity:
    """Become the agent of the token's host.

    The endpoint's certificate is not known yet: it is believed when its authority is the one that the token names. Only
    then is the token shown.

    Args:
        endpoints: the control plane's addresses for agents, `https://…`.
        hint: this machine's name, for the certificate signing request.

    Raises:
        JoinFailed: nothing was kept.
    """
    try:
        parsed = JoinToken.parse(token)
    except InvalidToken as error:
        raise JoinFailed(str(error)) from error
    authority = _authority(endpoints, parsed.authority_fingerprint)
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    trusted = home.path / "joining.pem"
    trusted.write_text(authority)
    try:
        key, request = new_request(hint)
        transport = _transport(endpoints, Credentials(ca=trusted))
        issued = _call(transport, "/join", protocol.JoinRequest(token=token, csr=request), protocol.Certificate)
        return home.keep(issued, key, endpoints)
    except LinkDown as error:
        raise JoinFailed(str(error)) from error
    finally:
        trusted.unlink()


def _authority(endpoints: Sequence[str], fingerprint: str) -> str:
    problems: list[str] = []
    for endpoint in endpoints:
        parts = urlsplit(endpoint)
        if parts.scheme != "https" or not parts.hostname:
            raise JoinFailed(f"{endpoint!r} is not an address such as https://cloud.example.com:8442.")
        try:
            return fetch_authority(parts.hostname, parts.port or _PORT, fingerprint)
        except (OSError, PinMismatch) as error:
            problems.append(f"{endpoint}: {error}")
    raise JoinFailed("; ".join(problems))


class ControlPlane:
    """The link of an agent that has joined.

    Args:
        home: where its identity is kept.

    Raises:
        NotJoined: it has not joined.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self.identity = home.identity()
        self._transport = self._connect()

    def sync(self, request: SyncRequest) -> SyncAnswer:
        """See `agent.Link.sync`."""
        return _call(self._transport, "/sync", request, SyncAnswer)

    def renew(self) -> float:
        """Get the next certificate and use it; tells in how many seconds to do it again.

        Raises:
            LinkDown: there is none; the old one stays good.
        """
        key, request = new_request(self.identity.host)
        issued = _call(self._transport, "/certificate", protocol.CertificateRequest(csr=request), protocol.Certificate)
        self._home.keep_certificate(issued.certificate, key)
        old, self._transport = self._transport, self._connect()
        old.close()
        return issued.renew_after_s

    def content(self, image_uid: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """The answer with what was uploaded of an image, of which nothing has been read yet.

        Raises:
            Retryable: `SourceUnreachable`: no endpoint answers.
        """
        transport, failed = self._transport, ""
        for endpoint in transport.endpoints.urls:
            try:
                return transport.connections.open(
                    endpoint + protocol.content_path(image_uid), headers, connect_s=10.0, silence_s=60.0
                )
            except AttemptFailedError as error:
                failed = f"{endpoint}: {error.reason}"
        raise Retryable("SourceUnreachable", f"the control plane does not answer: {failed}")

    def tls(self) -> ssl.SSLContext:
        """What a connection to the control plane is made with now: the authority, and the newest certificate."""
        context = trusting(self._home.authority.read_text())
        context.load_cert_chain(self._home.credentials)
        return context

    def _connect(self) -> Transport:
        pem: Path = self._home.credentials
        return _transport(self.identity.endpoints, Credentials(ca=self._home.authority, client_cert=(pem, pem)))


def _transport(endpoints: Sequence[str], credentials: Credentials) -> Transport:
    return Transport(EndpointSet(endpoints), credentials, policy=_PATIENCE)


def _call(transport: Transport, path: str, message: protocol.Message, kind: type[M]) -> M:
    """One message and its answer. Every message may be repeated: a report says what is, not what happened.

    Raises:
        LinkDown: there was no answer, or a refusal.
    """
    request = Request(
        method="POST",
        target=f"{protocol.PREFIX}{path}",
        headers={"Content-Type": "application/json"},
        body=message.model_dump_json(exclude_defaults=True).encode(),
        safe=path != "/join",
    )
    try:
        answer = transport.call(request, timeout_s=SYNC_TIMEOUT_S)
        if answer.status != 200:
            raise LinkDown(_refusal(answer.error()))
        return kind.model_validate(answer.json())
    except ClientError as error:
        raise LinkDown(str(error)) from error
    except ValidationError as error:
        raise LinkDown(f"the control plane's answer is not of protocol {protocol.VERSION}: {error}") from error


def _refusal(error: Any) -> str:
    return f"the control plane refuses: {error}"
