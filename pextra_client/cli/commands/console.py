"""`pextra console`: an instance's serial console in this terminal, or its display in a browser."""

from __future__ import annotations

import sys
import webbrowser
from typing import Annotated

import typer

from pextra_client.cli.selection import select_some
from pextra_client.cli.session import Session


def run(
    session: Session,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="NAME, or TENANT/NAME.")],
    display: Annotated[bool, typer.Option("--display", help="Print the address of a page with the display.")] = False,
    open_: Annotated[bool, typer.Option("--open", help="Open that page in a browser, too.")] = False,
    linger: Annotated[
        float, typer.Option(min=0, help="Seconds of the guest's silence after which piped input is over.")
    ] = 2.0,
) -> None:
    """Opens an instance's serial console. Ctrl-] leaves it.

    Input may be piped, such as `echo uptime | pextra console web-1`. A page's address is good once and for seconds.
    """
    target = select_some(session, "instance", [name])[0]
    if display or open_:
        page = session.client.console_ticket(target.name, device="display", tenant=target.tenant).get("page", "")
        session.out.line(page)
        if open_:
            webbrowser.open(page)
        return
    from pextra_client.cli.terminal import converse  # noqa: PLC0415 - only this verb needs a websocket

    stdin, stdout = sys.stdin, sys.stdout
    with session.client.console(target.name, tenant=target.tenant) as console:
        if stdin.isatty():
            session.out.notice(f"At the serial console of {target.label}. Ctrl-] leaves it; Enter may show a prompt.")
        stdout.flush()
        converse(console, stdin=stdin.fileno(), stdout=stdout.fileno(), linger_s=linger)
    if stdin.isatty():
        session.out.notice("Left the console.")
