"""The listener for host agents: mutual TLS, and a certificate that the database knows, at each connection.

A certificate opens its own host's channel, and the streams that were asked of that very host. It is looked up again
while its connections last, so that an agent that was shut out is cut off.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from pydantic import ValidationError
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from pextra import agent_protocol as protocol
from pextra.errors import PextraError
from pextra.pki.identity import serial_of
from pextra.relay.channels import Channel, Channels
from pextra.relay.ending import Refused, end
from pextra.relay.rendezvous import Rendezvous
from pextra.relay.sockets import keep_alive
from pextra.services import agents
from pextra.services.cloud import Cloud
from pextra.store import agents as stored

log = logging.getLogger("pextra.relay")


@dataclass(frozen=True, slots=True)
class _Holder:
    """Whom a connection is known to be."""

    serial: str
    host_uid: str


class AgentSide:
    """Serves agents.

    Args:
        most: how many connections are held.
    """

    def __init__(self, cloud: Cloud, channels: Channels, rendezvous: Rendezvous, *, most: int) -> None:
        self._cloud = cloud
        self._channels = channels
        self._rendezvous = rendezvous
        self._most = most
        self._holders: WeakKeyDictionary[ServerConnection, _Holder] = WeakKeyDictionary()

    async def serve(self, connection: ServerConnection) -> None:
        """One connection, until it ends.

        Whom nothing is known of is refused by the websocket's close and not by HTTP: a refused handshake is cut off,
        and the answer may be lost with it.
        """
        try:
            holder = await self._admit(connection)
        except Refused as refusal:
            await end(connection, refusal)
            return
        self._holders[connection] = holder
        request = connection.request
        assert request is not None
        keep_alive(connection)
        if request.path == protocol.RELAY:
            await self._channel(connection, holder)
            return
        if self._rendezvous.arrive(request.path.removeprefix(protocol.STREAMS), holder.host_uid, connection):
            await connection.wait_closed()
        else:
            await end(connection, Refused(404, "No such stream is expected of this host."))

    async def _admit(self, connection: ServerConnection) -> _Holder:
        """Whom the connection is of.

        Raises:
            Refused: nothing is known of it, or it leads nowhere.
        """
        request = connection.request
        assert request is not None
        if request.path != protocol.RELAY and not request.path.startswith(protocol.STREAMS):
            raise Refused(404, "There is no such route.")
        if len(connection.server.connections) > self._most:
            raise Refused(503, f"This relay holds {self._most} connections.")
        serial = _serial_of(connection)
        try:
            host_uid = await asyncio.to_thread(self._cloud.database.read, lambda tx: agents.host_of(tx, serial))
        except PextraError as error:
            raise Refused.of(error) from error
        assert serial is not None
        return _Holder(serial, host_uid)

    async def recheck(self) -> None:
        """Cut off those whose certificate is not accepted any more."""
        serials = {holder.serial for holder in self._holders.values()}
        accepted = await asyncio.to_thread(self._cloud.database.read, lambda tx: stored.accepted(tx, serials))
        for connection, holder in list(self._holders.items()):
            if holder.serial in serials and holder.serial not in accepted:
                log.warning("an agent of host %s is cut off: its certificate is accepted no longer", holder.host_uid)
                await end(connection, Refused.of(agents.unauthenticated()))

    async def _channel(self, connection: ServerConnection, holder: _Holder) -> None:
        channel = Channel(connection, holder.host_uid, holder.serial)
        await self._channels.enter(channel)
        try:
            async for text in connection:
                note = protocol.Note.model_validate_json(text)
                if note.failed is not None:
                    self._rendezvous.fail(note.failed.stream, holder.host_uid, note.failed.message)
        except ConnectionClosed:
            log.info("the channel of host %s broke", holder.host_uid)
        except ValidationError:
            await end(connection, Refused(400, f"The message is not of protocol {protocol.VERSION}."))
        finally:
            self._channels.leave(channel)


def _serial_of(connection: ServerConnection) -> str | None:
    """The serial number of the certificate that the connection's other end has proved to hold."""
    tls = connection.transport.get_extra_info("ssl_object")
    return serial_of(tls.getpeercert(binary_form=True) if tls is not None else None)
