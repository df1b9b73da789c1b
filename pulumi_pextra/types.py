"""Pulumi's decorators of input and output types, as type checkers understand them."""

from __future__ import annotations

from typing import Any, TypeVar, dataclass_transform

import pulumi

T = TypeVar("T")


def told(resource: Any, name: str) -> Any:
    """The output of a resource."""
    return pulumi.get(resource, name)  # pyright: ignore[reportUnknownMemberType] - its types are partial


@dataclass_transform(kw_only_default=True)
def input_type(cls: type[T]) -> type[T]:
    """A class whose annotated attributes are what a program may give, all by keyword."""
    return pulumi.input_type(cls)


def output_type(cls: type[T]) -> type[T]:
    """A class whose annotated attributes are what a program gets to know."""
    return pulumi.output_type(cls)


@output_type
class Condition:
    """One thing that is true, false or not known of an object."""

    type: str
    """What is spoken of."""

    status: str
    """Whether it is so: `true`, `false` or `unknown`."""

    reason: str
    """Why, as one of a closed list of words for programs."""

    message: str | None = None
    """Why, in words for people."""

    since: str | None = None
    """When `status` last changed, RFC 3339."""
