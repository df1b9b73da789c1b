"""What an operator may set of the HTTP face."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Bounds and addresses of one API process.

    Attributes:
        streams_url: where the stream process answers, as clients reach it; None when there is none.
        max_body_bytes: larger bodies are refused unread.
        max_waits: how many `?wait=` requests may hold a thread at a time; more are told to come back.
    """

    streams_url: str | None = None
    max_body_bytes: int = 1 << 20
    max_waits: int = 8
