"""A cloud with a relay on loopback: real TLS, real agents' channels, real tickets; only the guests are the test's."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import Queue
from typing import Any

from prometheus_client import REGISTRY
from websockets.sync.client import ClientConnection, connect

from pextra import wiring
from pextra.agent.home import Home
from pextra.agent.link import ControlPlane
from pextra.agent.relaying import Relaying
from pextra.api.app import create_app
from pextra.cli.agents_server import context_of
from pextra.relay.server import Listeners, Serving, serving
from pextra.relay.settings import RelaySettings
from pextra.services.cloud import Addresses, Cloud
from tests.agent.world import AgentCloud
from tests.api.caller import Answer, Caller
from tests.labs.waiting import wait_until
from tests.store.clock import ManualClock

LOOPBACK = "127.0.0.1"
PATIENCE_S = 20.0


class RelayThread:
    """A relay in a thread of its own.

    Args:
        ports: of agents and users; 0 takes free ones.
    """

    def __init__(
        self,
        cloud: Cloud,
        tls: Path,
        settings: RelaySettings,
        ports: tuple[int, int] = (0, 0),
        users_tls: ssl.SSLContext | None = None,
    ) -> None:
        listeners = Listeners((LOOPBACK, ports[0]), (LOOPBACK, ports[1]), context_of(tls, joining=False), users_tls)
        self._stopping = asyncio.Event()
        started: Future[tuple[Serving, asyncio.AbstractEventLoop]] = Future()

        async def serve() -> None:
            try:
                async with serving(cloud, listeners, settings) as served:
                    started.set_result((served, asyncio.get_running_loop()))
                    await self._stopping.wait()
            except OSError as error:
                started.set_exception(error)

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        self._thread.start()
        served, self._loop = started.result(PATIENCE_S)
        self.ports = (served.agents_port, served.users_port)

    @contextmanager
    def silent(self) -> Generator[None]:
        """It neither reads nor says anything for the block's length, nor do its connections end."""
        go_on = threading.Event()
        self._loop.call_soon_threadsafe(go_on.wait, PATIENCE_S)
        try:
            yield
        finally:
            go_on.set()

    def stop(self) -> None:
        """End it as its process would end."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


class Guests:
    """The consoles of guests, in the hypervisor's place: what is connected to is the test's to speak through."""

    def __init__(self) -> None:
        self.opened: Queue[tuple[str, str, socket.socket]] = Queue()
        self.refusal: Exception | None = None

    def connect(self, uid: str, device: str) -> socket.socket:
        """See `Relaying`."""
        if self.refusal is not None:
            raise self.refusal
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE_S)
        self.opened.put((uid, device, ours))
        return theirs

    def next(self) -> socket.socket:
        """The guest's end of the console that was opened next."""
        return self.opened.get(timeout=PATIENCE_S)[2]

    def close(self) -> None:
        """Close what nobody took."""
        while not self.opened.empty():
            self.opened.get()[2].close()


class RelayCloud(AgentCloud):
    """A cloud with a relay; hosts' channels are held by real agents' threads.

    Args:
        folder: for its database, certificates and agents' homes.
    """

    def __init__(self, folder: Path, settings: RelaySettings | None = None) -> None:
        clock = ManualClock(time.time())  # certificates are judged by the machine's own
        super().__init__(f"sqlite:///{folder / 'pextra.db'}", clock)
        self._folder = folder
        self.tls = folder / "tls"
        wiring.keep_agents_tls(self.cloud, self.tls, [LOOPBACK])
        self.settings = settings or RelaySettings(look_s=0.05, recheck_s=0.1)
        self.guests = Guests()
        self.channels: dict[str, Relaying] = {}
        self.woken: Queue[int] = Queue()
        # its ports are known when it serves; pages are known by their hosts
        hosts = Addresses(None, f"ws://{LOOPBACK}", "http://pages.test")
        self.relay = RelayThread(replace(self.cloud, addresses=hosts), self.tls, self.settings)
        agents, users = self.relay.ports
        self.relay_url, self.users_url = f"wss://{LOOPBACK}:{agents}", f"ws://{LOOPBACK}:{users}"
        addresses = Addresses(self.relay_url, self.users_url, "http://pages.test")
        self.cloud = replace(self.cloud, addresses=addresses)
        self.app = create_app(self.cloud)

    def close(self) -> None:
        """End every thread."""
        for channel in self.channels.values():
            channel.stop()
        self.relay.stop()
        self.guests.close()
        super().close()

    def furnish_one(self) -> None:
        """A host whose agent holds its channel, and the running instance `web` of tenant `acme`."""
        self.furnish()
        self.put("instance", "web", {"flavor": "small", "image": "linux"})
        self.settle(5.0)
        assert self.get("instance", "web").status["power"] == "running"
        self.connect_agent("h0")

    def restart_relay(self) -> None:
        """The relay is killed and started again; it remembers nothing."""
        self.relay.stop()
        self.relay = RelayThread(self.cloud, self.tls, self.settings, self.relay.ports)

    def home(self, host: str) -> Home:
        """What the host's agent keeps."""
        link = self.hosts[host].link
        home = Home(self._folder / f"home-{host}")
        home.keep(link.issued, link.key, ["https://agents.test"])
        return home

    def connect_agent(
        self, host: str, on_wake: Callable[[int], None] | None = None, *, instead: bool = False
    ) -> Relaying:
        """Have the host's agent hold its channel, instead of the one before if it does already; wait until it does."""
        if instead:
            others = self.connected() - 1
            self.channels.pop(host).stop()
            wait_until(lambda: self.connected() == others, PATIENCE_S, f"the agent of {host} to leave")
        before = self.connected()
        self.channels[host] = Relaying(
            tls=ControlPlane(self.home(host)).tls,
            url=lambda: self.relay_url,
            connect=self.guests.connect,
            on_wake=on_wake or self.woken.put,
        )
        self.channels[host].start()
        wait_until(lambda: self.connected() > before, PATIENCE_S, f"the agent of {host} to connect")
        return self.channels[host]

    def connected(self) -> int:
        """How many agents' channels the relay holds."""
        return int(sample("pextra_relay_agents"))

    def user(self, name: str, tenant: str) -> Caller:
        """A user of the tenant."""
        self.put("user", name, {}, tenant=tenant)
        subject = {"kind": "user", "name": name}
        self.put("role_binding", name, {"role": "owner", "subject": subject}, tenant=tenant)
        minted = self.put("api_token", name, {"user": name}, tenant=tenant).minted
        assert minted is not None
        return Caller(self.app, minted["token"])

    def dial(self, ticket: str) -> ClientConnection:
        """A user's connection that shows the ticket; what is wrong with it is told when it is read."""
        offered: Any = ["pextra.console", f"pextra.ticket.{ticket}"]
        return connect(f"{self.users_url}/v1/console", subprotocols=offered, compression=None, proxy=None)


@contextmanager
def relayed(folder: Path, settings: RelaySettings) -> Generator[RelayCloud]:
    """A cloud as the fixture `cloud` has it, with settings of the test's own."""
    made = RelayCloud(folder, settings)
    try:
        made.furnish_one()
        yield made
    finally:
        made.close()


def sample(name: str, **labels: str) -> float:
    """What the relay counts, which is in this process."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def ask(caller: Caller, instance: str = "web", device: str = "serial", **options: Any) -> Answer:
    """Ask for a console's ticket."""
    body = {"arguments": {"device": device}}
    return caller.send("POST", f"tenants/acme/instances/{instance}/actions/console", body=body, **options)


def ticket(caller: Caller, instance: str = "web", device: str = "serial") -> str:
    """A console's ticket."""
    return ask(caller, instance, device).ok()["minted"]["ticket"]


def receive_exactly(guest: socket.socket, size: int) -> bytes:
    """The next bytes that a guest is told."""
    read = b""
    while len(read) < size:
        more = guest.recv(size - len(read))
        assert more, "the console was closed"
        read += more
    return read
