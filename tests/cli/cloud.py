"""A whole cloud in the test's process: API, streams and loops over SQLite and simulated hosts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from pextra import serving, wiring
from pextra.api.app import create_app
from pextra.api.settings import ApiSettings
from pextra.api.streams import create_streams_app
from pextra.controllers import by_kind
from pextra.controllers.runner import Runner
from pextra.identity.directories import Directories
from pextra.identity.outbound import Outbound
from pextra.pki.audit_key import AuditKey
from pextra.store.database import Database
from tests.cli.cutting import Cutter
from tests.cli.losing import AnswerLoser
from tests.labs.ports import LOOPBACK

STREAM_PLACES = 20


@dataclass(frozen=True)
class RunningCloud:
    """Where the cloud answers, and its administrator's token.

    Attributes:
        url: the API.
        lossy_url: the same, but answers get lost when `loser` is told so, and watches are cut by `cutter`.
    """

    url: str
    lossy_url: str
    loser: AnswerLoser
    cutter: Cutter
    admin_token: str


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - as werkzeug has it
        del type, message, args


class _Served:
    """A WSGI server in a thread."""

    def __init__(self, server: BaseWSGIServer) -> None:
        self._server = server
        self.url = f"http://127.0.0.1:{server.server_port}"
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


def _serve(app: Flask | AnswerLoser) -> _Served:
    return _Served(make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet))  # pyright: ignore[reportArgumentType]


@contextmanager
def running_cloud(folder: Path, *, around: Callable[[Any], Any] = lambda app: app) -> Generator[RunningCloud]:
    """A new cloud whose data is in `folder`; `around` may put something between the API and its callers."""
    database = Database(f"sqlite:///{folder / 'pextra.db'}")
    opened = wiring.open_site(database)
    assert opened.admin_token is not None
    site = serving.with_depot(opened.cloud, folder / "depot")
    site = replace(site, directories=Directories(Outbound([LOOPBACK])))
    fleet = wiring.DriverFleet(wiring.world_at(folder / "world.json"))
    runner = Runner(site, fleet, by_kind.controllers_of(fleet), holder="test", signer=AuditKey.generate())
    served: list[_Served | Cutter] = []
    try:
        served.append(streams := _serve(create_streams_app(opened.cloud, places=STREAM_PLACES)))
        served.append(cutter := Cutter(streams.url, mean_bytes=3000))
        served.append(api := _serve(around(create_app(site, ApiSettings(streams_url=streams.url)))))
        loser = AnswerLoser(create_app(site, ApiSettings(streams_url=cutter.url)))
        served.append(lossy := _serve(loser))
        runner.start()
        wiring.register(opened.cloud, None)
        yield RunningCloud(api.url, lossy.url, loser, cutter, opened.admin_token)
    finally:
        for each in reversed(served):
            each.close()
        runner.stop()
        fleet.close()
        database.close()
