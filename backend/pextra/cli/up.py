"""`pextra up`: a whole cloud on one machine."""

from __future__ import annotations

import fcntl
import os
import signal
import ssl
import threading
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated

import platformdirs
import typer
from rich.console import Console

from pextra import host_wiring, process_logging, serving, wiring
from pextra.agent.home import Home, Identity, NotJoined
from pextra.agent.link import JoinFailed, join
from pextra.cli import demo
from pextra.cli.processes import (
    Server,
    StartFailed,
    start_agent,
    start_agents,
    start_api,
    start_relay,
    start_streams,
    wait_open,
    wait_ready,
    wait_tls,
)
from pextra.cli.settings import Refused, Tls, UpSettings
from pextra.controllers import by_kind
from pextra.controllers.runner import Runner
from pextra.drivers.audit_sinks import SinkRefused
from pextra.drivers.interface import DriverError
from pextra.drivers.interface.fabric import Fabric
from pextra.errors import PextraError
from pextra.images.tiny import ImageBuildError
from pextra.pki.audit_key import KeyUnusable
from pextra.services.cloud import Cloud
from pextra.store.database import Database
from pextra.store.database_tls import DatabaseUnprotected
from pextra.store.schema import SchemaBehind
from pextra.wiring import LocalMachine
from pextra_client.config import Profiles, Settings

PROFILE = "local"


def up(
    listen: Annotated[
        str, typer.Option(help="Address and port of the API; the other parts take the four ports after it.")
    ] = "127.0.0.1:8440",
    data_dir: Annotated[Path | None, typer.Option(help="Where the cloud keeps its data.")] = None,
    database_url: Annotated[
        str | None, typer.Option(help="CockroachDB or PostgreSQL; without it, SQLite in the data folder.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="API processes.")] = 2,
    tls_certificate: Annotated[Path | None, typer.Option(help="Certificate chain, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key, PEM.")] = None,
    name: Annotated[
        str, typer.Option(help="How other machines reach this one; by default the address that it listens on.")
    ] = "",
    key_source: Annotated[
        str,
        typer.Option(
            envvar=serving.KEY_SOURCE,
            help="Where the key that secrets are encrypted with is: file:/PATH or vault:https://HOST/MOUNT/KEY; "
            "by default a file in the data folder.",
        ),
    ] = "",
    api_database_url: Annotated[
        str | None, typer.Option(help="The database in a role for what serves requests; see docs/audit.md.")
    ] = None,
    audit_key: Annotated[
        Path | None, typer.Option(help="Key that signs the audit log; in the data folder without it.")
    ] = None,
    audit_to: Annotated[
        list[str] | None,
        typer.Option(
            help="Forward the audit log: tcp://, tls:// or udp://HOST:PORT (syslog), file:///PATH; repeat it."
        ),
    ] = None,
    identity_host: Annotated[
        list[str] | None,
        typer.Option(help="Call this identity provider's host although its address is not public; repeat it."),
    ] = None,
    ovn_northbound: Annotated[
        str,
        typer.Option(
            envvar="PEXTRA_OVN_NORTHBOUND",
            help="OVN's northbound database, for networks between hosts: unix:/PATH, ssl:ADDRESS:PORT or, on this "
            "machine, tcp:ADDRESS:PORT; the members of a cluster with commas between.",
        ),
    ] = "",
    ovn_southbound: Annotated[
        str,
        typer.Option(
            envvar="PEXTRA_OVN_SOUTHBOUND",
            help="OVN's southbound database, in the same way: for BGP, which announces routers by the hosts that they "
            "go out by. It is only read.",
        ),
    ] = "",
    ovn_tls: Annotated[
        tuple[Path, Path, Path] | None,
        typer.Option(help="With ssl: our key, our certificate and the database's authority, PEM.", metavar="FILES"),
    ] = None,
    guests: Annotated[bool, typer.Option(help="Run guests on this machine where QEMU and libvirt are there.")] = True,
    image: Annotated[
        Path | None, typer.Option(help="A qcow2 of your own for real guests; a small one is built without it.")
    ] = None,
    show: Annotated[bool, typer.Option("--demo", help="Apply an example tenant and show what became of it.")] = False,
    once: Annotated[bool, typer.Option("--exit", help="End when the demonstration is over.")] = False,
) -> None:
    """Start a whole cloud on this machine: API, streams and loops, with an embedded database by default."""
    console = Console()
    try:
        _configure_logging()
        settings = replace(
            _settings(listen, data_dir, database_url, workers, tls_certificate, tls_key, name, key_source),
            api_database_url=api_database_url,
            audit_key=audit_key,
            audit_sinks=tuple(audit_to or ()),
            identity_hosts=tuple(identity_host or os.environ.get(serving.IDENTITY_HOSTS, "").split(",")),
            ovn_northbound=ovn_northbound,
            ovn_southbound=ovn_southbound,
            ovn_files=ovn_tls or (),
        )
        with _alone(settings.data_dir):
            _run(console, settings, guests=guests, image=image, show=show, once=once)
    except (Refused, StartFailed, KeyUnusable, SinkRefused, SchemaBehind, DatabaseUnprotected) as error:
        console.print(f"[red]error:[/red] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except PextraError as error:
        console.print(f"[red]error:[/red] {error.code}: {error.message}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error


def down(data_dir: Annotated[Path | None, typer.Option(help="Where the cloud keeps its data.")] = None) -> None:
    """Stop the guests that a cloud on this machine left running; the next `pextra up` starts them again."""
    console = Console()
    folder = data_folder(data_dir)
    try:
        with _alone(folder):
            stopped = host_wiring.stop_guests(folder)
    except (Refused, DriverError) as error:
        console.print(f"[red]error:[/red] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    console.print(f"{stopped} guests stopped.", highlight=False)


def admin_token(
    data_dir: Annotated[Path | None, typer.Option(help="Where the cloud keeps its data.")] = None,
    database_url: Annotated[str | None, typer.Option(help="Its database, when that is not in the data folder.")] = None,
    break_glass: Annotated[
        bool, typer.Option("--break-glass", help="No policy binds it, and it expires within the hour.")
    ] = False,
) -> None:
    """Make a new token of the administrator, from the database itself; the one made so before is revoked.

    The administrator and its role are made anew when somebody deleted them.
    """
    folder = data_folder(data_dir)
    url = database_url or os.environ.get(serving.DATABASE_URL) or embedded_database(folder)
    if url == embedded_database(folder) and not (folder / "control" / "pextra.db").exists():
        Console().print(f"[red]error:[/red] There is no cloud in {folder}.", highlight=False, soft_wrap=True)
        raise typer.Exit(1)
    try:
        database = Database(url)
    except DatabaseUnprotected as error:
        Console().print(f"[red]error:[/red] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    try:
        typer.echo(wiring.new_admin_token(database, break_glass=break_glass))
    finally:
        database.close()


def embedded_database(folder: Path) -> str:
    """The URL of the database in a data folder."""
    return f"sqlite:///{folder / 'control' / 'pextra.db'}"


def default_key_source(folder: Path) -> str:
    """Where the key-encryption key is when nothing else is said: never in the database itself."""
    return f"file:{folder / 'control' / serving.KEY_FILE}"


def data_folder(given: Path | None) -> Path:
    """Where the cloud keeps its data: for root in a system folder, because guests do not run as root."""
    default = Path("/var/lib/pextra") if os.geteuid() == 0 else Path(platformdirs.user_data_dir("pextra"))
    return (given or default).absolute()


def _settings(
    listen: str,
    data_dir: Path | None,
    database_url: str | None,
    workers: int,
    certificate: Path | None,
    key: Path | None,
    name: str,
    key_source: str,
) -> UpSettings:
    host, _, port = listen.rpartition(":")
    if not port.isdigit() or not 0 < int(port) <= 65_535 - 4:
        raise Refused(f"--listen takes an address such as 127.0.0.1:8440, not {listen!r}.")
    if (certificate is None) != (key is None):
        raise Refused("--tls-certificate and --tls-key go together.")
    if certificate is not None and key is not None:
        _check_pair(certificate, key)
    folder = data_folder(data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    # guests run as an account of their own when we are root; it passes through and reads nothing
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    control = folder / "control"
    control.mkdir(mode=0o700, exist_ok=True)
    return UpSettings(
        data_dir=folder,
        database_url=database_url or os.environ.get(serving.DATABASE_URL) or embedded_database(folder),
        host=host.strip("[]"),
        port=int(port),
        workers=workers,
        tls=Tls(certificate, key) if certificate is not None and key is not None else None,
        name=name,
        key_source=key_source or default_key_source(folder),
    )


def _configure_logging() -> None:
    try:
        process_logging.configure()
    except ValueError as error:
        raise Refused(f"{error}.") from error


def _check_pair(certificate: Path, key: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise Refused(
            f"--tls-certificate {certificate} and --tls-key {key} cannot be served with ({error}): give the "
            "certificate with its chain, and its own key without a password, both PEM."
        ) from error


def _no_password() -> str:
    """What stands in for the question at the terminal that OpenSSL would ask."""
    raise ValueError("the key is locked with a password")


class _alone:  # noqa: N801 - reads as a context
    """Holds the data folder's lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"

    def __enter__(self) -> None:
        if not self._path.parent.is_dir():
            raise Refused(f"There is no cloud in {self._path.parent}.")
        self._file = self._path.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise Refused(
                f"A cloud runs on {self._path.parent} already: stop it, or give another --data-dir."
            ) from error

    def __exit__(self, *exc: object) -> None:
        self._file.close()


def _run(console: Console, settings: UpSettings, *, guests: bool, image: Path | None, show: bool, once: bool) -> None:
    stop = threading.Event()

    def ask(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    database = Database(settings.database_url)
    opened = wiring.open_site(database, keeper=serving.keeper_for(database, settings.key_source))
    cloud = serving.with_depot(opened.cloud, settings.depot_dir)
    world = wiring.world_at(settings.control_dir / "simulated-world.json")
    machine, missing = _machine(settings, image) if guests else (None, ["--guests"])
    if machine is not None:
        host_wiring.start_hypervisor(settings.data_dir)
    wiring.keep_agents_tls(cloud, settings.agents_tls_dir, [settings.name or settings.host])
    fleet = wiring.DriverFleet(world, _fabric(settings, cloud))
    runner = Runner(
        cloud,
        fleet,
        by_kind.controllers_of(fleet),
        holder=f"up-{os.getpid()}",
        signer=wiring.audit_key(settings.audit_key_file),
        also=wiring.audit_forwarders(cloud, settings.audit_sinks, holder=f"up-{os.getpid()}"),
    )
    servers: list[Server] = []
    try:
        servers += [start_api(settings), start_streams(settings), start_agents(settings), start_relay(settings)]
        for server, address in zip(servers, (settings.api_address, settings.streams_address), strict=False):
            wait_ready(server, address, tls=settings.tls is not None)
        wait_tls(servers[2], settings)
        wait_open(servers[3], settings.host, settings.consoles_port)
        runner.start()
        _welcome(console, settings, opened.admin_token, missing)
        wiring.register(cloud, machine)
        if machine is not None:
            _ensure_joined(cloud, settings, machine.name)
            servers.append(start_agent(settings, [machine.image.path.parent]))
        if show:
            demo.show(console, PROFILE, real=machine is not None, stop=stop)
        if not (show and once):
            console.print("\nThe cloud runs until you press Ctrl-C.")
            _watch(console, servers, stop)
    finally:
        runner.stop()
        for server in reversed(servers):
            server.stop()
        fleet.close()
        database.close()


def _fabric(settings: UpSettings, cloud: Cloud) -> Fabric | None:
    if not settings.ovn_northbound:
        return None
    try:
        return wiring.fabric_at(
            settings.ovn_northbound, settings.ovn_files, site=cloud.site.uid, southbound=settings.ovn_southbound
        )
    except wiring.NoFabric as error:
        raise Refused(str(error)) from error


def _machine(settings: UpSettings, image: Path | None) -> tuple[LocalMachine | None, list[str]]:
    """This machine as a host, or what it lacks to be one, with the remedy."""
    missing = host_wiring.missing()
    if missing:
        return None, missing
    try:
        return wiring.local_machine(settings.image_dir, image), []
    except (ImageBuildError, OSError) as error:
        return None, [str(error)]


def _ensure_joined(cloud: Cloud, settings: UpSettings, host: str) -> None:
    """Have this machine's agent join, unless it has joined this very cloud as this very host."""
    home = Home(settings.agent_home)
    uid, token = wiring.join_token(cloud, host)
    endpoint = settings.agents_url
    try:
        if home.identity() == Identity(host, uid, (endpoint,)):
            return
    except NotJoined:
        pass
    try:
        join(home, token, [endpoint], hint=host)
    except JoinFailed as error:
        raise StartFailed(f"This machine's agent could not join: {error}") from error


def _welcome(console: Console, settings: UpSettings, token: str | None, missing: list[str]) -> None:
    url = settings.api_url
    console.print(f"Pextra answers at [bold]{url}[/bold] (data in {settings.data_dir})", highlight=False)
    if token is not None:
        Profiles().save(PROFILE, Settings(endpoints=(url,), token=token, tenant="system"))
        console.print("The administrator's token, shown this once:", highlight=False)
        console.print(f"    {token}", highlight=False, soft_wrap=True)
        console.print(
            f"It is stored in the command line's profile {PROFILE!r}, which is the default now.",
            highlight=False,
        )
    if missing:
        console.print("Guests are simulated; real ones need:", highlight=False)
        for line in missing:
            console.print(f"    {line}", highlight=False, soft_wrap=True)


def _watch(console: Console, servers: list[Server], stop: threading.Event) -> None:
    while not stop.wait(1.0):
        for server in servers:
            if server.process.poll() is None:
                continue
            if server.name in ("agent", "relay"):  # neither keeps what the rest would miss
                server.restart()
            else:
                raise StartFailed(f"The {server.name} process ended by itself; see {server.log}.")
    console.print("Stopping. Guests run on; `pextra down` stops them.")
