"""Kind `identity_provider`: whom a tenant believes in who somebody is."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pextra.declaration.kind import Area, Column, Kind, SpecModel
from pextra.declaration.markers import ObjectName, OnDelete, Ref, Unit
from pextra.resources.ldap import HOST, LdapSpec

_ISSUER: Final = re.compile(
    rf"(?:https://{HOST}|http://(?:localhost|127\.0\.0\.1|\[::1\]))(?::[0-9]{{1,5}})?(?:/[!-~]*)?"
)


def _issuer(url: str) -> str:
    if not _ISSUER.fullmatch(url) or set(url) & set("?#\\"):
        raise ValueError("must be https://HOST[:PORT][/PATH], without user, query and fragment")
    return url


Text = Annotated[str, Field(min_length=1, max_length=255)]
ClaimName = Annotated[str, Field(min_length=1, max_length=127)]
Algorithm = Literal["RS256", "PS256", "ES256", "EdDSA"]


class OidcSpec(SpecModel):
    """An OpenID Connect issuer, whose signed tokens are bearer tokens here."""

    issuer: Annotated[str, Field(max_length=1024), AfterValidator(_issuer)]
    """The issuer, exactly as its tokens and its discovery document write it; https."""
    audiences: Annotated[list[Text], Field(min_length=1, max_length=20)]
    """A token is taken when it is for one of these. Have the issuer know this cloud by an audience of its own."""
    algorithms: Annotated[list[Algorithm], Field(min_length=1, max_length=4)] = ["RS256", "PS256", "ES256", "EdDSA"]
    """How tokens may be signed."""
    authorized_parties: Annotated[list[Text], Field(max_length=20)] = []
    """Only tokens that one of these clients got (`azp`, `client_id`) are taken; empty: any client's."""
    accept_id_tokens: bool = False
    """Whether ID tokens are taken, too, for issuers whose access tokens say nothing. An ID token tells a client who has
    signed in there; whoever runs that client could use it here."""
    leeway_s: Annotated[int, Field(ge=0, le=300), Unit("s")] = 60
    """By how much the issuer's clock may differ."""
    username_claim: ClaimName = "preferred_username"
    """Where a token says what somebody is called: users that are made are named after it. Who they are is `sub`."""
    groups_claim: ClaimName = "groups"
    """Where a token names groups."""
    authorities: Annotated[str, Field(max_length=65_536)] | None = None
    """PEM of the certificate authorities of the issuer; without it, those that the server's system knows."""


class GroupMapping(SpecModel):
    """A group there, and what it is here."""

    theirs: Text
    """What the provider calls it."""
    group: Annotated[ObjectName, Ref("group", OnDelete.BLOCK)]
    """The group of this tenant that its members are in, while the provider says so."""


class IdentityProviderSpec(SpecModel):
    """Whom the tenant believes, and what follows."""

    enabled: bool = True
    """Whether it is believed; switching it off takes effect at once."""
    oidc: OidcSpec | None = None
    """An OpenID Connect issuer; without one, there is `ldap`."""
    ldap: LdapSpec | None = None
    """A directory. Of a tenant, one at a time is enabled."""
    groups: Annotated[list[GroupMapping], Field(max_length=200)] = []
    """Which groups there are which groups here."""
    provision: bool = False
    """Whether somebody whom no user names is made a user when they first come; else they are refused."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.oidc is None) == (self.ldap is None):
            raise ValueError("say what sort of provider it is: oidc or ldap")
        return self


IDENTITY_PROVIDER = Kind(
    name="identity_provider",
    plural="identity_providers",
    description="Whom a tenant believes in who somebody is: an OpenID Connect issuer, whose access tokens are bearer "
    "tokens for the tenant's users that name it in their `identity`; or a directory (LDAP), by whose passwords they "
    "log in.",
    area=Area.IDENTITY,
    spec=IdentityProviderSpec,
    short_names=("idp",),
    columns=(
        Column(title="ENABLED", path="spec.enabled"),
        Column(title="ISSUER", path="spec.oidc.issuer"),
        Column(title="PROVISION", path="spec.provision"),
    ),
    example={
        "kind": "identity_provider",
        "metadata": {"name": "company"},
        "spec": {"oidc": {"issuer": "https://login.example.com", "audiences": ["pextra-acme"]}},
    },
)
