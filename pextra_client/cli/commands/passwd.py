"""`pextra passwd`: set a password."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Annotated, Any

import typer

from pextra_client.cli.exits import UsageError
from pextra_client.cli.passwords import ask_new_password, read_line
from pextra_client.cli.session import Session
from pextra_client.config import Profiles


def run(
    session: Session,
    *,
    user: Annotated[str | None, typer.Argument(help="Whose; your own without it.")] = None,
    generate: Annotated[
        bool,
        typer.Option("--generate", help="Have one made up, which must be changed at the first login."),
    ] = False,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read from standard input: for your own the present one first."),
    ] = False,
) -> None:
    """Sets your password, or another user's; it ends that user's sessions, and begins a new one of yours."""
    me = session.client.whoami()
    tenant = session.settings.tenant or me["tenant"]
    own = me["kind"] == "user" and (user is None or (user == me["user"] and tenant == me["tenant"]))
    if user is None and not own:
        raise UsageError(f"a {me['kind']} has no password: name a user")
    if own and not generate:
        _own(session, me, from_stdin=password_stdin)
        return
    arguments: dict[str, object] = {"generate": True} if generate else {"password": _new(from_stdin=password_stdin)}
    answer: Any = session.client.act("user", user or me["user"], "set_password", arguments, tenant=tenant)
    if generate:
        session.out.line(answer["minted"]["password"])
    session.out.notice(f"the password of {user or me['user']} is set")


def _own(session: Session, me: dict[str, Any], *, from_stdin: bool) -> None:
    """Change one's own by logging in with it, which leaves a session where the old ones have ended."""
    present = _present(from_stdin=from_stdin)
    new = _new(from_stdin=from_stdin)
    if not present:
        session.client.act("user", me["user"], "set_password", {"password": new}, tenant=me["tenant"])
        session.out.notice("your password is set")
        return
    with replace(session.settings, token=None).client() as client:
        made = client.login(me["tenant"], me["user"], present, new_password=new)
    profiles = Profiles()
    name = session.options.profile or os.environ.get("PEXTRA_PROFILE") or profiles.current()
    stored = profiles.get(name)
    session.out.notice("your password is set, and your other sessions have ended")
    if stored is not None and stored.token == session.settings.token and me["credential"]["kind"] == "session":
        profiles.save(name, replace(stored, token=made["minted"]["token"]), make_current=False)
    else:  # what we act by is no session of this profile's, and stays valid
        with replace(session.settings, token=made["minted"]["token"]).client() as client:
            client.delete("session", made["metadata"]["name"], tenant=me["tenant"])


def _present(*, from_stdin: bool) -> str:
    if from_stdin:
        return read_line()
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask for the password on: give --password-stdin")
    prompt = "Present password (empty: there is none yet)"
    return str(typer.prompt(prompt, hide_input=True, err=True, default="", show_default=False))


def _new(*, from_stdin: bool) -> str:
    if from_stdin:
        password = read_line()
        if not password:
            raise UsageError("the new password is empty")
        return password
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask for the password on: give --password-stdin")
    return ask_new_password("New password")
