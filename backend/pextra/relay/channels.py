"""The agents that are connected: one channel for each host."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from pextra.agent_protocol import Device, OpenStream, Order, Wake
from pextra.relay import instruments
from pextra.relay.ending import Refused, end

log = logging.getLogger("pextra.relay")

_MOST_UNSENT_BYTES: Final = 65_536
"""An agent for which so much waits does not read: its channel is cut, and it comes back when it can."""


class Channel:
    """One agent's channel.

    Args:
        serial: of the certificate that it was opened with.
    """

    def __init__(self, connection: ServerConnection, host_uid: str, serial: str) -> None:
        self.connection = connection
        self.host_uid = host_uid
        self.serial = serial
        self._told = 0
        self._sending: set[asyncio.Task[None]] = set()

    def wake(self, revision: int) -> None:
        """Tell the agent of that revision, unless it was told of it before."""
        if revision > self._told:
            self._told = revision
            instruments.WAKES.inc()
            self._send(Order(wake=Wake(revision=revision)))

    def open(self, stream: str, guest_uid: str, device: Device) -> None:
        """Ask for a stream."""
        self._send(Order(open=OpenStream(stream=stream, guest_uid=guest_uid, device=device)))

    def _send(self, order: Order) -> None:
        """Send without waiting for whoever does not read."""
        if self.connection.transport.get_write_buffer_size() > _MOST_UNSENT_BYTES:
            log.warning("the agent of host %s does not read its channel, which is cut", self.host_uid)
            self.connection.transport.abort()
            return
        task = asyncio.create_task(self._sent(order.model_dump_json(exclude_none=True)))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _sent(self, text: str) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self.connection.send(text)


class Channels:
    """Every channel, by host. The newest of a host counts."""

    def __init__(self) -> None:
        self._by_host: dict[str, Channel] = {}

    def __len__(self) -> int:
        return len(self._by_host)

    async def enter(self, channel: Channel) -> None:
        """The channel is open; an earlier one of its host is closed."""
        before = self._by_host.get(channel.host_uid)
        self._by_host[channel.host_uid] = channel
        instruments.AGENTS.set(len(self))
        if before is not None:
            await end(before.connection, Refused(409, "The host's agent has opened another channel."))

    def leave(self, channel: Channel) -> None:
        """The channel has closed."""
        if self._by_host.get(channel.host_uid) is channel:
            del self._by_host[channel.host_uid]
            instruments.AGENTS.set(len(self))

    def of_host(self, host_uid: str) -> Channel:
        """The host's channel.

        Raises:
            Refused: it has none.
        """
        channel = self._by_host.get(host_uid)
        if channel is None:
            raise Refused(503, "The agent of the instance's host is not connected: try again in a minute.")
        return channel

    def wake(self, revisions: Mapping[str, int]) -> None:
        """Tell of those revisions the agents that are here."""
        for host_uid, revision in revisions.items():
            channel = self._by_host.get(host_uid)
            if channel is not None:
                channel.wake(revision)
