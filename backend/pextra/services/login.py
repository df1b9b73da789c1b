"""Logging in: who is it, is it they, and what they get for it.

Whoever names a tenant, a user or a password that there is not learns the same, after the same work, as who gives a
wrong password; where the tenant has a directory, that is asked each time (`directory_login`). Nothing is hashed and
nobody is asked inside a transaction, and nobody is asked while a turn to hash is held.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from pydantic import Field

from pextra.declaration.kind import LABEL, PATH, SpecModel, validate
from pextra.errors import PextraError, invalid
from pextra.identity.directory import Sought, folded
from pextra.resources.user import PasswordText
from pextra.services import auditing, bounds, directory_login, sessions, views
from pextra.services.attempts import Attempts, Bucket, network_of
from pextra.services.cloud import Cloud, Context, Origin, Principal, lineage
from pextra.services.directory_login import Asking, Providers
from pextra.services.password_hashing import Hashing
from pextra.services.sessions import Vouched
from pextra.store import authority, login_places, objects, passwords
from pextra.store.database import Tx
from pextra.store.passwords import Candidate, Password
from pextra.store.records import Record
from pextra.tenancy import passwords as rules


class LoginRequest(SpecModel):
    """What a login is asked for with."""

    tenant: Annotated[str, Field(min_length=1, max_length=253)]
    """The user's tenant, by its path."""
    user: Annotated[str, Field(min_length=1, max_length=255)]
    """The user's name; or what the tenant's directory calls the user. Capitals are small letters."""
    password: PasswordText
    """The user's password; of who is in the directory, the directory's."""
    new_password: PasswordText | None = None
    """Sets this one in its place, and ends all other sessions; needed where the present one must be changed."""


@dataclass(slots=True)
class Named:
    """Whom a login named, for the audit log; filled in as it becomes known.

    Attributes:
        chain: uid and path of the tenant, when it is there.
        provider: the identity provider that was asked; empty: none.
    """

    tenant: str = ""
    user: str = ""
    chain: tuple[str, str] | None = None
    provider: str = ""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a login that succeeded writes.

    Attributes:
        vouched: by whose word, when it is not by a password that is kept here.
        session_s: how long the session lasts, when not as long as others.
    """

    who: Candidate
    buckets: tuple[Bucket, ...]
    network: str
    origin: Origin
    vouched: Vouched | None = None
    session_s: int | None = None
    new: str | None = field(default=None, repr=False)
    rehashed: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a login finds before it begins.

    Attributes:
        refusal: why no attempt is taken now.
        to_ask: the tenant's directory.
    """

    who: Candidate
    providers: Providers
    buckets: tuple[Bucket, ...]
    refusal: PextraError | None
    to_ask: Asking | None


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
    """

    def __init__(self, cloud: Cloud, hashing: Hashing, attempts: Attempts, *, session_s: int) -> None:
        self._cloud = cloud
        self._hashing = hashing
        self._attempts = attempts
        self._session_s = session_s

    def run(self, body: Any, origin: Origin, named: Named) -> tuple[dict[str, Any], dict[str, Any]]:
        """Log in: the session as clients see it, and what is shown of it once.

        Raises:
            PextraError: `auth.login_failed`, `auth.too_many_attempts`, `auth.password_change_required`,
                `tenant.suspended`, `server.busy`, `identity.unavailable`; when the password is right, `quota.exceeded`
                and, for the new password, `spec.invalid`.
        """
        asked = LoginRequest.model_validate(validate(LoginRequest, body, "login", prefix="login"))
        named.tenant, named.user = _told(asked.tenant, PATH), _told(folded(asked.user), LABEL)
        looked = self._cloud.database.read(lambda tx: self._look(tx, asked, network_of(origin.address)))
        who = looked.who
        named.chain = (who.tenant_uid, who.tenant) if who.tenant_uid is not None else None
        if looked.refusal is not None:
            raise looked.refusal
        password = rules.normalized(asked.password)
        plain = _Wanted(who, looked.buckets, network_of(origin.address), origin)
        with self._hashing.turn():
            self._attempts.begin(looked.buckets)
            wanted = self._wanted(asked, who, password, plain) if self._knows(looked, password) else None
        if wanted is None:
            wanted = self._by_directory(asked, looked, password, plain, named)
        return self._cloud.database.write(lambda tx: self._admit(tx, wanted))

    def _look(self, tx: Tx, asked: LoginRequest, network: str) -> _Looked:
        who = passwords.candidate(tx, self._cloud.site.uid, asked.tenant, folded(asked.user))
        providers = directory_login.providers(self._cloud, tx, who)
        buckets = self._attempts.buckets(tx, who, network, asked=providers.attempts)
        refusal = self._attempts.refusal(tx, buckets)
        to_ask = None
        if refusal is None and providers.directory is not None:
            to_ask = directory_login.asking(self._cloud, tx, providers.directory)
        return _Looked(who, providers, buckets, refusal, to_ask)

    def _knows(self, looked: _Looked, password: str) -> bool:
        """Whether it is the password that is kept here of a user who may log in by it; as much work if not."""
        who = looked.who
        held = who.password if looked.providers.keep(who) is None else None
        is_it = self._hashing.verify(held.hash if held is not None else None, password)
        now_us = int(self._cloud.database.clock.now() * 1_000_000)
        expired = held is not None and held.expires_us is not None and held.expires_us <= now_us
        return is_it and not expired and who.spec.get("enabled", True)

    def _by_directory(
        self, asked: LoginRequest, looked: _Looked, password: str, plain: _Wanted, named: Named
    ) -> _Wanted:
        """What is to be written when the tenant's directory knows who that is.

        Raises:
            PextraError: `auth.login_failed` when it does not, and as `run`.
        """
        who, to_ask = looked.who, looked.to_ask
        if to_ask is None:
            raise failed()
        keeper = looked.providers.keep(who)
        sought = None
        if who.user_uid is None:
            sought = Sought(folded(asked.user))
        elif keeper == to_ask.provider.name:
            sought = Sought(folded(asked.user), who.spec["identity"]["subject"])
        if sought is not None:
            named.provider = to_ask.provider.name
        vouched = directory_login.vouched(self._cloud, to_ask, who, sought, password)
        if vouched is None:
            raise failed()
        if asked.new_password is not None:
            self._forgive(plain.buckets)
            message = f"cannot be set here: identity provider {to_ask.provider.name!r} keeps the password"
            raise invalid([{"field": "new_password", "message": message}], "login")
        longest_s = to_ask.spec["ldap"].get("session_s", self._session_s)
        return replace(plain, vouched=vouched, session_s=min(self._session_s, longest_s))

    def _wanted(self, asked: LoginRequest, who: Candidate, password: str, plain: _Wanted) -> _Wanted:
        """What is to be written, hashes made.

        Raises:
            PextraError: the password is right, and must be changed, or cannot be changed to that one.
        """
        held = who.password
        if asked.new_password is None:
            if held is not None and held.must_change:
                self._forgive(plain.buckets)
                raise PextraError(
                    "auth.password_change_required",
                    "This password is good for setting another one only: log in with it and a new password.",
                )
            outdated = held is not None and self._hashing.is_outdated(held.hash)
            rehashed = self._hashing.hash(password) if outdated else None
            return replace(plain, rehashed=rehashed)
        new = rules.normalized(asked.new_password)
        against = objection(who.tenant, who.user, who.spec, new)
        if new == password:
            against = "is the present one: choose another"
        if against is not None:
            self._forgive(plain.buckets)
            raise invalid([{"field": "new_password", "message": against}], "login")
        return replace(plain, new=self._hashing.hash(new))

    def _forgive(self, buckets: tuple[Bucket, ...]) -> None:
        self._cloud.database.write(lambda tx: self._attempts.forgive(tx, buckets))

    def _admit(self, tx: Tx, wanted: _Wanted) -> tuple[dict[str, Any], dict[str, Any]]:
        """Make the session, unless what was verified is no longer so."""
        who, cloud = wanted.who, self._cloud
        assert who.tenant_uid is not None
        user = self._user(tx, wanted)
        if user is None or user.deleting or not user.spec.get("enabled", True):
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
        if wanted.vouched is not None and not directory_login.still_stands(cloud, tx, wanted.vouched):
            raise failed()
        self._attempts.forgive(tx, wanted.buckets)
        login_places.remember(tx, user.tenant_uid, user.uid, wanted.network)
        lasting_s = wanted.session_s or self._session_s
        opened = sessions.open_(ctx, user, who.tenant, lasting_s=lasting_s, vouched=wanted.vouched)
        return views.view(cloud, tx, opened.record, who.tenant), {"token": opened.token}

    def _user(self, tx: Tx, wanted: _Wanted) -> Record | None:
        """The user who is to be let in, unless it is somebody else now, or has another password."""
        who, vouched = wanted.who, wanted.vouched
        assert who.tenant_uid is not None
        now = passwords.candidate(tx, self._cloud.site.uid, who.tenant, who.user)
        if now.tenant_uid != who.tenant_uid:
            return None
        if vouched is not None:
            return objects.by_uid(tx, who.tenant_uid, vouched.user_uid)
        if now.user_uid != who.user_uid or now.password != who.password:
            return None
        if now.spec.get("identity") != who.spec.get("identity"):
            return None
        assert who.user_uid is not None
        return objects.by_uid(tx, who.tenant_uid, who.user_uid)

    def _context(self, tx: Tx, wanted: _Wanted, user: Record) -> Context:
        path, reason, provider_uid = wanted.who.tenant, "the right password", ""
        if wanted.vouched is not None:
            provider = wanted.vouched.provider
            reason, provider_uid = f"the password of identity provider {path}/{provider.name}", provider.uid
        who = Principal(user.uid, user.name, user.tenant_uid, path, provider_uid, credential="password")
        return Context(self._cloud, tx, who, origin=wanted.origin, reason=reason)


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
