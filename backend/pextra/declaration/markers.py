"""What a declaration says about one field, beyond its type: markers for `typing.Annotated`.

Each marker also writes itself into the JSON schema under `x-pextra`, from which every client is generated.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema


class OnDelete(StrEnum):
    """What deleting the target of a reference does."""

    BLOCK = "block"  # refused while the reference stands
    CASCADE = "cascade"  # refused, or the referrer goes along when asked to
    RETAIN = "retain"  # the target's name is freed and it is hidden until the last referrer has gone
    FOLLOW = "follow"  # the referrer goes along, without being asked
    COPIED = "copied"  # nothing: what mattered was copied when the reference was resolved


class Marker:
    """Base of the markers: adds its facts to the field's JSON schema."""

    def facts(self) -> dict[str, Any]:
        """The marker's part of `x-pextra`."""
        raise NotImplementedError

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = dict(handler(core))
        schema["x-pextra"] = {**schema.get("x-pextra", {}), **self.facts()}
        return schema


@dataclass(frozen=True)
class Immutable(Marker):
    """The field cannot change: the object must be replaced."""

    def facts(self) -> dict[str, Any]:
        """See `Marker.facts`."""
        return {"immutable": True, "change": "replace"}


@dataclass(frozen=True)
class Restart(Marker):
    """A change takes effect when the guest is started again."""

    def facts(self) -> dict[str, Any]:
        """See `Marker.facts`."""
        return {"change": "restart"}


@dataclass(frozen=True)
class Filterable(Marker):
    """Lists can be filtered by this field."""

    def facts(self) -> dict[str, Any]:
        """See `Marker.facts`."""
        return {"filterable": True}


@dataclass(frozen=True)
class Unit(Marker):
    """The unit of a number."""

    unit: str

    def facts(self) -> dict[str, Any]:
        """See `Marker.facts`."""
        return {"unit": self.unit}


@dataclass(frozen=True)
class Secret(Marker):
    """The value is never returned; a keyed digest and a version are."""

    def facts(self) -> dict[str, Any]:
        """See `Marker.facts`."""
        return {"secret": True}


@dataclass(frozen=True)
class Ref(Marker):
    """The value names another object: `name` in the same tenant, or `tenant/name`.

    An object may name itself, where it refers to its own kind; longer circles are refused.

    Args:
        kind: the target's kind; None when the sibling field `kind` holds it.
        on_delete: what deleting the target does.
        exclusive: whether the target can be referred to in this way by one object at a time.
        copy: fields of the target's spec that are copied into `resolved` when the reference is resolved.
        inherited: whether a target of a tenant above may be named too, by those who may read it.
        reserved: texts that mean something of the product's own and name no object.
        own: whether the target must be of the referrer's tenant: one that is shared is not to be changed by it.
    """

    kind: str | None
    on_delete: OnDelete = OnDelete.BLOCK
    copy: tuple[str, ...] = ()
    exclusive: bool = False
    inherited: bool = False
    reserved: tuple[str, ...] = ()
    own: bool = False

    def facts(self) -> dict[str, Any]:
        """See `Marker.facts`."""
        said: dict[str, Any] = {"kind": self.kind, "on_delete": self.on_delete.value, "exclusive": self.exclusive}
        if self.inherited:
            said["inherited"] = True
        if self.reserved:
            said["reserved"] = list(self.reserved)
        return {"ref": said}


class SecretFacts(BaseModel):
    """What can be known of a stored secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    digest: str = Field(max_length=64, description="Keyed digest: equal digests of one object mean equal values.")
    version: int = Field(ge=1, description="Rises with each change of the value.")


class SecretState(BaseModel):
    """How a secret field reads; sending it back leaves the secret as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    secret: SecretFacts = Field(description="What can be known of the value.")


SecretText = Annotated[Annotated[str, Field(max_length=65_536)] | SecretState, Secret()]
"""A text of at most 64 KiB that is written once and never read back."""

REFERENCE_PATTERN = (
    r"^([a-z]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z]([a-z0-9-]{0,61}[a-z0-9])?)*/)?[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"
)

ObjectName = Annotated[str, Field(pattern=REFERENCE_PATTERN, max_length=320)]
"""The text of a reference."""
