"""The relay of one process: two listeners and what they share."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from websockets.asyncio.server import Server, serve

from pextra import agent_protocol as protocol
from pextra.errors import PextraError
from pextra.relay import users
from pextra.relay.agents import AgentSide
from pextra.relay.channels import Channels
from pextra.relay.rendezvous import Rendezvous
from pextra.relay.settings import RelaySettings
from pextra.relay.users import UserSide
from pextra.relay.waking import Waker
from pextra.services.cloud import Cloud
from pextra.store import consoles

log = logging.getLogger("pextra.relay")

_QUEUE: Final = 4
"""How many messages of one side may wait for the other."""
_OPEN_S: Final = 5.0
_CLOSE_S: Final = 2.0
"""How long a peer may take over its handshakes; a shutdown waits as long."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Where the relay listens and what it shows there.

    Attributes:
        agents, users: address and port; port 0 takes a free one.
        agents_tls: TLS for agents, with certificates on both sides.
        users_tls: TLS for users; None on loopback only.
    """

    agents: tuple[str, int]
    users: tuple[str, int]
    agents_tls: ssl.SSLContext
    users_tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Serving:
    """The ports of a relay that serves."""

    agents_port: int
    users_port: int


@asynccontextmanager
async def serving(cloud: Cloud, listeners: Listeners, settings: RelaySettings | None = None) -> AsyncGenerator[Serving]:
    """Serve agents and users for the block's length.

    Raises:
        OSError: a port is taken.
    """
    settings = settings or RelaySettings()
    channels, rendezvous = Channels(), Rendezvous()
    agents = AgentSide(cloud, channels, rendezvous, most=settings.most_agents)
    people = UserSide(cloud, channels, rendezvous, settings)
    waker = Waker(cloud, channels, every_s=settings.look_s)
    async with (
        serve(
            agents.serve,
            *listeners.agents,
            ssl=listeners.agents_tls,
            compression=None,
            max_size=protocol.MOST_STREAM_BYTES,
            max_queue=_QUEUE,
            server_header=None,
            open_timeout=_OPEN_S,
            close_timeout=_CLOSE_S,
            ping_interval=None,  # the agent asks whether we are there; whether it is, TCP tells
        ) as agents_server,
        serve(
            people.serve,
            *listeners.users,
            process_request=people.admit,
            subprotocols=[users.SUBPROTOCOL],  # pyright: ignore[reportArgumentType]  # a NewType of str
            ssl=listeners.users_tls,
            compression=None,
            max_size=users.MOST_BYTES,
            max_queue=_QUEUE,
            server_header=None,
            open_timeout=_OPEN_S,
            close_timeout=_CLOSE_S,
            ping_timeout=60,
        ) as users_server,
    ):
        background = [
            asyncio.create_task(waker.run()),
            asyncio.create_task(_every(settings.recheck_s, agents.recheck)),
            asyncio.create_task(_every(settings.recheck_s, people.recheck)),
            asyncio.create_task(_every(settings.recheck_s, lambda: _sweep(cloud))),
        ]
        try:
            yield Serving(_port(agents_server), _port(users_server))
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)


async def _every(seconds: float, step: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await step()
        except PextraError as error:  # what cannot be asked is not cut off
            log.warning("what was let in cannot be looked at again: %s", error.message)
        except Exception:
            log.exception("looking again failed; it is done again")


async def _sweep(cloud: Cloud) -> None:
    await asyncio.to_thread(cloud.database.write, consoles.forget_expired)


def _port(server: Server) -> int:
    return next(iter(server.sockets)).getsockname()[1]
