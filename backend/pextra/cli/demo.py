"""The demonstration of `pextra up --demo`: an example tenant, applied by the command line as a user would."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax

from pextra.cli.processes import StartFailed
from pextra_client.client import Client
from pextra_client.config import Profiles
from pextra_client.wire import Object

EXAMPLES: Final = Path(__file__).parents[3] / "examples" / "quickstart"
TENANT: Final = "acme"
REAL: Final = "web-1"
"""The instance that is a real virtual machine where this machine can run one."""
BESIDE: Final = "client"
"""A second one, where this machine can connect them."""
BOOT_S: Final = 90.0
_PLANNED: Final = frozenset({0, 6})
"""How the plan ends: one of its changes is over quota, on purpose."""


def show(console: Console, profile: str, *, real: bool, stop: threading.Event) -> None:
    """Apply the examples and show what became of them.

    Raises:
        StartFailed: a step went wrong; what the command said is on the screen.
    """
    folders = [
        f"{EXAMPLES.relative_to(Path.cwd()) if EXAMPLES.is_relative_to(Path.cwd()) else EXAMPLES}/{part}"
        for part in ("cloud", "tenant", "change", "reach")
    ]
    _step(console, profile, ["apply", "-f", folders[0], "-f", folders[1], "--timeout", "180"])
    _step(console, profile, ["get", "instances", "-t", TENANT])
    client = _client(profile)
    status = _status_of(client.get("instance", "web-2", tenant=TENANT))
    console.print(f"\nWhy web-2 is on {status['host']}: {status['placement']['why']}.", highlight=False)
    _step(console, profile, ["plan", "-f", folders[2]], ends=_PLANNED)
    if not real:
        return
    host = client.get("host", str(_status_of(client.get("instance", REAL, tenant=TENANT)).get("host")))
    if host["spec"].get("driver") == "sim":
        console.print(
            f"\n{REAL} is simulated: when this cloud began, this machine could not run guests. Now it can, "
            "and a new cloud has real ones: pextra up --demo --data-dir DIR.",
            highlight=False,
            soft_wrap=True,
        )
        return
    _console(console, client, REAL, "cloud-init marker", stop)
    lacking = _status_of(host).get("problems", [])
    if not _status_of(host).get("forward_address"):
        console.print("\nIts guests do not reach each other:", highlight=False)
        for line in lacking:
            console.print(f"    {line}", highlight=False, soft_wrap=True)
        return
    _step(console, profile, ["apply", "-f", folders[3], "--timeout", "180"])
    _console(console, client, BESIDE, "cloud-init marker", stop)
    _outside(console, client)


def _status_of(document: Object) -> Mapping[str, Any]:
    return document.get("status", {})


def _client(profile: str) -> Client:
    settings = Profiles().get(profile)
    if settings is None:
        raise StartFailed(f"The profile {profile!r} has gone.")
    return settings.client()


def _step(console: Console, profile: str, arguments: list[str], *, ends: frozenset[int] = frozenset({0})) -> None:
    console.print(f"\n[bold]$ pextra {' '.join(arguments)}[/bold]", highlight=False, soft_wrap=True)
    command = [sys.executable, "-m", "pextra_client", "--profile", profile, *arguments]
    if subprocess.run(command, check=False).returncode not in ends:
        raise StartFailed("The command above failed.")


def _outside(console: Console, client: Client) -> None:
    """Show what a connection from outside the tenant's network reaches: what the security group lets in."""
    status = _status_of(client.get("floating_ip", "web", tenant=TENANT))
    console.print("\n[bold]From this machine[/bold], by the floating IP:", highlight=False)
    for endpoint in status["endpoints"]:
        _, address, _, port = endpoint.split()
        try:
            with urllib.request.urlopen(f"http://{address}/", timeout=3) as answer:
                said = answer.read(200).decode(errors="replace").strip()
        except OSError:
            said = "no answer, the security group lets nobody in"
        console.print(f"    http://{address}/ (port {port}): {said}", highlight=False, soft_wrap=True)


def _console(console: Console, client: Client, name: str, marker: str, stop: threading.Event) -> None:
    """Show the guest's serial console once it says what it is waited for."""
    console.print(f"\n[bold]The serial console of {name}[/bold], a real virtual machine:", highlight=False)
    text = ""
    for _ in range(int(BOOT_S)):
        text = console_text(client, name)
        if marker in text or stop.wait(1.0):
            break
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", text)
    shown = "\n".join(plain.splitlines()[-18:])
    console.print(Panel(Syntax(shown, "text", theme="ansi_dark", word_wrap=True), title=name))


def console_text(client: Client, name: str = REAL) -> str:
    """The end of the guest's console."""
    operation = client.act("instance", name, "console_log", {"tail_bytes": 8192}, tenant=TENANT)
    done = client.wait_for_operation(operation, timeout_s=30)
    return str(_status_of(done)["result"].get("text", ""))
