"""The relay's process: `python -m pextra.cli.relay_server`."""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import signal
import ssl
from asyncio import sslproto
from pathlib import Path
from typing import Final

from pextra import process_logging
from pextra.cli import agents_server
from pextra.pki.contexts import without_tickets
from pextra.relay.server import Listeners, serving
from pextra.relay.settings import RelaySettings
from pextra.services.cloud import Cloud
from pextra.serving import operator_networks, relay

IDLE_S: Final = "PEXTRA_CONSOLE_IDLE_S"
"""The environment variable with the seconds after which an idle console is closed."""
ORIGINS: Final = "PEXTRA_CONSOLE_ORIGINS"
"""The environment variable with further origins of web pages that may open consoles, with commas between."""
_TLS_BUFFER_BYTES: Final = 1 << 15


def main() -> None:
    """Serve until told to stop."""
    process_logging.configure()
    parser = argparse.ArgumentParser(description="Serves host agents' channels and users' consoles.")
    parser.add_argument("--host", required=True)
    parser.add_argument("--agents-port", type=int, required=True)
    parser.add_argument("--users-port", type=int, required=True)
    parser.add_argument("--certificate", type=Path, help="for users, as the API's")
    parser.add_argument("--key", type=Path)
    given = parser.parse_args()
    _allow_many_connections()
    _hold_little_for_each_connection()
    users_tls = None
    if given.certificate is not None:
        users_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        users_tls.load_cert_chain(given.certificate, given.key)
        without_tickets(users_tls)
    listeners = Listeners(
        agents=(given.host, given.agents_port),
        users=(given.host, given.users_port),
        agents_tls=agents_server.context_of(Path(os.environ[agents_server.FOLDER]), joining=False),
        users_tls=users_tls,
    )
    settings = RelaySettings(
        idle_s=float(os.environ.get(IDLE_S, "1800")),
        operator_networks=operator_networks(),
        further_origins=tuple(os.environ.get(ORIGINS, "").split(",")),
    )
    asyncio.run(_serve(relay(), listeners, settings))


def _allow_many_connections() -> None:
    """Take as many open files as we may: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _hold_little_for_each_connection() -> None:
    """Have asyncio read TLS in pieces of two records: it keeps a buffer of its own for each connection, of 256 KiB.

    There is no option for it. Idle agents are what a relay has most of, and it is three quarters of what each costs.
    """
    if hasattr(sslproto.SSLProtocol, "max_size"):
        setattr(sslproto.SSLProtocol, "max_size", _TLS_BUFFER_BYTES)  # noqa: B010 - the type stubs call it constant


async def _serve(cloud: Cloud, listeners: Listeners, settings: RelaySettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(cloud, listeners, settings):
        await stop.wait()


if __name__ == "__main__":
    main()
