"""Who is asking, and what their roles allow."""

from __future__ import annotations

from pextra.errors import PextraError
from pextra.services.cloud import Cloud, Grant, Principal
from pextra.store import authority, credentials, objects
from pextra.store.authority import Binding
from pextra.store.credentials import Holder
from pextra.store.database import Tx
from pextra.tenancy import actions, roles

APPLICATION: str = "application_credential"


def unauthenticated() -> PextraError:
    """The refusal of a token, the same whatever is wrong with it."""
    return PextraError(
        "auth.unauthenticated", "A valid bearer token is required: it is missing, unknown, expired or revoked."
    )


def authenticate(cloud: Cloud, tx: Tx, token: str | None) -> Principal:
    """The principal that the bearer token stands for.

    Token, groups and roles are looked up in this transaction, so that what is revoked is refused at once.

    Raises:
        PextraError: `auth.unauthenticated`; the same for a token that is unknown, expired, revoked, of a disabled user
        or of a tenant that is being deleted.
    """
    holder = credentials.holder(tx, cloud.site.uid, token) if token else None
    if holder is None or not holder.is_usable(tx.now_us):
        raise unauthenticated()
    return principal_of(cloud, tx, holder)


def principal_of(cloud: Cloud, tx: Tx, holder: Holder) -> Principal:
    """The principal that acts by a credential, with what its roles allow now."""
    subject = holder.subject
    groups = authority.groups(tx, cloud.site.uid, holder.tenant_uid, subject.uid)
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
        groups=tuple(sorted(group.address for group in groups)),
        credential=holder.token.kind,
        grants=grants(cloud, tx, [(holder.tenant_uid, subject.uid), *((g.tenant_uid, g.uid) for g in groups)]),
        limit=_limit(cloud, tx, holder) if holder.token.kind == APPLICATION else None,
        break_glass=holder.break_glass,
    )


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
