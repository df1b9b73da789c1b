"""A resource kind, declared once; every surface follows from it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from pextra.declaration.conditions import Condition
from pextra.declaration.fields import EVERY, FieldFacts, fields_of
from pextra.errors import PextraError, invalid

Spec = dict[str, Any]

MAX_FAULTS: Final = 100
"""How many faults of one spec are told."""

MAX_MESSAGE: Final = 400
"""How much is said of a fault, for a check may repeat the value that it refuses."""

LABEL: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
PATH: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z]([a-z0-9-]{0,61}[a-z0-9])?){0,7}")


class SpecModel(BaseModel):
    """Base of every spec and of the models inside one: unknown fields are refused, docstrings describe."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class StatusModel(BaseModel):
    """Base of every status."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    observed_generation: int = 0
    """The generation of which the conditions speak."""
    conditions: list[Condition] = []
    """What is true of the object; every kind has `ready`."""


class NoArguments(SpecModel):
    """An action without arguments."""


class Scope(StrEnum):
    """Where objects of a kind live."""

    TENANT = "tenant"
    CLOUD = "cloud"


class Area(StrEnum):
    """What objects of a kind are about; the built-in roles are made of this."""

    WORKLOAD = "workload"  # what tenants run and use
    IDENTITY = "identity"  # who may act
    GOVERNANCE = "governance"  # what a tenant is allowed and gives away
    INFRASTRUCTURE = "infrastructure"  # what the cloud is made of


@dataclass(frozen=True, kw_only=True)
class Action:
    """An imperative act on an object; carried out as an `operation`.

    Args:
        mints: the act is carried out within its request, makes no operation, and its answer shows this once.
    """

    name: str
    description: str
    arguments: type[SpecModel] = NoArguments
    cancelable: bool = False
    mints: type[SpecModel] | None = None


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of this kind's table in the command line and the portal."""

    title: str
    path: str


def nothing_charged(spec: Spec, resolved: Mapping[str, Any]) -> Mapping[str, int]:
    """The charge of a kind whose objects are only counted."""
    del spec, resolved
    return {}


def always_admitted(spec: Spec, siblings: Iterable[tuple[str, Spec]]) -> None:
    """The admission of a kind without rules of its own."""
    del spec, siblings


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What the objects of one kind are.

    Args:
        name: singular, snake_case; also the prefix of its authorisation actions (`volume.create`).
        plural: its route.
        spec, status: the models of the two blocks.
        scope: whether objects live in a tenant or in the cloud.
        area: what it is about, by which the built-in roles are made.
        singleton: the one name that an object of this kind may have in a tenant.
        writable: whether users write objects of this kind; otherwise only the product does.
        deletable: whether users delete objects of a kind that only the product writes.
        controlled: whether a loop makes it true; otherwise an object is ready when it is written.
        counted: whether objects of this kind count against their tenant's quota.
        finalizers: what must happen before a deleted object's row goes.
        charge: what an object costs its tenant beside one of `plural`: countable to amount. Pure.
        countables: name to description of what `charge` may name.
        families: the countables, with descriptions, that are counted by member too: what charges `gpus/a100` charges
            `gpus` as much. A tenant may use any members within the whole unless its quota, or one above, limits them.
        admit: refuses a spec that contradicts its siblings, the other parts of the same whole: objects of this kind
        with a
            `cascade` reference to the same target (name and effective spec). Pure.
        conditions: type to description of the conditions that it has beside `ready`. Of `ready` and what an object
            has reached, true is good; every other is named after what is wrong, so that true is bad.
        sample: what is measured of an object now and again; its latest is read at `…/{name}/metrics`.
        placed: whether objects are given a host; why which, or why none, is read at `…/{name}/placement`.
        mints: whether creating answers with a credential, once.
        dotted_names: whether names are paths (only `tenant`).
        longest_name: how long a name may be, where quota counts by it.
        spec_version, upcasters: version of the stored form; `upcasters[n]` turns n into n + 1. Pure.
    """

    name: str
    plural: str
    description: str
    spec: type[SpecModel]
    status: type[StatusModel] = StatusModel
    scope: Scope = Scope.TENANT
    area: Area = Area.WORKLOAD
    singleton: str | None = None
    writable: bool = True
    deletable: bool = False
    controlled: bool = False
    counted: bool = True
    finalizers: tuple[str, ...] = ()
    charge: Callable[[Spec, Mapping[str, Any]], Mapping[str, int]] = nothing_charged
    countables: Mapping[str, str] = field(default_factory=dict[str, str])
    families: Mapping[str, str] = field(default_factory=dict[str, str])
    admit: Callable[[Spec, Iterable[tuple[str, Spec]]], None] = always_admitted
    conditions: Mapping[str, str] = field(default_factory=dict[str, str])
    sample: type[SpecModel] | None = None
    placed: bool = False
    mints: bool = False
    dotted_names: bool = False
    longest_name: int = 253
    actions: tuple[Action, ...] = ()
    columns: tuple[Column, ...] = ()
    short_names: tuple[str, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict[str, Any])
    spec_version: int = 1
    upcasters: Mapping[int, Callable[[Spec], Spec]] = field(default_factory=dict[int, Callable[[Spec], Spec]])

    @cached_property
    def fields(self) -> tuple[FieldFacts, ...]:
        """Every field of the spec with what is marked on it."""
        return fields_of(self.spec)

    @cached_property
    def references(self) -> tuple[FieldFacts, ...]:
        """The fields that name other objects."""
        return tuple(f for f in self.fields if f.ref is not None)

    @cached_property
    def secrets(self) -> tuple[FieldFacts, ...]:
        """The fields that are never returned."""
        return tuple(f for f in self.fields if f.secret)

    @cached_property
    def filterable(self) -> tuple[FieldFacts, ...]:
        """The fields by which lists can be filtered."""
        return tuple(f for f in self.fields if f.filterable)

    @cached_property
    def compares_siblings(self) -> bool:
        """Whether admission looks at the tenant's other objects of this kind."""
        return self.admit is not always_admitted

    @cached_property
    def verbs(self) -> tuple[str, ...]:
        """Everything that can be allowed or denied on objects of this kind."""
        writing = ("create", "update", "delete") if self.writable else ("delete",) if self.deletable else ()
        return ("read", *writing, *(action.name for action in self.actions))

    def action(self, name: str) -> Action:
        """The declared action.

        Raises:
            PextraError: `action.unknown`.
        """
        for action in self.actions:
            if action.name == name:
                return action
        known = ", ".join(a.name for a in self.actions) or "none"
        raise PextraError("action.unknown", f"{self.name} has no action {name!r}; it has: {known}.")

    def check_name(self, name: str) -> None:
        """Refuse a name that an object of this kind cannot have.

        Raises:
            PextraError: `spec.invalid`.
        """
        pattern = PATH if self.dotted_names else LABEL
        if not pattern.fullmatch(name) or len(name) > self.longest_name:
            rule = (
                NAME_RULE if self.longest_name >= LONGEST_LABEL else f"must have at most {self.longest_name} characters"
            )
            raise invalid(
                [{"field": "metadata.name", "value": name[:80], "message": rule}], f"{self.name} {name[:80]!r}"
            )
        if self.singleton is not None and name != self.singleton:
            message = f"the only {self.name} of a tenant is named {self.singleton!r}"
            raise invalid([{"field": "metadata.name", "value": name, "message": message}], f"{self.name} {name!r}")

    def parse(self, spec: Any, what: str) -> Spec:
        """The spec as it will be stored: checked, in JSON form, only what was written.

        Raises:
            PextraError: `spec.invalid`, with every fault and its path.
        """
        return validate(self.spec, spec, what)

    def effective(self, stored: Spec, version: int | None = None) -> Spec:
        """A stored spec brought to the present version, with declared defaults filled in."""
        for step in range(version or self.spec_version, self.spec_version):
            stored = self.upcasters[step](stored)
        return self.spec.model_validate(stored).model_dump(mode="json", exclude_none=True)

    @property
    def charged_anything(self) -> bool:
        """Whether objects of this kind count against quota."""
        return self.counted and self.scope is Scope.TENANT and self.singleton is None

    def charged(self, spec: Spec, resolved: Mapping[str, Any]) -> dict[str, int]:
        """What an object with this effective spec costs its tenant, by countable."""
        if not self.charged_anything:
            return {}
        return {self.plural: 1, **self.charge(spec, resolved)}


LONGEST_LABEL: Final = 63
NAME_RULE: Final = (
    "must be a DNS label: lower-case letters, digits and '-', beginning with a letter, ending with a letter or digit, "
    "at most 63 characters"
)


def validate(model: type[SpecModel], value: Any, what: str, prefix: str = "spec") -> Spec:
    """`value` checked against `model`, in JSON form, only what was written and is not null.

    Raises:
        PextraError: `spec.invalid`, with every fault and its path.
    """
    try:
        parsed = model.model_validate_json(json.dumps(_whole_numbers(value)), strict=True)
    except ValidationError as error:
        # `from None`: pydantic's own text repeats what was sent, secrets too
        raise invalid(_faults(model, value, error, prefix), what) from None
    return parsed.model_dump(mode="json", exclude_unset=True, exclude_none=True)


def _whole_numbers(value: Any) -> Any:
    """`value` with 10.0 as 10: JSON does not tell them apart, and some clients know only one of them."""
    if isinstance(value, dict):
        return {k: _whole_numbers(v) for k, v in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_whole_numbers(v) for v in cast("list[Any]", value)]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _faults(model: type[SpecModel], value: Any, error: ValidationError, prefix: str) -> list[dict[str, Any]]:
    """One fault a field: what each alternative of a union has against it is one message."""
    secret = [f.path.replace("[]", ".[]").split(".") for f in fields_of(model) if f.secret]
    faults: dict[str, dict[str, Any]] = {}
    for detail in error.errors(include_url=False)[:MAX_FAULTS]:
        path = _field(value, detail["loc"], missing=detail["type"] == "missing")
        unknown = detail["type"] == "extra_forbidden"
        message = (
            "there is no such field" if unknown else str(detail["msg"]).removeprefix("Value error, ")[:MAX_MESSAGE]
        )
        place = _place(value, detail["loc"])
        hidden = any(_may_hold(place, parts) for parts in secret)
        if unknown and hidden and any(len(place) > len(parts) and _may_hold(place, parts) for parts in secret):
            # what is written as a name there may be the secret itself
            path, message = _field(value, detail["loc"][:-1], missing=False), "holds a field that there is not"
        field = f"{prefix}{path}"
        if field in faults:
            faults[field]["message"] += f", or: {message}"
            continue
        faults[field] = {"field": field, "message": message}
        if isinstance(detail["input"], str | int | float | bool) and not (hidden or unknown):
            faults[field]["value"] = str(detail["input"])[:80]
    return list(faults.values())


def _place(value: Any, location: Sequence[int | str]) -> list[int | str]:
    """A fault's place in what was sent, without the names that pydantic gives to a union's alternatives."""
    place: list[int | str] = []
    node = value
    for part in location:
        if isinstance(part, int):
            place.append(part)
            node = cast("list[Any]", node)[part]
        elif isinstance(node, dict) and part in node:
            place.append(part)
            node = cast("dict[str, Any]", node)[part]
    return place


def _may_hold(place: Sequence[int | str], secret: Sequence[str]) -> bool:
    """Whether what stands there is, holds or was meant as a secret, which is easily written a level too high."""
    return all(
        isinstance(part, int) if wanted == "[]" else wanted in (EVERY, part)
        for part, wanted in zip(place, secret, strict=False)
    )


def _field(value: Any, location: Sequence[int | str], *, missing: bool) -> str:
    """The path of a field at fault, without the names that pydantic gives to a union's alternatives."""
    path, node = "", value
    for place, part in enumerate(location):
        if isinstance(part, int):
            path += f"[{part}]"
            node = cast("list[Any]", node)[part]
        elif isinstance(node, dict) and part in node:
            path += f".{part[:80]}"
            node = cast("dict[str, Any]", node)[part]
        elif missing and place == len(location) - 1:
            path += f".{part}"
    return path
