"""What every use case needs: the kinds, the database, the site; and who is asking in which transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pextra.declaration.kind import Kind, Scope
from pextra.declaration.registry import Registry
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


@dataclass(frozen=True, slots=True)
class Cloud:
    """One site's control plane."""

    registry: Registry
    database: Database
    site: Site
    addresses: Addresses = Addresses()

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
class Principal:
    """Who is asking: a user of a tenant, through a token."""

    uid: str
    name: str
    tenant_uid: str
    tenant_path: str
    token_uid: str
    is_cloud: bool
    """Whether the principal belongs to the cloud's own tenant."""

    def reaches(self, path: str) -> bool:
        """Whether the tenant at `path` is the principal's own or a descendant of it."""
        return self.is_cloud or path == self.tenant_path or path.startswith(f"{self.tenant_path}.")

    def is_above(self, path: str) -> bool:
        """Whether the tenant at `path` is a descendant of the principal's own."""
        return self.is_cloud or path.startswith(f"{self.tenant_path}.")


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
        removed: what a deletion took away at once.
    """

    cloud: Cloud
    tx: Tx
    principal: Principal
    planning: bool = False
    origin: Origin = Origin()
    reason: str = ""
    unknown: list[str] = field(default_factory=list[str])
    removed: list[Record] = field(default_factory=list[Record])


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
