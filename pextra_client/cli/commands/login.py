"""`pextra login`: keep an endpoint and a token, or that of a new session, in a profile."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from pextra_client.cli.exits import UsageError
from pextra_client.cli.passwords import ask_new_password, read_line, read_password
from pextra_client.cli.session import Session
from pextra_client.config import Profiles, Settings
from pextra_client.errors import ApiError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def run(
    session: Session,
    *,
    address: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ENDPOINT]…", help="https://cloud.example.com:8443; several of one cloud."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="Where to read the token; - for standard input.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", "-u", help="Log in as this user of --tenant, with a password.")
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read the password from standard input; a second line sets a new one."),
    ] = False,
) -> None:
    """Keeps a token, with the address of the cloud, in a profile that only you can read.

    With --user it is that of a new session, for which the password is asked; without, a token is asked for on a
    terminal, and read from standard input otherwise.
    """
    profiles = Profiles()
    name = session.options.profile or os.environ.get("PEXTRA_PROFILE") or profiles.current()
    given = replace(session.flags, endpoints=tuple(address or ()) or session.flags.endpoints)
    given = given.over(Settings.from_environment(os.environ))
    if password_stdin and user is None:
        raise UsageError("--password-stdin needs --user: whose password it is")
    settings = given if user is not None else replace(given, token=given.token or _token(token_file))
    stored = profiles.get(name) or Settings()
    if settings.endpoints in {(), stored.endpoints}:  # another cloud has nothing in common with the stored one
        settings = settings.over(stored)
    _warn_of_clear_text(session, settings)
    if user is not None:
        settings = replace(settings, token=_session(settings, user, from_stdin=password_stdin))
    with settings.client() as client:
        me = client.whoami()
        if settings.tenant is None:
            settings = replace(settings, tenant=me.get("tenant"))
    profiles.save(name, settings)
    session.out.notice(f"profile {name!r} is stored in {profiles.path}")
    session.out.line(f"logged in as {me.get('user')} of tenant {me.get('tenant')}")


def _session(settings: Settings, user: str, *, from_stdin: bool) -> str:
    """The token of a new session."""
    if not settings.tenant:
        raise UsageError("a user belongs to a tenant: give --tenant")
    password = read_password("Password", from_stdin=from_stdin)
    new = read_line() if from_stdin else None
    with replace(settings, token=None).client() as client:
        try:
            made = client.login(settings.tenant, user, password, new_password=new or None)
        except ApiError as error:
            if error.code != "auth.password_change_required" or from_stdin or not sys.stdin.isatty():
                raise
            new = ask_new_password("This password must be changed. New password")
            made = client.login(settings.tenant, user, password, new_password=new)
    return str(made["minted"]["token"])


def _token(file: Path | None) -> str:
    if file is not None and str(file) != "-":
        try:
            text = file.read_text("utf-8")
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    elif file is None and sys.stdin.isatty():
        text = str(typer.prompt("Token", hide_input=True, err=True))
    else:
        text = sys.stdin.readline()
    token = text.strip()
    if not token:
        raise UsageError("the token is empty")
    return token


def _warn_of_clear_text(session: Session, settings: Settings) -> None:
    for endpoint in settings.endpoints:
        parts = urlsplit(endpoint)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            session.out.warn(f"{endpoint} is not encrypted: everybody on the way can read the token or password")
