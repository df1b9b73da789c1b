"""A kind with one of everything that can be declared; it is in no registry of the product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from pextra.declaration.kind import Kind, Spec, SpecModel
from pextra.declaration.markers import Filterable, Immutable, OnDelete, Ref, Restart, SecretText, Unit


class Port(SpecModel):
    """A part of a gadget."""

    number: Annotated[int, Field(ge=1, le=65_535)]
    """Its number."""
    network: Annotated[str, Ref("gadget")]
    """What it is on."""


class GadgetSpec(SpecModel):
    """What a gadget should be."""

    size_gib: Annotated[int, Field(ge=1, le=100), Unit("GiB"), Filterable()]
    """Its size."""
    colour: Annotated[str, Field(max_length=10), Immutable(), Filterable()] = "red"
    """Its colour."""
    ports: Annotated[list[Port], Field(max_length=3), Restart()] = []
    """Its ports."""
    friends: list[Annotated[str, Ref("gadget", OnDelete.CASCADE)]] = []
    """Other gadgets."""
    tags: dict[str, str] = {}
    """Words."""
    password: SecretText | None = None
    """What opens it."""
    limits: dict[Annotated[str, Field(max_length=5)], Annotated[int, Field(ge=0)] | bool] = {}
    """Numbers, or whether at all."""

    @model_validator(mode="after")
    def _no_green_giant(self) -> GadgetSpec:
        if self.colour == "green" and self.size_gib > 50:
            raise ValueError("green gadgets are small")
        return self


def _charge(spec: Spec, resolved: Mapping[str, Any]) -> Mapping[str, int]:
    del resolved
    return {"gadget_gib": spec["size_gib"]}


def renamed(stored: Spec) -> Spec:
    """Version 1 called the size `size`."""
    return {**{k: v for k, v in stored.items() if k != "size"}, "size_gib": stored["size"]}


def doubled(stored: Spec) -> Spec:
    """Version 2 counted in units of 2 GiB."""
    return {**stored, "size_gib": stored["size_gib"] * 2}


GADGET = Kind(
    name="gadget",
    plural="gadgets",
    description="A thing.",
    spec=GadgetSpec,
    charge=_charge,
    countables={"gadget_gib": "GiB of gadgets."},
    spec_version=3,
    upcasters={1: renamed, 2: doubled},
)
