"""Logging in: who is it, is it they, and what they get for it.

Whoever names a tenant, a user or a password that there is not learns the same, after the same work, as who gives a
wrong password. Nothing is hashed inside a transaction.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from pextra.declaration.kind import LABEL, PATH, SpecModel, validate
from pextra.errors import PextraError, invalid
from pextra.resources.user import PasswordText
from pextra.services import auditing, bounds, sessions, views
from pextra.services.attempts import Attempts, Bucket, network_of
from pextra.services.cloud import Cloud, Context, Origin, Principal, lineage
from pextra.services.password_hashing import Hashing
from pextra.store import authority, login_places, objects, passwords
from pextra.store.database import Tx
from pextra.store.passwords import Candidate, Password
from pextra.store.records import Record
from pextra.tenancy import passwords as rules

Verifier = Callable[[Candidate, str], bool]
"""Tells whether it is the candidate who knows the password; no of one who is not there, after the same work."""


class LoginRequest(SpecModel):
    """What a login is asked for with."""

    tenant: Annotated[str, Field(min_length=1, max_length=253)]
    """The user's tenant, by its path."""
    user: Annotated[str, Field(min_length=1, max_length=63)]
    """The user's name."""
    password: PasswordText
    """The user's password."""
    new_password: PasswordText | None = None
    """Sets this one in its place, and ends all other sessions; needed where the present one must be changed."""


@dataclass(slots=True)
class Named:
    """Whom a login named, for the audit log; filled in as it becomes known.

    Attributes:
        chain: uid and path of the tenant, when it is there.
    """

    tenant: str = ""
    user: str = ""
    chain: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a login that succeeded writes."""

    who: Candidate
    buckets: tuple[Bucket, ...]
    network: str
    origin: Origin
    new: str | None = field(default=None, repr=False)
    rehashed: str | None = field(default=None, repr=False)


def failed() -> PextraError:
    """The refusal of a login, the same whatever was wrong."""
    return PextraError(
        "auth.login_failed",
        "The login failed: the tenant, the user or the password is wrong, or the user may not log in.",
    )


class Login:
    """Logs users in.

    Args:
        session_s: how long a session lasts.
        verifier: tells whether it is they; by default by the password that is stored here.
    """

    def __init__(
        self, cloud: Cloud, hashing: Hashing, attempts: Attempts, *, session_s: int, verifier: Verifier | None = None
    ) -> None:
        self._cloud = cloud
        self._hashing = hashing
        self._attempts = attempts
        self._session_s = session_s
        self._verifier = verifier or self._by_own_password

    def _by_own_password(self, who: Candidate, password: str) -> bool:
        return self._hashing.verify(who.password.hash if who.password is not None else None, password)

    def run(self, body: Any, origin: Origin, named: Named) -> tuple[dict[str, Any], dict[str, Any]]:
        """Log in: the session as clients see it, and what is shown of it once.

        Raises:
            PextraError: `auth.login_failed`, `auth.too_many_attempts`, `auth.password_change_required`,
                `tenant.suspended`, `server.busy`; `spec.invalid` for the new password, when the present one is right.
        """
        asked = LoginRequest.model_validate(validate(LoginRequest, body, "login", prefix="login"))
        named.tenant, named.user = _told(asked.tenant, PATH), _told(asked.user, LABEL)
        network = network_of(origin.address)

        def look(tx: Tx) -> tuple[Candidate, tuple[Bucket, ...], PextraError | None]:
            who = passwords.candidate(tx, self._cloud.site.uid, asked.tenant, asked.user)
            buckets = self._attempts.buckets(tx, who, network)
            return who, buckets, self._attempts.refusal(tx, buckets)

        who, buckets, refusal = self._cloud.database.read(look)
        named.chain = (who.tenant_uid, who.tenant) if who.tenant_uid is not None else None
        if refusal is not None:
            raise refusal
        password = rules.normalized(asked.password)
        with self._hashing.turn():
            self._attempts.begin(buckets)
            if not self._verifier(who, password) or not who.spec.get("enabled", True):
                raise failed()
            wanted = self._wanted(asked, who, password, _Wanted(who, buckets, network, origin))
        return self._cloud.database.write(lambda tx: self._admit(tx, wanted))

    def _wanted(self, asked: LoginRequest, who: Candidate, password: str, plain: _Wanted) -> _Wanted:
        """What is to be written, hashes made.

        Raises:
            PextraError: the password is right, and must be changed, or cannot be changed to that one.
        """
        held, now_us = who.password, int(self._cloud.database.clock.now() * 1_000_000)
        if held is not None and held.expires_us is not None and held.expires_us <= now_us:
            raise failed()
        if asked.new_password is None:
            if held is not None and held.must_change:
                self._forgive(plain.buckets)
                raise PextraError(
                    "auth.password_change_required",
                    "This password is good for setting another one only: log in with it and a new password.",
                )
            outdated = held is not None and self._hashing.is_outdated(held.hash)
            rehashed = self._hashing.hash(password) if outdated else None
            return _Wanted(who, plain.buckets, plain.network, plain.origin, rehashed=rehashed)
        new = rules.normalized(asked.new_password)
        against = objection(who.tenant, who.user, who.spec, new)
        if new == password:
            against = "is the present one: choose another"
        if against is None and held is None:
            against = "cannot be set here: the password is kept elsewhere"
        if against is not None:
            self._forgive(plain.buckets)
            raise invalid([{"field": "new_password", "message": against}], "login")
        return _Wanted(who, plain.buckets, plain.network, plain.origin, new=self._hashing.hash(new))

    def _forgive(self, buckets: tuple[Bucket, ...]) -> None:
        self._cloud.database.write(lambda tx: self._attempts.forgive(tx, buckets))

    def _admit(self, tx: Tx, wanted: _Wanted) -> tuple[dict[str, Any], dict[str, Any]]:
        """Make the session, unless what was verified is no longer so."""
        who, cloud = wanted.who, self._cloud
        assert who.tenant_uid is not None
        assert who.user_uid is not None
        user = objects.by_uid(tx, who.tenant_uid, who.user_uid)
        now = passwords.candidate(tx, cloud.site.uid, who.tenant, who.user)
        if user is None or now.user_uid != user.uid or now.password != who.password:
            raise failed()
        if not user.spec.get("enabled", True):
            raise failed()
        for level in authority.levels(tx, cloud.site.uid, lineage(who.tenant)):
            if level.suspended:
                raise PextraError(
                    "tenant.suspended",
                    f"Tenant {level.path!r} is suspended: whoever administers it from above can resume it.",
                    tenant=level.path,
                )
        bounds.only(tx, who.tenant_uid)
        ctx = self._context(tx, wanted, user)
        if wanted.new is not None:
            store(ctx, user, who.tenant, Password(wanted.new))
        elif wanted.rehashed is not None:
            passwords.rehash(tx, user.tenant_uid, user.uid, wanted.rehashed)
        self._attempts.forgive(tx, wanted.buckets)
        login_places.remember(tx, user.tenant_uid, user.uid, wanted.network)
        opened = sessions.open_(ctx, user, who.tenant, lasting_s=self._session_s)
        return views.view(cloud, tx, opened.record, who.tenant), {"token": opened.token}

    def _context(self, tx: Tx, wanted: _Wanted, user: Record) -> Context:
        who = Principal(user.uid, user.name, user.tenant_uid, wanted.who.tenant, "", credential="password")
        return Context(self._cloud, tx, who, origin=wanted.origin, reason="the right password")


def _told(text: str, pattern: re.Pattern[str]) -> str:
    """What the audit log is told that was given as a name: a name; what can be none may be a password."""
    return text if pattern.fullmatch(text) else "(no name)"


def objection(tenant: str, user: str, spec: dict[str, Any], password: str) -> str | None:
    """What speaks against a password of this user."""
    return rules.objection(password, (tenant, user, spec.get("email") or "", spec.get("display_name") or ""))


def store(ctx: Context, user: Record, path: str, password: Password, *, shown: bool = False) -> None:
    """Set the user's password, which ends the user's sessions; the audit log is told that it was set.

    Args:
        path: of the user's tenant.
        shown: it was generated, and is shown to whoever asked for it.
    """
    passwords.put(ctx.tx, user.tenant_uid, user.uid, password)
    sessions.end_all(ctx, user)
    auditing.changed(ctx, "set_password", user, path, minted=shown)
