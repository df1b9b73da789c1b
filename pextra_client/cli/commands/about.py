"""`pextra version` and `pextra completion`."""

from __future__ import annotations

import os
from enum import StrEnum

import typer
from typer.main import get_command

from pextra_client.cli.session import Session
from pextra_client.errors import ClientError
from pextra_client.version import VERSION

PROGRAM = "pextra"


class Shell(StrEnum):
    """Shells that can be told the verbs."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def version(session: Session) -> None:
    """Tells the version of this command and, when one can be reached, of the server."""
    found: dict[str, str] = {"client": VERSION}
    if session.settings.endpoints:
        try:
            found["server"] = str(session.client.capabilities().get("version", "unknown"))
        except ClientError as error:
            session.out.notice(str(error))
    if session.out.structured:
        session.out.document(found)
    else:
        for name, value in found.items():
            session.out.line(f"{name} {value}")


def completion(app: typer.Typer, shell: Shell) -> None:
    """Prints the shell's completion script, which Typer answers when a variable asks for it."""
    os.environ[f"_{PROGRAM.upper()}_COMPLETE"] = f"source_{shell.value}"
    get_command(app)(args=[], prog_name=PROGRAM)
