"""Passing on what two websockets say to each other."""

from __future__ import annotations

import asyncio
import contextlib

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed

from pextra.agent_protocol import MOST_STREAM_BYTES
from pextra.relay import instruments
from pextra.relay.ending import Refused


class Forwarding:
    """Two websockets, one of which hears what the other says.

    Who does not read stops the other from being read: nothing piles up between them beyond some messages.

    Args:
        user, guest: the two; messages of bytes are passed on, texts are not.
        idle_s: for how long nothing may flow.
    """

    def __init__(self, user: Connection, guest: Connection, *, idle_s: float) -> None:
        self._user = user
        self._guest = guest
        self._idle_s = idle_s
        self._loop = asyncio.get_running_loop()
        self._moved_at = self._loop.time()
        self._ended: asyncio.Future[None] = self._loop.create_future()

    def end(self, refusal: Refused) -> None:
        """End it from outside: `run` raises this."""
        if not self._ended.done():
            self._ended.set_exception(refusal)

    async def run(self) -> None:
        """Pass on until one of the two closes.

        Raises:
            Refused: it was ended from outside, or nothing flowed for too long.
        """
        tasks = {
            asyncio.create_task(self._pass(self._user, self._guest, "to_guest")),
            asyncio.create_task(self._pass(self._guest, self._user, "to_user")),
            asyncio.create_task(self._watch_idle()),
        }
        try:
            done, _ = await asyncio.wait({*tasks, self._ended}, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._ended.cancel()

    async def _pass(self, source: Connection, sink: Connection, direction: str) -> None:
        count = instruments.BYTES.labels(direction).inc
        with contextlib.suppress(ConnectionClosed):
            async for message in source:
                if isinstance(message, bytes):
                    for start in range(0, len(message), MOST_STREAM_BYTES):
                        await sink.send(message[start : start + MOST_STREAM_BYTES])
                    self._moved_at = self._loop.time()
                    count(len(message))

    async def _watch_idle(self) -> None:
        while True:
            left = self._moved_at + self._idle_s - self._loop.time()
            if left <= 0:
                raise Refused(408, f"Nothing flowed through the console for {self._idle_s:g} s: open it again.")
            await asyncio.sleep(left)
