"""Making and deleting the credential of the ephemeral resource `pextra_token`."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pextra_client.discovery import Catalog
from pextra_client.errors import ClientError
from pextra_client.lifecycle.desired import Owned
from pextra_client.wire import Object
from terraform_provider_pextra.attributes import blank
from terraform_provider_pextra.diagnostics import Diagnostics
from terraform_provider_pextra.durations import seconds
from terraform_provider_pextra.ephemeral import ATTRIBUTES
from terraform_provider_pextra.session import Session

Values = Mapping[str, Any]

_LIFETIME: Final = "1h"


def opened(session: Session, config: Values, diagnostics: Diagnostics) -> tuple[dict[str, Any] | None, bytes]:
    """A new credential, and what closing it needs."""
    kind, spec = _wanted(config)
    name = f"terraform-{secrets.token_hex(6)}"
    try:
        made = session.client.put(
            Catalog.bundled().find(kind), name, spec, tenant=config.get("tenant"), create_only=True
        )
    except ClientError as error:
        diagnostics.refused(f"make an {kind.replace('_', ' ')} for this run", error)
        return None, b""
    result = {**config, "token": _token(made), "expires_at": spec["expires_at"]}
    owned = Owned.of(Catalog.bundled().find(kind), made)
    private = json.dumps({"kind": kind, "name": owned.name, "tenant": owned.tenant, "uid": owned.uid})
    return blank(ATTRIBUTES, result), private.encode()


def closed(session: Session, private: bytes, diagnostics: Diagnostics) -> None:
    """Deletes the credential; one that has gone already is success."""
    facts = json.loads(private)
    kind = Catalog.bundled().find(facts.pop("kind"))
    try:
        session.owner.delete(Owned(kind=kind, **facts))
    except ClientError as error:
        diagnostics.refused(f"delete {kind.label(facts['name'], facts['tenant'])}", error)


def _wanted(config: Values) -> tuple[str, dict[str, Any]]:
    expires = datetime.now(UTC) + timedelta(seconds=seconds(config.get("lifetime") or _LIFETIME))
    common = {"description": "for one run of Terraform", "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
    limits = {name: config[name] for name in ("roles", "actions") if config.get(name)}
    if config.get("user") and not limits:
        return "api_token", {"user": config["user"], **common}
    kind = "user" if config.get("user") else "service_account"
    return "application_credential", {"subject": {"kind": kind, "name": config[kind]}, **limits, **common}


def _token(made: Object) -> str:
    return str(made.get("minted", {}).get("token", ""))
