"""What is kept beside users and identity providers, for their tokens to be recognised by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pextra.declaration.kind import Kind, Spec
from pextra.errors import PextraError, invalid
from pextra.identity.outbound import trusting
from pextra.services.cloud import Context
from pextra.store import identities
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
    oidc = spec.get("oidc")
    if oidc is None:
        identities.distrust(ctx.tx, provider.tenant_uid, provider.uid)
        return
    try:
        trusting(oidc.get("authorities"))
    except ValueError as error:
        fault = {"field": "spec.oidc.authorities", "message": str(error)}
        raise invalid([fault], f"{KIND} {provider.name!r}") from error
    identities.trust(ctx.tx, provider.tenant_uid, provider.uid, oidc["issuer"], oidc["audiences"])


def forget(tx: Tx, record: Record) -> None:
    """The object goes, and with it what was kept beside it."""
    if record.kind == "user":
        identities.forget_user(tx, record.tenant_uid, record.uid)
    elif record.kind == KIND:
        identities.distrust(tx, record.tenant_uid, record.uid)
