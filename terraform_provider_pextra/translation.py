"""Between the attributes of a resource and the fields of the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from pextra_client.lifecycle.unknown import Unknown
from terraform_provider_pextra.attributes import Attribute, Form, Nesting

Values = Mapping[str, Any]


def to_fields(attributes: Sequence[Attribute], values: Values) -> dict[str, Any]:
    """The fields that attributes stand for. What is null is left out, what is not known yet stays so."""
    fields: dict[str, Any] = {}
    for each in attributes:
        value = values.get(each.name)
        if each.field is None or value is None:
            continue
        if each.word is not None:
            if isinstance(value, Unknown):
                fields.setdefault(each.field, value)
            elif value:
                fields[each.field] = each.word
        else:
            fields[each.field] = _to_field(each, value)
    return fields


def _to_field(attribute: Attribute, value: Any) -> Any:
    if isinstance(value, Unknown):
        return value
    if attribute.nested:
        return _each(attribute, value, lambda inner: to_fields(attribute.nested, inner))
    if attribute.form is Form.COUNTS:
        return {key: _count(each) for key, each in value.items()}
    if attribute.form is Form.JSON:
        return _parsed(value)
    return _number(value) if attribute.type == "number" else value


def _each(attribute: Attribute, value: Any, turned: Callable[[Any], Any]) -> Any:
    def one(inner: Any) -> Any:
        return turned(inner) if isinstance(inner, Mapping) else inner

    if attribute.nesting is Nesting.LIST:
        return [one(inner) for inner in value]
    if attribute.nesting is Nesting.MAP:
        return {key: one(inner) for key, inner in value.items()}
    return one(value)


def _parsed(text: str) -> Any:
    """What a text of JSON says. What is no JSON stays a text, with which checking the field finds fault."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _count(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value


def _number(value: Any) -> Any:
    if isinstance(value, str):  # one that fits no number of MessagePack
        return float(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def to_attributes(attributes: Sequence[Attribute], fields: Values) -> dict[str, Any]:
    """What attributes hold, out of the fields as the API reads them; null where there is none."""
    return {each.name: _to_attribute(each, fields) for each in attributes}


def _to_attribute(attribute: Attribute, fields: Values) -> Any:
    value: Any = None if attribute.field is None or attribute.secret else fields.get(attribute.field)
    if value is None:
        return attribute.default if attribute.word is None else None
    if attribute.word is not None:
        return True if value == attribute.word else None
    if attribute.nested:
        return _each(attribute, value, lambda inner: to_attributes(attribute.nested, inner))
    if attribute.form is Form.JSON:
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    if attribute.form is Form.COUNTS:
        return {key: str(each) for key, each in value.items()}
    word = isinstance(attribute.type, list) and not isinstance(value, list | dict)  # in the list's place
    return None if word else cast(Any, value)


def filled(attributes: Sequence[Attribute], values: Values) -> dict[str, Any]:
    """What a configuration comes to: with the defaults of the API, and without what is only written."""
    found: dict[str, Any] = {}
    for each in attributes:
        value = values.get(each.name)
        if each.write_only:
            value = None
        elif value is None:
            value = each.default
        elif each.nested and not isinstance(value, Unknown):
            nested = each.nested
            value = _each(each, value, lambda inner, nested=nested: filled(nested, inner))
        found[each.name] = value
    return found


def refreshed(attributes: Sequence[Attribute], state: Values, before: Values, now: Values) -> dict[str, Any]:
    """What a state comes to when it is read again.

    What the API reads as it read it after the last write is as it was written, in the writer's words: the API may
    write the same instant or address otherwise. Secrets are not among it.

    Args:
        attributes: of the resource's fields.
        state: as it was.
        before: the fields as the API read them then.
        now: the fields as the API reads them.
    """
    found: dict[str, Any] = {}
    for each in attributes:
        if each.field is None or each.secret:
            continue
        old, new = before.get(each.field), now.get(each.field)
        if old == new and (new is not None or each.default is None):
            found[each.name] = state.get(each.name)
        elif each.nested and each.nesting is Nesting.SINGLE and _objects(old, new, state.get(each.name)):
            found[each.name] = refreshed(
                each.nested, cast(Values, state[each.name]), cast(Values, old), cast(Values, new)
            )
        else:
            found[each.name] = _to_attribute(each, now)
    return found


def _objects(*values: object) -> bool:
    return all(isinstance(each, Mapping) for each in values)
