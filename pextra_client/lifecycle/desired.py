"""What a program wants of one object, and what it remembers of one that it made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pextra_client.discovery import Kind, Scope
from pextra_client.lifecycle.unknown import UNKNOWN, Unknown, is_known
from pextra_client.wire import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """An object as a program wants it. Any value within may be `UNKNOWN` in a preview.

    Args:
        kind: its kind.
        name: its name.
        tenant: whose it is; None for cloud-wide kinds, and for the client's own tenant.
        spec: whole: what it does not name takes its default.
        labels: whole.
        annotations: whole.
    """

    kind: Kind
    name: str | Unknown
    spec: Mapping[str, Any]
    tenant: str | Unknown | None = None
    labels: Mapping[str, Any] = field(default_factory=dict[str, Any])
    annotations: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def known(self) -> bool:
        """Whether everything of it is known."""
        return (
            self.name is not UNKNOWN
            and self.tenant is not UNKNOWN
            and is_known(self.spec)
            and is_known(self.labels)
            and is_known(self.annotations)
        )

    @property
    def address(self) -> tuple[str, str | None]:
        """Name and tenant of one whose name and tenant are known."""
        assert not isinstance(self.name, Unknown)
        assert not isinstance(self.tenant, Unknown)
        return self.name, None if self.kind.scope is Scope.CLOUD else self.tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """What a program remembers of an object that it made.

    Args:
        kind: its kind.
        name: its name.
        tenant: whose it is; None for cloud-wide kinds.
        uid: its identity.
    """

    kind: Kind
    name: str
    tenant: str | None
    uid: str

    @classmethod
    def of(cls, kind: Kind, obj: Object) -> Owned:
        """What to remember of an object."""
        metadata = obj["metadata"]
        return cls(kind=kind, name=metadata["name"], tenant=metadata.get("tenant"), uid=metadata.get("uid", ""))
