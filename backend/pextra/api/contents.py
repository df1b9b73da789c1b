"""Sending large files that never change: from any byte on, and to a few at a time."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from flask import Response, request
from werkzeug.wsgi import wrap_file

BLOCK_BYTES: Final = 1 << 18
STALL_S: Final = 60.0
"""A connection on which nothing moves for so long ends, so that its place is free for others."""


def bound_stalls() -> socket.socket | None:
    """Have the present request's connection end when nothing moves on it; tells the connection, under gunicorn."""
    connection: socket.socket | None = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(STALL_S)
    return connection


def send(path: Path, tag: str, leave: Callable[[], None]) -> Response:
    """Send the file, or what the request's `Range` asks for of it.

    Args:
        path: of a file that never changes.
        tag: the file's `ETag`.
        leave: gives back the place that was taken for it, when the file is sent or cannot be.
    """
    try:
        file = path.open("rb")
    except BaseException:
        leave()
        raise
    size = path.stat().st_size
    response = Response(
        wrap_file(request.environ, file, BLOCK_BYTES), mimetype="application/octet-stream", direct_passthrough=True
    )
    response.content_length = size
    response.set_etag(tag)
    response.call_on_close(file.close)
    response.call_on_close(leave)
    connection = bound_stalls()
    if connection is not None:
        response.call_on_close(lambda: connection.settimeout(None))
    response.make_conditional(request, accept_ranges=True, complete_length=size)
    return response
