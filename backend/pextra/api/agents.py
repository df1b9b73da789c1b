"""The endpoint that host agents speak to. It is served apart from the API: with TLS, and certificates on both sides.

A request is known by the certificate of its connection alone; what it may touch follows from that certificate's host.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from flask import Flask, Response, request
from pydantic import ValidationError

from pextra import agent_protocol as protocol
from pextra.api import contents, framing
from pextra.api.origin import origin_of
from pextra.api.places import Places
from pextra.api.responses import answer
from pextra.errors import PextraError
from pextra.pki.identity import serial_of
from pextra.services import agents
from pextra.services.agents import Issued
from pextra.services.cloud import Cloud

MOST_TRANSFERS: Final = 8
"""How many hosts are sent an image at a time; more are told to come back, so that syncing goes on."""
M = TypeVar("M", bound=protocol.Message)
MOST_BYTES: Final = 8 << 20
_JOIN: Final = f"{protocol.PREFIX}/join"


def serial_of_connection() -> str | None:
    """The serial number of the certificate that the connection's other end has proved to hold, under gunicorn."""
    return serial_of(request.environ["gunicorn.socket"].getpeercert(binary_form=True))


def create_agents_app(cloud: Cloud, serial: Callable[[], str | None] = serial_of_connection) -> Flask:
    """The application that serves host agents.

    Args:
        serial: the serial number of the present request's certificate, which was verified; None without one.
    """
    app = Flask("pextra-agents")
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    framing.install(app, cloud, admit=lambda: _with_certificate(serial))

    @app.post(_JOIN)
    def join() -> Response:
        wanted, origin = _message(protocol.JoinRequest), origin_of(request, ())
        return _certificate(cloud.database.write(lambda tx: agents.join(cloud, tx, wanted, origin)))

    @app.post(f"{protocol.PREFIX}/certificate")
    def certificate() -> Response:
        shown, wanted = serial(), _message(protocol.CertificateRequest)
        origin = origin_of(request, ())
        return _certificate(cloud.database.write(lambda tx: agents.renew(cloud, tx, shown, wanted, origin)))

    @app.post(f"{protocol.PREFIX}/sync")
    def sync() -> Response:
        told = agents.sync(cloud, serial(), _message(protocol.SyncRequest))
        return answer(200, told.model_dump(mode="json", exclude_defaults=True))

    places = Places(MOST_TRANSFERS, "transfers of images", retry_after_s=2)

    @app.get(f"{protocol.PREFIX}/images/<uid>/content")
    def image_content(uid: str) -> Response:
        shown = serial()
        content = agents.image_content(cloud, shown, uid)
        return contents.send(content, uid, places.take(f"certificate {shown}"))

    return app


def _with_certificate(serial: Callable[[], str | None]) -> None:
    """Refuse whom nothing is known of before its message is read; only who joins has no certificate yet."""
    if request.path != _JOIN and serial() is None:
        raise agents.unauthenticated()


def _certificate(issued: Issued) -> Response:
    message = protocol.Certificate(
        host=issued.host.name,
        host_uid=issued.host.uid,
        certificate=issued.certificate,
        authority=issued.authority,
        renew_after_s=issued.renew_after_s,
    )
    return answer(200, message.model_dump(mode="json"))


def _message(kind: type[M]) -> M:
    try:
        return kind.model_validate_json(request.get_data())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the body"
        raise PextraError("request.malformed", f"{place}: {first['msg']}") from error
