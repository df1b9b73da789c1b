"""Setting a user's password: by an administrator, or by the user, who then gives the present one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Final

from pextra.errors import PextraError, invalid
from pextra.services import acting, granting, identities, login
from pextra.services.acting import Shown
from pextra.services.attempts import Attempts, Bucket, network_of
from pextra.services.authorization import SET_PASSWORD
from pextra.services.cloud import Address, Cloud, Context
from pextra.services.password_hashing import Hashing
from pextra.store import passwords
from pextra.store.passwords import Candidate, Password
from pextra.tenancy import passwords as rules

GENERATED_GOOD_FOR_S: Final = 7 * 86_400
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Those that nobody takes for one another."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A password that may be set, as far as can be told without hashing.

    Attributes:
        verify: the present one, which `current` has to be; None: it need not be known.
    """

    uid: str
    new: str = field(repr=False)
    generated: bool
    current: str | None = field(repr=False)
    verify: Password | None
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be stored.

    Attributes:
        shown: the password that was generated.
        verified: the stored password that the caller turned out to know.
    """

    uid: str
    hash: str = field(repr=False)
    shown: str | None = field(repr=False)
    verified: Password | None
    buckets: tuple[Bucket, ...]


class PasswordSetting:
    """Sets passwords in three steps, of which the second takes long and is no transaction."""

    def __init__(self, cloud: Cloud, hashing: Hashing, attempts: Attempts) -> None:
        self._cloud = cloud
        self._hashing = hashing
        self._attempts = attempts

    def propose(self, ctx: Context, address: Address, body: Any, *, uid: str | None) -> Proposed:
        """What is asked for, when the caller may.

        Raises:
            PextraError: `auth.denied`, `auth.escalation`, `object.not_found`; `spec.invalid`, also for a password that
                is too easily guessed.
        """
        user, tenant = acting.located(ctx, address, SET_PASSWORD, uid)
        assert tenant is not None
        arguments = acting.arguments_of(address, address.kind.action(SET_PASSWORD), body)
        acting.require_staying(address, user)
        granting.check_password(ctx, user, tenant)
        generated = bool(arguments.get("generate"))
        if generated == ("password" in arguments):
            raise _invalid(address, "password", "give a password, or have one generated")
        new = _generated() if generated else rules.normalized(arguments["password"])
        directory = identities.directory_of(ctx.tx, user)
        if directory is not None:
            raise _invalid(address, "password", f"is kept by identity provider {directory.name!r}: change it there")
        against = None if generated else login.objection(tenant.path, user.name, user.spec, new)
        if against is not None:
            raise _invalid(address, "password", against)
        held = passwords.of(ctx.tx, user.tenant_uid, user.uid)
        known = ctx.principal.uid != user.uid or ctx.principal.break_glass
        verify = None if known else held
        current = arguments.get("current")
        if verify is not None and current is None:
            raise _invalid(address, "current", "to set one's own password, the present one is needed")
        who = Candidate(tenant.path, user.name, user.tenant_uid, user.uid)
        buckets = self._attempts.buckets(ctx.tx, who, network_of(ctx.origin.address)) if verify is not None else ()
        return Proposed(
            user.uid, new, generated, rules.normalized(current) if current is not None else None, verify, buckets
        )

    def prepare(self, proposed: Proposed) -> Prepared:
        """Verify the present password and hash the new one.

        Raises:
            PextraError: `auth.wrong_password`, `auth.too_many_attempts`, `server.busy`.
        """
        with self._hashing.turn():
            if proposed.verify is not None:
                self._attempts.begin(proposed.buckets)
                if not self._hashing.verify(proposed.verify.hash, proposed.current or ""):
                    raise PextraError("auth.wrong_password", "`current` is not the present password.")
            made = self._hashing.hash(proposed.new)
        shown = proposed.new if proposed.generated else None
        return Prepared(proposed.uid, made, shown, proposed.verify, proposed.buckets)

    def set(self, ctx: Context, address: Address, prepared: Prepared) -> Shown:
        """Store it, when the caller still may; the user's sessions end.

        Raises:
            PextraError: `auth.wrong_password`: it was changed meanwhile; and as `propose`.
        """
        user, tenant = acting.located(ctx, address, SET_PASSWORD, prepared.uid)
        assert tenant is not None
        acting.require_staying(address, user)
        granting.check_password(ctx, user, tenant)
        if prepared.verified is not None:
            if passwords.of(ctx.tx, user.tenant_uid, user.uid) != prepared.verified:
                raise PextraError("auth.wrong_password", "The password was changed meanwhile.")
            self._attempts.forgive(ctx.tx, prepared.buckets)
        once = prepared.shown is not None
        expires_us = ctx.tx.now_us + GENERATED_GOOD_FOR_S * 1_000_000 if once else None
        login.store(ctx, user, tenant.path, Password(prepared.hash, once, expires_us), shown=once)
        body = {
            "target": {"kind": user.kind, "name": user.name, "uid": user.uid},
            "action": SET_PASSWORD,
            "arguments": {"generate": once},
        }
        return Shown(body, {"password": prepared.shown} if once else {})


def _generated() -> str:
    """A password of 148 bits of chance, in groups that can be read out."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(6))


def _invalid(address: Address, field_: str, message: str) -> PextraError:
    return invalid([{"field": f"arguments.{field_}", "message": message}], str(address))
