"""Kind `secret`: named values that are written, never read back, and delivered where other objects refer to them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Column, Kind, SpecModel
from pextra.declaration.markers import SecretText

ENTRY_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$"

EntryName = Annotated[str, Field(pattern=ENTRY_PATTERN, max_length=63)]
"""The name of an entry; it holds no dot, which separates the parts of a field's path."""


class SecretSpec(SpecModel):
    """What a secret should hold."""

    data: Annotated[dict[EntryName, SecretText], Field(min_length=1, max_length=64)]
    """The values by name, at most 64 KiB together. Each reads as its digest and version, never as itself; sending that
    back leaves the value as it is."""
    description: Annotated[str, Field(max_length=1024)] = ""
    """What it is for, for people. Everybody who may read the object sees it."""


SECRET = Kind(
    name="secret",
    plural="secrets",
    description="Named values that are stored encrypted and never read back. An instance may take its user data from "
    "one.",
    spec=SecretSpec,
    columns=(Column(title="DESCRIPTION", path="spec.description"),),
    example={
        "kind": "secret",
        "metadata": {"name": "web-bootstrap"},
        "spec": {
            "data": {"user-data": "#cloud-config\npackages: [nginx]\n"},
            "description": "How web servers begin.",
        },
    },
)
