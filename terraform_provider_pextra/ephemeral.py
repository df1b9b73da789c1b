"""The ephemeral resource `pextra_token`, as it is declared and checked; `token` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from terraform_provider_pextra.attributes import Attribute
from terraform_provider_pextra.diagnostics import Diagnostics
from terraform_provider_pextra.durations import seconds

NAME: Final = "pextra_token"
DESCRIPTION: Final = (
    "A credential that exists for the time of one run: made when Terraform opens it, deleted when it closes it, and in "
    "neither plan nor state. Where Terraform is killed, it expires by itself. With `user` alone it is an `api_token`, "
    "which may do what the user may; with `service_account`, `roles` or `actions` an `application_credential`."
)
ATTRIBUTES: Final = (
    Attribute(name="user", optional=True, description="The user who acts by it; this or `service_account`."),
    Attribute(name="service_account", optional=True, description="The service account that acts by it."),
    Attribute(name="tenant", optional=True, description="Whose user or service account; the provider's by default."),
    Attribute(name="roles", type=["list", "string"], optional=True, description="It may do only what these roles may."),
    Attribute(name="actions", type=["list", "string"], optional=True, description="It may do only this."),
    Attribute(name="lifetime", optional=True, description="After how long it expires at the latest; `1h` by default."),
    Attribute(name="token", computed=True, sensitive=True, description="The bearer token."),
    Attribute(name="expires_at", computed=True, description="When it expires, RFC 3339."),
)


def validate(config: Mapping[str, Any], diagnostics: Diagnostics) -> None:
    """Finds what cannot be right."""
    if (config.get("user") is None) == (config.get("service_account") is None):
        diagnostics.error("Either user or service_account is needed", "Write one of them.", ["user"])
    lifetime = config.get("lifetime")
    if isinstance(lifetime, str):
        try:
            seconds(lifetime)
        except ValueError as error:
            diagnostics.error(f"lifetime {error}", path=["lifetime"])
