"""The listener for users: a ticket opens one console.

The ticket is one of the websocket's subprotocols, because that is the only header that a browser lets a page choose,
and addresses end up in logs. Nothing else opens a console, no cookie either; and pages of other origins open none
even with a ticket.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final, cast

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from pextra.agent_protocol import Device
from pextra.errors import PextraError
from pextra.http_headers import restrict
from pextra.network_lists import within
from pextra.relay import instruments
from pextra.relay.channels import Channels
from pextra.relay.ending import Refused, end
from pextra.relay.forwarding import Forwarding
from pextra.relay.origins import Origins
from pextra.relay.rendezvous import Rendezvous
from pextra.relay.settings import RelaySettings
from pextra.relay.sockets import bound_sending
from pextra.services import consoles
from pextra.services.cloud import Cloud
from pextra.store.consoles import Grant

PATH: Final = "/v1/console"
SUBPROTOCOL: Final = "pextra.console"
TICKET_PREFIX: Final = "pextra.ticket."
MOST_BYTES: Final = 1 << 20
"""How much one message of a user may hold; what is pasted comes in one."""
_MOST_STRANGERS: Final = 200
"""How many connections without a console there may be beside those with one."""


class UserSide:
    """Serves users."""

    def __init__(self, cloud: Cloud, channels: Channels, rendezvous: Rendezvous, settings: RelaySettings) -> None:
        self._cloud = cloud
        self._channels = channels
        self._rendezvous = rendezvous
        self._settings = settings
        self._origins = Origins(cloud.addresses, settings.further_origins)
        self._connected = 0
        self._of_tenant: Counter[str] = Counter()
        self._open: dict[Forwarding, Grant] = {}

    async def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer what is no websocket, and refuse what leads nowhere."""
        response = self._answer(connection, request)
        if response is not None:
            restrict(response.headers, tls=connection.transport.get_extra_info("sslcontext") is not None)
            response.headers["Cache-Control"] = "no-store"
        return response

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path == PATH:
            if not self._origins.allow(request.headers.get_all("Origin")):
                instruments.REFUSALS.labels(403).inc()
                return connection.respond(
                    HTTPStatus.FORBIDDEN, "Pages of other origins open no consoles: see PEXTRA_CONSOLE_ORIGINS.\n"
                )
            if len(connection.server.connections) > self._settings.most_consoles + _MOST_STRANGERS:
                return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections: try again.\n")
            return None
        if path == "/healthz":
            return connection.respond(HTTPStatus.OK, "ok\n")
        if path == "/metrics":
            if not self._is_operator(connection, request):
                return connection.respond(HTTPStatus.FORBIDDEN, "Metrics are told to PEXTRA_OPERATOR_NETWORKS only.\n")
            return Response(200, "OK", Headers({"Content-Type": CONTENT_TYPE_LATEST}), generate_latest())
        return connection.respond(HTTPStatus.NOT_FOUND, "There is no such route.\n")

    def _is_operator(self, connection: ServerConnection, request: Request) -> bool:
        if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
            return False  # by a proxy, and so from anybody
        peer = connection.remote_address
        return peer is not None and within(str(peer[0]), self._settings.operator_networks)

    async def serve(self, connection: ServerConnection) -> None:
        """One console, from its ticket to its end."""
        bound_sending(connection)
        try:
            with self._place():
                grant = await self._redeem(connection)
                with self._place_of(grant.tenant_uid):
                    await self._console(connection, grant)
        except Refused as refusal:
            await end(connection, refusal)

    async def recheck(self) -> None:
        """Close the consoles that may not stay open."""
        grants = set(self._open.values())
        against = await asyncio.to_thread(consoles.objections, self._cloud, grants)
        for forwarding, grant in list(self._open.items()):
            if grant in against:
                forwarding.end(Refused.of(against[grant]))

    async def _redeem(self, connection: ServerConnection) -> Grant:
        request = connection.request
        assert request is not None
        offered = ",".join(request.headers.get_all("Sec-WebSocket-Protocol")).split(",")
        tickets = [o.strip().removeprefix(TICKET_PREFIX) for o in offered if o.strip().startswith(TICKET_PREFIX)]
        if len(tickets) != 1:
            raise Refused(401, f"Offer the subprotocol {TICKET_PREFIX}… with the ticket.")
        try:
            return await asyncio.to_thread(consoles.redeem, self._cloud, tickets[0])
        except PextraError as error:
            raise Refused.of(error) from error

    async def _console(self, user: ServerConnection, grant: Grant) -> None:
        with self._rendezvous.expect(grant.host_uid) as expected:
            self._channels.of_host(grant.host_uid).open(
                expected.stream, grant.instance_uid, cast("Device", grant.device)
            )
            left = asyncio.create_task(user.wait_closed())
            await asyncio.wait(
                {expected.arrived, left}, timeout=self._settings.open_s, return_when=asyncio.FIRST_COMPLETED
            )
            left.cancel()
            if not expected.arrived.done():
                raise Refused(504, "The host's agent did not open the console in time: try again.")
            guest = expected.arrived.result()
        forwarding = Forwarding(user, guest, idle_s=self._settings.idle_s)
        self._open[forwarding] = grant
        instruments.CONSOLES.inc()
        try:
            await forwarding.run()
        finally:
            instruments.CONSOLES.dec()
            del self._open[forwarding]
            await guest.close()
        await user.close(1000, "The console has ended.")

    @contextmanager
    def _place(self) -> Generator[None]:
        if self._connected >= self._settings.most_consoles:
            raise Refused(503, f"{self._connected} consoles are open, which is all that this relay serves.")
        self._connected += 1
        try:
            yield
        finally:
            self._connected -= 1

    @contextmanager
    def _place_of(self, tenant_uid: str) -> Generator[None]:
        most = self._settings.most_consoles_of_tenant
        if self._of_tenant[tenant_uid] >= most:
            raise Refused(429, f"{most} consoles of this tenant are open, which is all that it may have: close one.")
        self._of_tenant[tenant_uid] += 1
        try:
            yield
        finally:
            self._of_tenant[tenant_uid] -= 1
            if not self._of_tenant[tenant_uid]:
                del self._of_tenant[tenant_uid]
