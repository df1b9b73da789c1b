"""What is kept beside users and identity providers, for their tokens to be recognised by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pextra.declaration.kind import Kind, Spec
from pextra.errors import PextraError, invalid
from pextra.identity.outbound import trusting
from pextra.services.cloud import Context
from pextra.store import identities, objects, secrets
from pextra.store.database import Tx
from pextra.store.records import Record

KIND: Final = "identity_provider"


def written(ctx: Context, kind: Kind, record: Record, spec: Spec) -> None:
    """Keep what is looked up of a user or an identity provider that is being stored.

    Raises:
        PextraError: `object.conflict` when the identity is another user's; `spec.invalid`.
    """
    if kind.name == "user":
        _keep_identity(ctx, record, spec.get("identity"))
    elif kind.name == KIND:
        _keep_provider(ctx, record, spec)


def _keep_identity(ctx: Context, user: Record, identity: Mapping[str, Any] | None) -> None:
    pin = None if identity is None else user.resolved.get(f"{KIND}/{identity['provider']}")
    if identity is not None and pin is None:
        return  # a plan, in which the provider is still to be made
    if pin is not None and pin["tenant_uid"] != user.tenant_uid:
        message = "spec.identity.provider: an identity is one of the user's own tenant."
        raise PextraError("reference.not_found", message, field="spec.identity.provider")
    wanted = None if pin is None or identity is None else (pin["uid"], identity["subject"])
    if not identities.keep(ctx.tx, user.tenant_uid, user.uid, wanted):
        raise PextraError(
            "object.conflict",
            "spec.identity.subject: another user of this tenant is that at the provider: take it away there first.",
            field="spec.identity.subject",
        )


def _keep_provider(ctx: Context, provider: Record, spec: Spec) -> None:
    sort, said = ("oidc", spec["oidc"]) if "oidc" in spec else ("ldap", spec["ldap"])
    try:
        trusting(said.get("authorities"))
    except ValueError as error:
        fault = {"field": f"spec.{sort}.authorities", "message": str(error)}
        raise invalid([fault], f"{KIND} {provider.name!r}") from error
    if sort == "oidc":
        identities.trust(ctx.tx, provider.tenant_uid, provider.uid, said["issuer"], said["audiences"])
    else:
        identities.distrust(ctx.tx, provider.tenant_uid, provider.uid)
        _check_directory(ctx, provider, spec)


def _check_directory(ctx: Context, provider: Record, spec: Spec) -> None:
    """Refuse a second directory, for a name at a login has to mean one, and a secret that cannot be used."""
    others = [each for each in objects.of_kind(ctx.tx, provider.tenant_uid, KIND) if each.uid != provider.uid]
    if spec["enabled"] and any(map(is_enabled_directory, others)):
        raise PextraError(
            "object.conflict",
            "spec.enabled: another identity provider of this tenant is a directory: disable it first, logins ask one.",
            field="spec.enabled",
        )
    search: Mapping[str, Any] = spec["ldap"].get("search", {})
    account = search.get("account")
    pin = None if account is None else provider.resolved.get(f"secret/{account['secret']}")
    if account is None or pin is None:
        return  # or a plan, in which the secret is still to be made
    if f"data.{account['entry']}" not in secrets.facts(ctx.tx, pin["tenant_uid"], pin["uid"]):
        message = f"secret {account['secret']!r} has no entry {account['entry']!r}"
        raise invalid([{"field": "spec.ldap.search.account.entry", "message": message}], f"{KIND} {provider.name!r}")


def is_enabled_directory(provider: Record) -> bool:
    """Whether logins ask this provider."""
    return "ldap" in provider.spec and provider.spec.get("enabled", True) and not provider.deleting


def directory_of(tx: Tx, user: Record) -> Record | None:
    """The directory by whose password alone the user logs in, enabled or not; None: by one that is kept here."""
    identity = user.spec.get("identity")
    pin = None if identity is None else user.resolved.get(f"{KIND}/{identity['provider']}")
    provider = None if pin is None else objects.by_uid(tx, pin["tenant_uid"], pin["uid"])
    return provider if provider is not None and "ldap" in provider.spec else None


def forget(tx: Tx, record: Record) -> None:
    """The object goes, and with it what was kept beside it."""
    if record.kind == "user":
        identities.forget_user(tx, record.tenant_uid, record.uid)
    elif record.kind == KIND:
        identities.distrust(tx, record.tenant_uid, record.uid)
