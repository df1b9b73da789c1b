"""What the kernel is asked to do for long-lived connections."""

from __future__ import annotations

import socket
from typing import Any, Final

from websockets.asyncio.connection import Connection

_KEEPALIVE: Final = ((socket.TCP_KEEPIDLE, 20), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))
_BUFFER_BYTES: Final = 1 << 17


def keep_alive(connection: Connection) -> None:
    """Notice within a minute that the other side has gone without a word.

    Websocket pings of ours would wait behind what a slow reader has not read yet.
    """
    connected = _socket(connection)
    if connected is None:
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, seconds in _KEEPALIVE:
        connected.setsockopt(socket.IPPROTO_TCP, option, seconds)


def bound_sending(connection: Connection) -> None:
    """Have the kernel hold little of what the other side has not read, so that a ping soon gets there."""
    connected = _socket(connection)
    if connected is not None:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)


def _socket(connection: Connection) -> Any:
    """Its socket; None when the other side has left already, which whoever reads from it will find."""
    return connection.transport.get_extra_info("socket")
