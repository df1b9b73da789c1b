"""`pextra whoami` and `pextra logout`."""

from __future__ import annotations

import os

from pextra_client.cli.session import Session
from pextra_client.cli.text import cell, columns
from pextra_client.config import Profiles, Settings
from pextra_client.errors import ApiError, TransportError


def whoami(session: Session) -> None:
    """Tells who the token stands for, and where."""
    me = session.client.whoami()
    if session.out.structured:
        session.out.document(me)
        return
    facts = [("endpoint", ", ".join(session.settings.endpoints)), *me.items()]
    if session.settings.tenant:
        facts.append(("working in", session.settings.tenant))
    for line in columns([[name.replace("_", " "), cell(value)] for name, value in facts]):
        session.out.line(line)


def logout(session: Session) -> None:
    """Ends the session on the server and removes its token from the profile.

    A token that was not made by a login stays valid: revoke it by deleting its api_token.
    """
    profiles = Profiles()
    name = session.options.profile or os.environ.get("PEXTRA_PROFILE") or profiles.current()
    stored = profiles.get(name)
    if stored is not None and stored.token is not None:
        _end(session, stored)
    if profiles.forget_token(name):
        session.out.line(f"the token of profile {name!r} is removed")
    else:
        session.out.notice(f"profile {name!r} holds no token")


def _end(session: Session, stored: Settings) -> None:
    """End the session that the stored token stands for; what cannot be reached is only told of."""
    try:
        with stored.client() as client:
            me = client.whoami()
            credential: dict[str, str] = me.get("credential", {})  # servers of old do not tell
            if credential.get("kind") == "session":
                client.delete("session", credential["name"], tenant=me["tenant"])
    except ApiError as error:
        if error.code != "auth.unauthenticated":  # else it has ended already
            session.out.warn(f"the session may go on: {error}")
    except TransportError as error:
        session.out.warn(f"the session goes on until it expires: {error}")
