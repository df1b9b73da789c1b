"""`pextra whoami` and `pextra logout`."""

from __future__ import annotations

from pextra_client.cli.session import Session
from pextra_client.cli.text import cell, columns
from pextra_client.config import Profiles


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
    """Removes the token from the profile. It stays valid: revoke it by deleting its api_token."""
    profiles = Profiles()
    name = session.options.profile or profiles.current()
    if profiles.forget_token(name):
        session.out.line(f"the token of profile {name!r} is removed")
    else:
        session.out.notice(f"profile {name!r} holds no token")
