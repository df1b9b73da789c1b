"""Reading passwords: from a terminal that does not show them, or from standard input; never from an argument."""

from __future__ import annotations

import sys

import typer

from pextra_client.cli.exits import UsageError


def read_password(prompt: str, *, from_stdin: bool) -> str:
    """A password.

    Raises:
        UsageError: there is none, or nobody to ask.
    """
    if from_stdin:
        password = read_line()
    elif sys.stdin.isatty():
        password = str(typer.prompt(prompt, hide_input=True, err=True))
    else:
        raise UsageError("there is no terminal to ask for the password on: give --password-stdin")
    if not password:
        raise UsageError("the password is empty")
    return password


def read_line() -> str:
    """The next line of standard input, whatever is in it; empty at its end."""
    return sys.stdin.readline().rstrip("\r\n")


def ask_new_password(prompt: str) -> str:
    """A new password, asked for twice on a terminal."""
    return str(typer.prompt(prompt, hide_input=True, err=True, confirmation_prompt=True))
