"""`pextra-agent`: makes this machine a host, and keeps it one."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated, Final, NoReturn

import typer

from pextra import host_wiring, process_logging
from pextra.agent.home import DEFAULT, Home, NotJoined
from pextra.agent.link import JoinFailed
from pextra.agent.link import join as join_cloud
from pextra.drivers.ovn.naming import OVS_DATABASE
from pextra.drivers.strangers import TRASH_KEPT_S


class Network(StrEnum):
    """Who has the networks of this host's guests."""

    LOCAL = "local"
    OVN = "ovn"


app = typer.Typer(help="Makes this machine a host of a Pextra cloud, and keeps it one.", no_args_is_help=True)

_MOST_CPUS: Final = 8191
_DAY_S: Final = 86_400.0
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
    cpu_model: Annotated[
        str | None, typer.Option(help="The processor that guests see, in libvirt's terms; by default this host's.")
    ] = None,
    dedicated_cpus: Annotated[
        str, typer.Option(help="Threads kept for guests with dedicated ones, such as 2-5,8.", metavar="CPUS")
    ] = "",
    network: Annotated[
        Network, typer.Option(help="`local`: this host's networks are its own; `ovn`: it is a host of the cloud's OVN.")
    ] = Network.LOCAL,
    ovs_database: Annotated[
        str, typer.Option(help="With --network ovn: the database of this host's Open vSwitch.")
    ] = OVS_DATABASE,
    trash_days: Annotated[
        float, typer.Option(min=0, help="How long disks that were nobody's are kept before they are destroyed.")
    ] = TRASH_KEPT_S / _DAY_S,
) -> None:
    """Run the agent until it is stopped. Guests run on without it."""
    stop = threading.Event()

    def ask(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    try:
        process_logging.configure()
        settings = host_wiring.HostSettings(
            data_dir,
            image_dir or [],
            cpu_model,
            numbers(dedicated_cpus),
            trash_kept_s=trash_days * _DAY_S,
            ovs_database=ovs_database if network is Network.OVN else None,
        )
        process = host_wiring.agent_process(Home(home), settings)
    except (NotJoined, host_wiring.HostUnfit, ValueError) as error:
        _fail(str(error))
    process.start()
    stop.wait()
    process.stop()


def numbers(text: str) -> list[int]:
    """The numbers of a list such as `2-5,8`.

    Raises:
        ValueError: it is none.
    """
    found: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        if not first.isdecimal() or not (last or first).isdecimal() or int(last or first) > _MOST_CPUS:
            raise ValueError(f"--dedicated-cpus takes threads such as 2-5,8, not {text!r}")
        found += range(int(first), int(last or first) + 1)
    return found


def _fail(message: str) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    sys.exit(1)


def main() -> None:
    """The command's entry."""
    app()
