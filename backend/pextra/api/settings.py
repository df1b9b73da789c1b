"""What an operator may set of the HTTP face."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pextra.network_lists import LOOPBACK, Network
from pextra.services.password_hashing import HashingSettings
from pextra.services.sessions import LASTING_S

MAX_UPLOAD_BYTES: Final = 64 << 30


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Bounds and addresses of one API process.

    Attributes:
        streams_url: where the stream process answers, as clients reach it; None when there is none.
        max_body_bytes: larger bodies are refused unread.
        trusted_proxies: networks (`10.0.0.0/8`) of proxies whose `X-Forwarded-For` tells who called them.
        operator_networks: from where metrics and lags may be asked for.
        max_waits: how many `?wait=` requests may hold a thread at a time; more are told to come back.
        max_upload_bytes: the largest image that may be uploaded.
        max_piece_bytes: how much of one a single request may bring.
        session_s: how long a login lasts.
        hashing: what a password's hash costs, and how many are made at once.
        max_uploads: how many requests may bring some at a time; more are told to come back.
    """

    streams_url: str | None = None
    max_body_bytes: int = 1 << 20
    max_waits: int = 8
    max_upload_bytes: int = MAX_UPLOAD_BYTES
    max_piece_bytes: int = 64 << 20
    max_uploads: int = 8
    session_s: int = LASTING_S
    hashing: HashingSettings = field(default_factory=HashingSettings)
    trusted_proxies: tuple[Network, ...] = ()
    operator_networks: tuple[Network, ...] = LOOPBACK
