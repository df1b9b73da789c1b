"""An object as the store holds it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """One object: what was written, what was resolved, what was observed.

    Attributes:
        tenant_uid: the owner's uid, or the site's for a cloud-wide object.
        spec: as written, at `spec_version`; secrets replaced by their digest and version.
        status: as the loops left it, with its own `status_revision`.
    """

    tenant_uid: str
    uid: str
    kind: str
    name: str
    generation: int
    labels: dict[str, str]
    annotations: dict[str, str]
    spec: dict[str, Any]
    spec_version: int
    resolved: dict[str, Any]
    finalizers: list[str]
    created_us: int
    updated_us: int
    deleting_us: int | None
    status_revision: int
    status: dict[str, Any]

    @property
    def revision(self) -> int:
        """Rises with every change of the object, status included."""
        return self.generation + self.status_revision

    @property
    def etag(self) -> str:
        """Guards writes; changes with every write by a user, never with status."""
        return f'"{self.uid}-{self.generation}"'

    @property
    def deleting(self) -> bool:
        """Whether deletion was asked for."""
        return self.deleting_us is not None

    @property
    def hidden(self) -> bool:
        """Whether the name was freed while something still uses the object."""
        return self.name.startswith(".")

    @property
    def ready(self) -> bool:
        """Whether the object is what the present generation asks for."""
        return self.status.get("observed_generation") == self.generation and any(
            c["type"] == "ready" and c["status"] == "true" for c in self.status.get("conditions", [])
        )

    def with_status(self, status: dict[str, Any]) -> Record:
        """The record with another status at the next revision."""
        return replace(self, status=status, status_revision=self.status_revision + 1)


def timestamp(us: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(us / 1_000_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
