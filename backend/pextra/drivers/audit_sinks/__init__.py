"""Where the audit log is forwarded to: a syslog receiver, or a file of JSON lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit


class SinkRefused(Exception):
    """The address of a sink makes no sense; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Message:
    """An entry on its way out.

    Attributes:
        body: its canonical JSON.
        at: when it was made, RFC 3339.
        refused: whether it tells of a refusal.
        message_id: the action, for receivers to sort by.
    """

    body: str
    at: str
    refused: bool
    message_id: str


class Sink(Protocol):
    """Takes entries; what was taken may be lost only with the receiver itself."""

    def deliver(self, messages: Sequence[Message]) -> None:
        """Hand the messages over, in order; again, after a failure, they may arrive twice.

        Raises:
            Retryable: the receiver is away.
        """
        ...

    def close(self) -> None:
        """Let go of the receiver; a later delivery reaches it anew."""
        ...


def sink_at(address: str) -> Sink:
    """The sink at `tcp://host:port`, `tls://host:port`, `udp://host:port` or `file:///path`.

    Raises:
        SinkRefused: the address is none of these.
    """
    from pextra.drivers.audit_sinks.lines import LinesSink  # noqa: PLC0415 - they need what stands above
    from pextra.drivers.audit_sinks.syslog import SyslogSink  # noqa: PLC0415

    try:
        parts = urlsplit(address)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError as error:
        raise SinkRefused(f"--audit-to {address}: {error}") from error
    if scheme == "file" and parts.path and not host:
        return LinesSink(Path(parts.path))
    if scheme in ("tcp", "tls", "udp") and host and port:
        return SyslogSink(scheme, host, port)
    raise SinkRefused(f"--audit-to takes tcp://HOST:PORT, tls://…, udp://… or file:///PATH, not {address!r}.")
