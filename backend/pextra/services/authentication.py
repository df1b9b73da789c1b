"""Who is asking, and what their roles allow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from typing import Final

from pextra.declaration.kind import Spec
from pextra.errors import PextraError
from pextra.identity.proof import Proof
from pextra.services.cloud import Cloud, Grant, Principal
from pextra.store import authority, credentials, identities, objects
from pextra.store.authority import Binding, Group
from pextra.store.credentials import Holder
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.tenancy import actions, roles

APPLICATION: str = "application_credential"
PROVIDER: Final = "identity_provider"
SESSION: Final = "session"


def unauthenticated() -> PextraError:
    """The refusal of a token, the same whatever is wrong with it."""
    return PextraError(
        "auth.unauthenticated", "A valid bearer token is required: it is missing, unknown, expired or revoked."
    )


def authenticate(cloud: Cloud, tx: Tx, shown: str | Proof | None) -> Principal:
    """The principal that the bearer token, or what it proves (`proving.prove`), stands for.

    Token, groups and roles are looked up in this transaction, so that what is revoked is refused at once.

    Raises:
        PextraError: `auth.unauthenticated`; the same for a token that is unknown, expired, revoked, of a disabled user
        or of a tenant that is being deleted. `server.busy`: the identity provider was changed while it was asked.
    """
    if isinstance(shown, Proof):
        return principal_of_proof(cloud, tx, shown)
    holder = credentials.holder(tx, cloud.site.uid, shown) if shown else None
    if holder is None or not holder.is_usable(tx.now_us):
        raise unauthenticated()
    return principal_of(cloud, tx, holder)


def principal_of(cloud: Cloud, tx: Tx, holder: Holder) -> Principal:
    """The principal that acts by a credential, with what its roles allow now.

    Raises:
        PextraError: `auth.unauthenticated`: it is a session by an identity provider, which is believed no longer.
    """
    subject = holder.subject
    groups = {g.uid: g for g in authority.groups(tx, cloud.site.uid, holder.tenant_uid, subject.uid)}
    if holder.token.kind == SESSION and "provider" in holder.token.spec:
        groups |= _of_session(cloud, tx, holder)
    return Principal(
        uid=subject.uid,
        name=subject.name,
        tenant_uid=holder.tenant_uid,
        tenant_path=holder.tenant_path,
        token_uid=holder.token.uid,
        token_name=holder.token.name,
        kind=subject.kind,
        labels=subject.labels,
        spec=cloud.registry[subject.kind].effective(subject.spec),
        groups=tuple(sorted(group.address for group in groups.values())),
        credential=holder.token.kind,
        grants=grants(cloud, tx, [(holder.tenant_uid, subject.uid), *((g.tenant_uid, g.uid) for g in groups.values())]),
        limit=_limit(cloud, tx, holder) if holder.token.kind == APPLICATION else None,
        break_glass=holder.break_glass,
    )


def _of_session(cloud: Cloud, tx: Tx, holder: Holder) -> dict[str, Group]:
    """The groups that the user of a session has by its identity provider, as the mapping is now."""
    session = holder.token
    pin = session.resolved[f"{PROVIDER}/{session.spec['provider']}"]
    provider = objects.by_uid(tx, holder.tenant_uid, pin["uid"])
    believed = None if provider is None else cloud.registry[PROVIDER].effective(provider.spec, provider.spec_version)
    uid = identities.user_of(tx, holder.tenant_uid, pin["uid"], pin["subject"])
    if provider is None or provider.deleting or believed is None or not believed["enabled"]:
        raise unauthenticated()
    if directory_trust(believed) != pin["trust"] or uid != holder.subject.uid:
        raise unauthenticated()
    return _mapped(provider, believed, session.spec.get("groups", ()), holder.tenant_path)


def _mapped(provider: Record, believed: Spec, theirs: Collection[str], path: str) -> dict[str, Group]:
    """The groups here, by uid, that these are there.

    Args:
        path: of the provider's tenant.
    """
    texts = {mapping["group"] for mapping in believed["groups"] if mapping["theirs"] in theirs}
    pins = {text: provider.resolved[f"group/{text}"] for text in sorted(texts)}
    return {
        pin["uid"]: Group(pin["uid"], pin["tenant_uid"], text.rpartition("/")[2], path) for text, pin in pins.items()
    }


def principal_of_proof(cloud: Cloud, tx: Tx, proof: Proof) -> Principal:
    """The principal that acts by an identity provider's token: its groups are its own and those that the token names.

    Raises:
        PextraError: as `authenticate`.
    """
    provider = objects.by_uid(tx, proof.tenant_uid, proof.provider_uid)
    tenant = objects.by_uid(tx, cloud.site.uid, proof.tenant_uid)
    uid = identities.user_of(tx, proof.tenant_uid, proof.provider_uid, proof.subject)
    user = None if uid is None else objects.by_uid(tx, proof.tenant_uid, uid)
    if provider is None or tenant is None or user is None or provider.deleting or tenant.deleting or user.deleting:
        raise unauthenticated()
    believed = cloud.registry[PROVIDER].effective(provider.spec, provider.spec_version)
    spec = cloud.registry["user"].effective(user.spec, user.spec_version)
    if not (believed["enabled"] and spec["enabled"] and proof.not_before_us <= tx.now_us < proof.expires_us):
        raise unauthenticated()
    if trust_of(believed) != proof.trust:
        raise PextraError(
            "server.busy", "The identity provider was changed while its token was verified: try again.", retry_after_s=1
        )
    found = authority.groups(tx, cloud.site.uid, user.tenant_uid, user.uid)
    groups = {group.uid: group for group in found} | _mapped(provider, believed, proof.groups, tenant.name)
    members = [(group.tenant_uid, group.uid) for group in groups.values()]
    return Principal(
        uid=user.uid,
        name=user.name,
        tenant_uid=user.tenant_uid,
        tenant_path=tenant.name,
        token_uid=provider.uid,
        token_name=provider.name,
        labels=user.labels,
        spec=spec,
        groups=tuple(sorted(group.address for group in groups.values())),
        credential=PROVIDER,
        grants=grants(cloud, tx, [(user.tenant_uid, user.uid), *members]),
        proof=proof,
    )


def trust_of(provider: Spec) -> str:
    """What identifies the settings of an identity provider under which a token is verified."""
    meant = {"oidc": provider.get("oidc"), "groups": provider["groups"]}
    return hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()


def directory_trust(provider: Spec) -> str:
    """What identifies the settings of a directory under which somebody logged in; not the numbers, nor the mapping."""
    directory = provider.get("ldap", {})
    meant = {name: value for name, value in directory.items() if name not in ("timeout_s", "attempts", "session_s")}
    return hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()


def grants(cloud: Cloud, tx: Tx, subjects: list[tuple[str, str]]) -> tuple[Grant, ...]:
    """What the roles of these users, service accounts and groups allow, by (tenant uid, uid)."""
    return tuple(_grant(cloud, binding) for binding in authority.bindings(tx, cloud.site.uid, subjects))


def _grant(cloud: Cloud, binding: Binding) -> Grant:
    allowed = (
        roles.actions_of(cloud.registry, binding.role)
        if binding.actions is None
        else actions.matching(cloud.registry, binding.actions)
    )
    origin = f"role {binding.role} by role_binding {binding.tenant_path}/{binding.name}"
    return Grant(binding.tenant_path, allowed, origin)


def _limit(cloud: Cloud, tx: Tx, holder: Holder) -> Grant:
    """What an application credential leaves of its holder's rights."""
    spec, resolved = holder.token.spec, holder.token.resolved
    allowed = roles.actions_of(cloud.registry, roles.OWNER)
    if spec.get("roles"):
        pins = {text: resolved.get(f"role/{text}") for text in spec["roles"] if text not in roles.BUILT_IN}
        found = objects.by_uids(tx, [(pin["tenant_uid"], pin["uid"]) for pin in pins.values() if pin is not None])
        patterns = [pattern for record in found.values() for pattern in record.spec["actions"]]
        named = [roles.actions_of(cloud.registry, text) for text in spec["roles"] if text in roles.BUILT_IN]
        allowed &= frozenset().union(*named, actions.matching(cloud.registry, patterns))
    if spec.get("actions"):
        allowed &= actions.matching(cloud.registry, spec["actions"])
    path = spec.get("tenant") or "system"
    return Grant(path, allowed, f"application_credential {holder.tenant_path}/{holder.token.name}")
