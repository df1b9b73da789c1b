"""`pextra login`: keep an endpoint and a token in a profile."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from pextra_client.cli.exits import UsageError
from pextra_client.cli.session import Session
from pextra_client.config import Profiles, Settings

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
) -> None:
    """Checks a token and keeps it, with the address of the cloud, in a profile that only you can read.

    The token is asked for on a terminal, and read from standard input otherwise.
    """
    profiles = Profiles()
    name = session.options.profile or os.environ.get("PEXTRA_PROFILE") or profiles.current()
    given = replace(session.flags, endpoints=tuple(address or ()) or session.flags.endpoints)
    given = given.over(Settings.from_environment(os.environ))
    settings = replace(given, token=given.token or _token(token_file))
    stored = profiles.get(name) or Settings()
    if settings.endpoints in {(), stored.endpoints}:  # another cloud has nothing in common with the stored one
        settings = settings.over(stored)
    _warn_of_clear_text(session, settings)
    with settings.client() as client:
        me = client.whoami()
        if settings.tenant is None:
            settings = replace(settings, tenant=me.get("tenant"))
    profiles.save(name, settings)
    session.out.notice(f"profile {name!r} is stored in {profiles.path}")
    session.out.line(f"logged in as {me.get('user')} of tenant {me.get('tenant')}")


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
            session.out.warn(f"{endpoint} is not encrypted: everybody on the way can read the token")
