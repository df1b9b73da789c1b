"""What every use case needs: the kinds, the database, the site; and who is asking in which transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pextra.declaration.kind import Kind, Scope
from pextra.declaration.registry import Registry
from pextra.depot import Depot
from pextra.identity.directories import Directories
from pextra.identity.keys import IssuerKeys
from pextra.identity.outbound import Outbound
from pextra.identity.proof import Proof
from pextra.services.keyring import Keyring
from pextra.services.policy_cache import PolicyCache
from pextra.store.authority import Level
from pextra.store.database import Database, Tx
from pextra.store.records import Record
from pextra.store.site import Site


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where parts of the control plane other than the API answer, as those who call them reach them.

    Attributes:
        relay: the relay for host agents, `wss://…`; None when there is none.
        consoles: the relay for users, `ws://…` or `wss://…`; None when there is none.
        pages: the API for browsers, `http://…` or `https://…`.
    """

    relay: str | None = None
    consoles: str | None = None
    pages: str = ""


SYSTEM: Final = "system"
"""The path of the cloud's own tenant; what is granted there holds everywhere."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """One site's control plane.

    Attributes:
        depot: where uploaded images lie; None: this process has no part in them.
        keyring: None in processes that need no secret: streams and relay.
        issuer_keys: the keys of identity providers, which it fetches.
        directories: asks those that are directories.
    """

    registry: Registry
    database: Database
    site: Site
    addresses: Addresses = Addresses()
    policies: PolicyCache = field(default_factory=PolicyCache, compare=False, repr=False)
    depot: Depot | None = None
    keyring: Keyring | None = field(default=None, repr=False)
    issuer_keys: IssuerKeys = field(default_factory=lambda: IssuerKeys(Outbound()), compare=False, repr=False)
    directories: Directories = field(default_factory=lambda: Directories(Outbound()), compare=False, repr=False)

    @property
    def keys(self) -> Keyring:
        """The keys of the site, in a process that writes or delivers secrets.

        Raises:
            RuntimeError: this process was started without them.
        """
        if self.keyring is None:
            raise RuntimeError("this process holds no keys, and was asked for a secret")
        return self.keyring

    def owner_uid(self, kind: Kind, tenant: Tenant | None) -> str:
        """Under which uid an object of this kind is stored."""
        if kind.scope is Scope.CLOUD:
            return self.site.uid
        assert tenant is not None
        return tenant.uid


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant that was found by its path."""

    uid: str
    path: str
    deleting: bool

    @property
    def parent_path(self) -> str | None:
        """The path of the tenant above, or None at the top."""
        return self.path.rpartition(".")[0] or None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a principal may do in one tenant and all below it; in the cloud's own tenant: everywhere.

    Attributes:
        origin: where it comes from, for people.
    """

    path: str
    actions: frozenset[str]
    origin: str

    def covers(self, path: str) -> bool:
        """Whether it holds in the tenant at `path`."""
        return is_within(path, self.path)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a user or a service account of a tenant, through a credential.

    Attributes:
        token_uid, token_name: the object that stands for the credential.
        kind: `user` or `service_account`.
        labels, spec: of that object.
        groups: `tenant/name` of each that it is a member of.
        credential: the kind of object that stands for the credential.
        grants: what its roles allow.
        limit: what its credential leaves of that; None: all.
        break_glass: no policy binds it.
        token_uid: of that object.
        proof: what the token of an identity provider proved.
    """

    uid: str
    name: str
    tenant_uid: str
    tenant_path: str
    token_uid: str
    token_name: str = ""
    kind: str = "user"
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    spec: Mapping[str, Any] = field(default_factory=dict[str, Any])
    groups: tuple[str, ...] = ()
    credential: str = "api_token"
    grants: tuple[Grant, ...] = ()
    limit: Grant | None = None
    break_glass: bool = False
    proof: Proof | None = None

    @property
    def is_cloud(self) -> bool:
        """Whether the principal belongs to the cloud's own tenant."""
        return self.tenant_path == SYSTEM

    @property
    def address(self) -> str:
        """`tenant/name`."""
        return f"{self.tenant_path}/{self.name}"

    def reaches(self, path: str) -> bool:
        """Whether the principal may know of the tenant at `path`: it is its own, or it has a role there."""
        if self.limit is not None and not self.limit.covers(path):
            return False
        return path == self.tenant_path or any(grant.covers(path) for grant in self.grants)

    def is_above(self, path: str) -> bool:
        """Whether the principal belongs to a tenant above the one at `path`."""
        return path != self.tenant_path and is_within(path, self.tenant_path)


def is_within(path: str, above: str) -> bool:
    """Whether the tenant at `path` is the one at `above` or below it; all are below the cloud's own."""
    return above in (SYSTEM, path) or path.startswith(f"{above}.")


def lineage(path: str) -> tuple[str, ...]:
    """The paths of the tenants above `path` and its own, the cloud's own first."""
    parts = path.split(".")
    own = tuple(".".join(parts[: n + 1]) for n in range(len(parts)))
    return own if path == SYSTEM else (SYSTEM, *own)


@dataclass(frozen=True, slots=True)
class Address:
    """Where an object is: kind, tenant's path (None for a cloud-wide kind) and name."""

    kind: Kind
    tenant: str | None
    name: str

    def __str__(self) -> str:
        where = f" in tenant {self.tenant!r}" if self.tenant is not None else ""
        return f"{self.kind.name} {self.name!r}{where}"


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What must hold for a write to happen."""

    create_only: bool = False
    etag: str | None = None
    uid: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as far as it is known.

    Attributes:
        address: of the client, as the process that answers sees it or a trusted proxy tells.
        user_agent: what it calls itself; bounded.
        request_id: the id that the answer carries.
    """

    address: str = ""
    user_agent: str = ""
    request_id: str = ""


@dataclass(slots=True)
class Context:
    """One use case under way.

    Attributes:
        origin: where the request came from.
        reason: which rule allowed it, for the audit log; empty: that of the principal's place among the tenants.
        planning: the transaction will be rolled back: references to nothing are noted in `unknown` instead of refused,
            and immutable fields may change (the plan says `replace`).
        marked: what a deletion marked, in that order; what depends on an object comes before it.
        removed: what of that it took away at once.
        levels: the tenants that were looked up, by path; None: there is none.
    """

    cloud: Cloud
    tx: Tx
    principal: Principal
    planning: bool = False
    origin: Origin = Origin()
    reason: str = ""
    unknown: list[str] = field(default_factory=list[str])
    marked: list[Record] = field(default_factory=list[Record])
    removed: list[Record] = field(default_factory=list[Record])
    levels: dict[str, Level | None] = field(default_factory=dict[str, "Level | None"])


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did.

    Attributes:
        record: the object afterwards; None when it has gone at once.
        before: the object as it was; None when it was made.
        fields: the wire form of each field that changed.
        charge: what was added to the tenant's quota use.
        minted: a credential that is shown this once.
    """

    record: Record | None
    before: Record | None
    tenant_path: str | None
    fields: tuple[dict[str, Any], ...] = ()
    charge: dict[str, int] = field(default_factory=dict[str, int])
    minted: dict[str, Any] | None = None

    @property
    def created(self) -> bool:
        """Whether the object was made."""
        return self.before is None and self.record is not None

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return self.record != self.before
