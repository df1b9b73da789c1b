"""Credentials that come into being with an object and are shown once: bearer tokens and join tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from pextra.declaration.kind import Kind, Spec
from pextra.errors import PextraError
from pextra.pki.join_token import JoinToken
from pextra.services import agents
from pextra.services.cloud import Context
from pextra.store import agents as stored_agents
from pextra.store import credentials
from pextra.store.database import Tx
from pextra.store.records import Record


def mint(ctx: Context, kind: Kind, record: Record, spec: Spec, *, fresh: bool) -> dict[str, Any] | None:
    """What a write of the object shows once; None when it shows nothing.

    Args:
        fresh: the object was just made.
    """
    return _MINTS[kind.name](ctx, record, spec, fresh) if kind.mints else None


def revoke(tx: Tx, record: Record) -> None:
    """The object goes, and with it what it minted."""
    credentials.revoke(tx, record.tenant_uid, record.uid)
    if record.kind == "join_token":
        stored_agents.drop_join_secrets(tx, record.uid)


def _bearer(ctx: Context, record: Record, spec: Spec, fresh: bool) -> dict[str, Any] | None:
    return _token(ctx, record, spec, record.resolved.get(f"user/{spec['user']}"), fresh=fresh)


def _token(
    ctx: Context, record: Record, spec: Spec, pin: Mapping[str, Any] | None, *, fresh: bool
) -> dict[str, Any] | None:
    """A bearer token of the user or service account that `pin` stands for."""
    expires = datetime.fromisoformat(spec["expires_at"]) if "expires_at" in spec else None
    expires_us = int(expires.timestamp() * 1_000_000) if expires is not None else None
    if not fresh:
        credentials.expire(ctx.tx, record.tenant_uid, record.uid, expires_us)
        return None
    if pin is None or pin["tenant_uid"] != record.tenant_uid:
        if ctx.planning:
            return None
        field = "spec.user" if record.kind == "api_token" else "spec.subject.name"
        raise PextraError(
            "reference.not_found", f"{field}: a credential is for somebody of the same tenant.", field=field
        )
    token = credentials.mint()
    credentials.add(
        ctx.tx,
        token,
        tenant_uid=record.tenant_uid,
        token_uid=record.uid,
        user_uid=pin["uid"],
        expires_us=expires_us,
    )
    return {"token": token}


def _join(ctx: Context, record: Record, spec: Spec, fresh: bool) -> dict[str, Any] | None:
    pin = record.resolved.get(f"host/{spec['host']}")
    if not fresh or pin is None:
        return None
    token = JoinToken.new(agents.authority(ctx.cloud, ctx.tx).fingerprint)
    stored_agents.add_join_secret(
        ctx.tx,
        token.secret_hash,
        host_uid=pin["uid"],
        token_uid=record.uid,
        expires_us=ctx.tx.now_us + spec["valid_for_s"] * 1_000_000,
    )
    return {"token": str(token)}


def _application(ctx: Context, record: Record, spec: Spec, fresh: bool) -> dict[str, Any] | None:
    subject = spec["subject"]
    return _token(ctx, record, spec, record.resolved.get(f"{subject['kind']}/{subject['name']}"), fresh=fresh)


_MINTS: Final[Mapping[str, Callable[[Context, Record, Spec, bool], dict[str, Any] | None]]] = {
    "api_token": _bearer,
    "application_credential": _application,
    "join_token": _join,
}
