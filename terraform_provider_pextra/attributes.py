"""What a block of configuration may hold: attributes, and what each is on either side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from typing import Any, Final

from terraform_provider_pextra.wire import MESSAGES

_MARKDOWN: Final = 1


class Nesting(IntEnum):
    """How objects lie in an attribute, as the protocol numbers it."""

    SINGLE = 1
    LIST = 2
    MAP = 4


class Form(Enum):
    """In which form the API has what an attribute holds."""

    PLAIN = "plain"
    """The same."""
    JSON = "json"
    """Anything; the attribute holds it as a text of JSON."""
    COUNTS = "counts"
    """A map of whole numbers or words; the attribute holds texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute.

    Args:
        name: as it is written in configurations.
        type: in Terraform's notation, `"string"` or `["list", "string"]`; unused where there are nested attributes.
        nested: the attributes of its objects.
        nesting: how many objects, and how they are told apart.
        description: Markdown, one line.
        required: must be given.
        optional: may be given.
        computed: is filled in when it is not given.
        sensitive: is not shown. It is in the state, as every value is.
        write_only: is in no state and no plan.
        field: the field of the API; None when it is no field.
        default: what the API takes when nothing is given; None for none.
        form: in which form the API has it.
        word: the text that the API takes in the place of the list of this field: true means that one.
        secret: its value is never read back.
    """

    name: str
    type: Any = "string"
    nested: tuple[Attribute, ...] = ()
    nesting: Nesting = Nesting.SINGLE
    description: str = ""
    required: bool = False
    optional: bool = False
    computed: bool = False
    sensitive: bool = False
    write_only: bool = False
    field: str | None = None
    default: Any = None
    form: Form = Form.PLAIN
    word: str | None = None
    secret: bool = False

    def message(self) -> Any:
        """The attribute as the protocol describes it."""
        told: dict[str, Any] = {"type": json.dumps(self.type).encode()}
        if self.nested:
            inner = [each.message() for each in self.nested]
            told = {"nested_type": MESSAGES["Schema.Object"](nesting=int(self.nesting), attributes=inner)}
        return MESSAGES["Schema.Attribute"](
            name=self.name,
            description=self.description,
            description_kind=_MARKDOWN,
            required=self.required,
            optional=self.optional,
            computed=self.computed,
            sensitive=self.sensitive,
            write_only=self.write_only,
            **told,
        )


def only_read(attributes: Sequence[Attribute]) -> tuple[Attribute, ...]:
    """The same attributes where nothing can be given: of data sources and of what is observed."""
    return tuple(
        replace(each, required=False, optional=False, computed=True, default=None, nested=only_read(each.nested))
        for each in attributes
        if not each.write_only
    )


def schema(attributes: Sequence[Attribute], *, description: str, version: int = 0) -> Any:
    """A schema as the protocol describes it."""
    block = MESSAGES["Schema.Block"](
        version=version,
        attributes=[each.message() for each in attributes],
        description=description,
        description_kind=_MARKDOWN,
    )
    return MESSAGES["Schema"](version=version, block=block)


def blank(attributes: Sequence[Attribute], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for exactly these attributes: null where there is none."""
    return {each.name: values.get(each.name) for each in attributes}
