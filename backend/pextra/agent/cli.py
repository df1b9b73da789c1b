"""`pextra-agent`: makes this machine a host, and keeps it one."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from pextra import host_wiring
from pextra.agent.home import DEFAULT, Home, NotJoined
from pextra.agent.link import JoinFailed
from pextra.agent.link import join as join_cloud

app = typer.Typer(help="Makes this machine a host of a Pextra cloud, and keeps it one.", no_args_is_help=True)

HomeOption = Annotated[Path, typer.Option("--home", help="Where the agent keeps its certificate.")]


@app.command()
def join(
    endpoint: Annotated[
        list[str], typer.Option(help="The control plane's address for agents, https://…; may be repeated.")
    ],
    token_file: Annotated[
        typer.FileText, typer.Option(help="File with the join token; - reads it from standard input.")
    ],
    home: HomeOption = DEFAULT,
) -> None:
    """Join as the host that a join token is for. An agent that joined as this host before is shut out."""
    try:
        identity = join_cloud(Home(home), token_file.read(4096).strip(), endpoint, hint=socket.gethostname())
    except JoinFailed as error:
        _fail(str(error))
    typer.echo(f"Joined as host {identity.host!r} ({identity.host_uid}).")


@app.command()
def run(
    home: HomeOption = DEFAULT,
    data_dir: Annotated[
        Path, typer.Option(help="Where guests' disks and files lie; everybody may pass through its parents.")
    ] = Path("/var/lib/pextra-host"),
    image_dir: Annotated[
        list[Path] | None, typer.Option(help="Where images named file://… may come from; may be repeated.")
    ] = None,
) -> None:
    """Run the agent until it is stopped. Guests run on without it."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stop = threading.Event()

    def ask(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    try:
        process = host_wiring.agent_process(Home(home), host_wiring.HostSettings(data_dir, image_dir or []))
    except (NotJoined, host_wiring.HostUnfit) as error:
        _fail(str(error))
    process.start()
    stop.wait()
    process.stop()


def _fail(message: str) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    sys.exit(1)


def main() -> None:
    """The command's entry."""
    app()
