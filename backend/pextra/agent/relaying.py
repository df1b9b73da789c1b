"""The agent's side of the relay: one websocket that it holds open, and one more for each console that is looked at.

All of it is outbound. Whoever connects to a guest's serial console has it alone: QEMU serves one client at a time, and
two people's keys in one shell are nobody's wish; a second one is told so. A display shows itself to several.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
import ssl
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from pextra import agent_protocol as protocol
from pextra.agent_protocol import Note, OpenStream, Order, StreamFailed
from pextra.drivers.interface import DriverError

log = logging.getLogger("pextra.agent")

MOST_STREAMS: Final = 64
"""How many consoles of this host are served at a time."""
_FIRST_DELAY_S: Final = 0.5
_LONGEST_DELAY_S: Final = 30.0
_STEADY_S: Final = 10.0
_CLOSE_S: Final = 2.0
"""How long the relay may take over the end of a connection."""
_STOP_S: Final = 5.0
_KEEPALIVE: Final = ((socket.TCP_KEEPIDLE, 20), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))


class Relaying:
    """Holds the channel to the relay in a thread of its own, until it is stopped.

    Args:
        tls: makes what a connection is secured with, from the certificate of that moment.
        url: where the relay is now, `wss://…`; None while that is not known.
        connect: connects to a guest's `serial` console or `display`, by its uid. Raises `DriverError`, `OSError`.
        on_wake: called with the host's newest revision, from the thread.
    """

    def __init__(
        self,
        *,
        tls: Callable[[], ssl.SSLContext],
        url: Callable[[], str | None],
        connect: Callable[[str, str], socket.socket],
        on_wake: Callable[[int], None],
    ) -> None:
        self._tls = tls
        self._url = url
        self._connect = connect
        self._on_wake = on_wake
        self._rng = random.Random()
        self._serial: set[str] = set()
        self._streams: set[asyncio.Task[None]] = set()
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Close the channel and every stream."""
        self._stopping.set()
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # it has just ended by itself
                if self._loop is not None:
                    self._loop.call_soon_threadsafe(self._cancel)
            self._thread.join(_STOP_S)

    def _cancel(self) -> None:
        if self._main is not None:
            self._main.cancel()

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._holding())

    # --- the channel ---

    async def _holding(self) -> None:
        self._loop, self._main = asyncio.get_running_loop(), asyncio.current_task()
        delay, down = _FIRST_DELAY_S, False
        while not self._stopping.is_set():
            url, began = self._url(), self._loop.time()
            if url is not None:
                try:
                    await self._hold(url)
                except (OSError, WebSocketException, ValueError) as error:
                    if not down:
                        log.warning("the relay at %s is not reached: %s; consoles of this host wait", url, error)
                    down = True
                except Exception:
                    log.exception("the channel to the relay failed; it is opened again")
                if self._loop.time() - began >= _STEADY_S:
                    delay, down = _FIRST_DELAY_S, False
                else:
                    delay = min(_LONGEST_DELAY_S, delay * 2)
            await asyncio.sleep(delay * (0.5 + self._rng.random()))

    async def _hold(self, url: str) -> None:
        """Hold one connection until it ends."""
        address = f"{url}{protocol.RELAY}"
        async with _connected(address, self._tls(), max_size=protocol.LONGEST_ORDER, max_queue=16) as channel:
            async for text in channel:
                try:
                    order = Order.model_validate_json(text)
                except ValidationError as error:
                    log.warning("the relay's order is not of protocol %d: %s", protocol.VERSION, error)
                    continue
                self._obey(url, channel, order)
        # an end of the relay's own, such as its restart, is no error: the next one is tried after the delay

    def _obey(self, url: str, channel: ClientConnection, order: Order) -> None:
        if order.wake is not None:
            self._on_wake(order.wake.revision)
        if order.open is not None:
            task = asyncio.create_task(self._serve(url, channel, order.open))
            self._streams.add(task)
            task.add_done_callback(self._streams.discard)

    # --- streams ---

    async def _serve(self, url: str, channel: ClientConnection, wanted: OpenStream) -> None:
        alone = wanted.device == "serial"
        refusal = None
        if len(self._streams) > MOST_STREAMS:
            refusal = f"This host serves {MOST_STREAMS} consoles already; close one of them."
        elif alone and wanted.guest_uid in self._serial:
            refusal = "Somebody is at this serial console already: it serves one at a time. Try again later."
        if refusal is not None:
            await _refuse(channel, wanted, refusal)
            return
        if alone:
            self._serial.add(wanted.guest_uid)
        try:
            await self._bridge(url, channel, wanted)
        except (OSError, WebSocketException) as error:
            log.info("a stream of guest %s ended: %s", wanted.guest_uid, error)
        finally:
            if alone:
                self._serial.discard(wanted.guest_uid)

    async def _bridge(self, url: str, channel: ClientConnection, wanted: OpenStream) -> None:
        try:
            guest = await asyncio.to_thread(self._connect, wanted.guest_uid, wanted.device)
        except DriverError as error:
            await _refuse(channel, wanted, error.message)
            return
        except OSError as error:
            log.warning("the %s of guest %s is not reached: %s", wanted.device, wanted.guest_uid, error)
            await _refuse(channel, wanted, "The guest's console does not answer: is it running?")
            return
        reader, writer = await asyncio.open_unix_connection(sock=guest, limit=protocol.MOST_STREAM_BYTES)
        try:
            async with _connected(
                f"{url}{protocol.STREAMS}{wanted.stream}",
                self._tls(),
                max_size=protocol.MOST_STREAM_BYTES,
                max_queue=4,
                ping_interval=None,  # a pong waits behind what a slow reader has not read; TCP notices the dead
            ) as stream:
                _keep_alive(stream.transport)
                await _both_ways(reader, writer, stream)
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def _connected(address: str, tls: ssl.SSLContext, **options: Any) -> AsyncGenerator[ClientConnection]:
    """A connection to the relay, for the block's length.

    Whoever is cancelled while it closes lets go of it at once: the loop may end with that, and a connection that still
    waits for the relay's farewell would never be closed.
    """
    connection = await connect(
        address, ssl=tls, proxy=None, compression=None, user_agent_header=None, close_timeout=_CLOSE_S, **options
    )
    try:
        async with connection:
            yield connection
    except asyncio.CancelledError:
        connection.transport.abort()
        await connection.wait_closed()
        raise


async def _refuse(channel: ClientConnection, wanted: OpenStream, message: str) -> None:
    note = Note(failed=StreamFailed(stream=wanted.stream, message=message[:1000]))
    with contextlib.suppress(ConnectionClosed):
        await channel.send(note.model_dump_json(exclude_none=True))


async def _both_ways(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stream: ClientConnection) -> None:
    """Pass on what both say until one of them ends. Who does not read stops the other from being read."""

    async def to_relay() -> None:
        while data := await reader.read(protocol.MOST_STREAM_BYTES):
            await stream.send(data)

    async def to_guest() -> None:
        async for data in stream:
            if isinstance(data, bytes):
                writer.write(data)
                await writer.drain()

    directions = {asyncio.create_task(to_relay()), asyncio.create_task(to_guest())}
    try:
        done, _ = await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        for direction in done:
            direction.result()
    finally:
        for direction in directions:
            direction.cancel()
        await asyncio.gather(*directions, return_exceptions=True)


def _keep_alive(transport: asyncio.Transport) -> None:
    """Have the kernel notice that the other side has gone without a word."""
    connection: Any = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, seconds in _KEEPALIVE:
        connection.setsockopt(socket.IPPROTO_TCP, option, seconds)
