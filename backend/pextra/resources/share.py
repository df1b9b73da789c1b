"""Kind `share`: lets other tenants read and refer to one object."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pextra.declaration.kind import Area, Column, Kind, SpecModel
from pextra.declaration.markers import Immutable, OnDelete, Ref

TenantPath = Annotated[
    str,
    Field(
        pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z]([a-z0-9-]{0,61}[a-z0-9])?){0,7}$",
        max_length=253,
    ),
]


class ShareSpec(SpecModel):
    """What is shared with whom."""

    kind: Annotated[Literal["image", "network", "security_group", "ssh_key"], Immutable()]
    """The kind of the shared object."""
    name: Annotated[
        str,
        Field(max_length=63, pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"),
        Ref(None, OnDelete.CASCADE),
        Immutable(),
    ]
    """The shared object, in the same tenant as the share."""
    tenants: Annotated[list[TenantPath], Field(max_length=1000)] | Literal["all"]
    """The tenants (with their descendants) that may read and refer to it, or `all`."""


SHARE = Kind(
    name="share",
    plural="shares",
    description="Lets other tenants read and refer to one object. Deleting it stops new references; those that stand "
    "keep what they were resolved to.",
    area=Area.GOVERNANCE,
    spec=ShareSpec,
    columns=(
        Column(title="SHARED KIND", path="spec.kind"),
        Column(title="OBJECT", path="spec.name"),
        Column(title="TENANTS", path="spec.tenants"),
    ),
    example={
        "kind": "share",
        "metadata": {"name": "debian-12"},
        "spec": {"kind": "image", "name": "debian-12", "tenants": "all"},
    },
)
