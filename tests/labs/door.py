"""A port on this machine that leads to one inside a network namespace."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Final

_MOST: Final = 65_536


class Door:
    """Forwards connections while it is open.

    Args:
        within: the arguments that start a program inside the namespace.
        inside: address and port there.
    """

    def __init__(self, within: list[str], inside: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as outer:
            host, port = outer.getsockname()
            self.address = f"{host}:{port}"
            self._process = subprocess.Popen(
                [*within, sys.executable, "-m", "tests.labs.door", str(outer.fileno()), inside],
                pass_fds=[outer.fileno()],
            )

    def close(self) -> None:
        """End it, and every connection through it."""
        self._process.kill()
        self._process.wait()


async def _forward(outer: socket.socket, host: str, port: int) -> None:
    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner = await asyncio.open_connection(host, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, inner[1]), _pump(inner[0], writer))

    async with await asyncio.start_server(through, sock=outer) as server:
        await server.serve_forever()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_MOST):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    number, address = sys.argv[1:]
    where, _, at = address.rpartition(":")
    asyncio.run(_forward(socket.socket(fileno=int(number)), where, int(at)))
