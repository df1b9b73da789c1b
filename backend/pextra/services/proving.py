"""What the tokens of identity providers prove, before any transaction begins."""

from __future__ import annotations

import logging
from typing import Final

from pextra.declaration.kind import Spec
from pextra.errors import PextraError
from pextra.identity import tokens
from pextra.identity.failures import ProviderUnavailable, TokenRefused
from pextra.identity.keys import Issuer
from pextra.identity.proof import Proof
from pextra.identity.tokens import Token, Trust
from pextra.services import provisioning, tenancy
from pextra.services.authentication import trust_of, unauthenticated
from pextra.services.cloud import Cloud
from pextra.store import identities, objects
from pextra.store.database import Tx
from pextra.store.records import Record

log = logging.getLogger("pextra.identities")

KIND: Final = "identity_provider"


def prove(cloud: Cloud, token: str | None) -> str | Proof | None:
    """What `authentication.authenticate` takes: the token itself, or what the token of an identity provider proves.

    Asks the provider for its keys where they are not known, so it is called outside of any transaction. Where the
    tenant wants that, a user is made of somebody who comes for the first time.

    Args:
        token: one of ours, a JWT, or `tenant/provider~JWT`, which says under whose settings it is meant.

    Raises:
        PextraError: `auth.unauthenticated`, the same whatever is wrong; `identity.unavailable` when it cannot be told
            now; `quota.exceeded` when the tenant has no room for another user.
    """
    if token is None or "." not in token:
        return token
    address, _, text = token.rpartition("~")
    named = "an identity provider"
    try:
        read = tokens.read(text)
        provider = cloud.database.read(lambda tx: _provider(cloud, tx, address, read))
        if provider is None:
            raise TokenRefused("no tenant trusts its issuer for its audience")
        named = f"identity provider {provider.name} ({provider.uid})"
        return _proven(cloud, provider, read)
    except TokenRefused as error:
        log.info("a token of %s is refused: %s", named, error)
        raise unauthenticated() from error
    except ProviderUnavailable as error:
        log.warning("a token of %s cannot be verified: %s", named, error)
        raise PextraError(
            "identity.unavailable",
            "The identity provider of this token cannot be asked for its keys now: try again.",
            retry_after_s=5,
        ) from error


def _provider(cloud: Cloud, tx: Tx, address: str, token: Token) -> Record | None:
    """The provider that the token is meant for: the one that is named, or the first that registered its audience."""
    if address:
        path, _, name = address.rpartition("/")
        tenant = tenancy.find(cloud, tx, path)
        return None if tenant is None else objects.by_name(tx, tenant.uid, KIND, name)
    found = identities.provider_for(tx, token.issuer, token.audiences)
    return None if found is None else objects.by_uid(tx, *found)


def _proven(cloud: Cloud, provider: Record, token: Token) -> Proof:
    spec = cloud.registry[KIND].effective(provider.spec, provider.spec_version)
    if provider.deleting or not spec["enabled"] or "oidc" not in spec:
        raise TokenRefused("the identity provider is switched off")
    trust = _trust(provider, spec)
    claims = tokens.verify(token, trust, cloud.issuer_keys)
    now = cloud.database.clock.now()
    if not claims.not_before_s <= now < claims.expires_s:
        raise TokenRefused("it has expired, or is of the future")
    mapped = {mapping["theirs"] for mapping in spec["groups"]}
    proof = Proof(
        tenant_uid=provider.tenant_uid,
        provider_uid=provider.uid,
        trust=trust_of(spec),
        subject=claims.subject,
        name=claims.name,
        groups=tuple(sorted(mapped.intersection(claims.groups))),
        not_before_us=int(claims.not_before_s * 1_000_000),
        expires_us=int(claims.expires_s * 1_000_000),
    )
    if spec["provision"]:
        provisioning.ensure_user(cloud, provider, claims.subject, claims.name)
    return proof


def _trust(provider: Record, spec: Spec) -> Trust:
    oidc = spec["oidc"]
    return Trust(
        issuer=Issuer(provider.tenant_uid, provider.uid, oidc["issuer"], oidc.get("authorities")),
        audiences=frozenset(oidc["audiences"]),
        algorithms=frozenset(oidc["algorithms"]),
        parties=frozenset(oidc["authorized_parties"]),
        id_tokens=oidc["accept_id_tokens"],
        leeway_s=oidc["leeway_s"],
        username_claim=oidc["username_claim"],
        groups_claim=oidc["groups_claim"],
    )
