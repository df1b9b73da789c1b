"""The messages of the protocol: Google's library reads what is written here, and what it writes is read here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from terraform_provider_pextra.protobuf import declared
from terraform_provider_pextra.wire import CHOICES, FIELDS, MESSAGES

_Field = descriptor_pb2.FieldDescriptorProto
_TYPES: Final = {
    "bytes": _Field.TYPE_BYTES,
    "string": _Field.TYPE_STRING,
    "bool": _Field.TYPE_BOOL,
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
}
_VALUES: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "bytes": st.binary(max_size=300),
    "string": st.text(max_size=200),
    "bool": st.booleans(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
}

Fields = list[tuple[str, int, str, bool]]


def _fields(message: str) -> Fields:
    """Name, number, type and whether it is repeated, of each field."""
    found: Fields = []
    for each in FIELDS[message].split():
        name, _, facts = each.partition("=")
        number, _, kind = facts.partition(":")
        found.append((name, int(number), kind.removeprefix("*"), kind.startswith("*")))
    return found


@cache
def _theirs() -> dict[str, Any]:
    """The classes of Google's library for the same table."""
    file = descriptor_pb2.FileDescriptorProto(name="plugin6.proto", package="theirs", syntax="proto3")
    for message in FIELDS:
        told = file.message_type.add(name=message.replace(".", "_"))
        if message in CHOICES:
            told.oneof_decl.add(name="choice")
        for name, number, kind, repeated in _fields(message):
            field = told.field.add(name=name, number=number)
            field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            if kind in _TYPES:
                field.type = _TYPES[kind]
            else:
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".theirs.{kind.replace('.', '_')}"
            if message in CHOICES:
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"theirs.{name.replace('.', '_')}"))
        for name in FIELDS
    }


@st.composite
def _values(draw: st.DrawFn, message: str, depth: int = 3) -> dict[str, Any]:
    """Values for some of the fields of a message, those of messages within it as mappings."""
    fields = [each for each in _fields(message) if depth or each[2] in _TYPES]
    if message in CHOICES:
        fields = [draw(st.sampled_from(fields))]
    found: dict[str, Any] = {}
    for name, _, kind, repeated in fields:
        one = _VALUES[kind] if kind in _VALUES else _values(kind, depth - 1)
        if message in CHOICES or draw(st.booleans()):
            found[name] = draw(st.lists(one, max_size=2) if repeated else one)
    return found


def _ours(message: str, values: Mapping[str, Any]) -> Any:
    kinds = {name: kind for name, _, kind, _ in _fields(message)}

    def turned(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [turned(name, each) for each in value]
        return _ours(kinds[name], value) if isinstance(value, Mapping) else value

    return MESSAGES[message](**{name: turned(name, value) for name, value in values.items()})


_ANY = st.sampled_from(sorted(FIELDS)).flatmap(lambda name: st.tuples(st.just(name), _values(name)))


@given(_ANY)
def test_a_message_is_written_byte_for_byte_as_googles_library_writes_it(drawn: tuple[str, dict[str, Any]]) -> None:
    name, values = drawn
    assert _ours(name, values).encoded() == _theirs()[name](**values).SerializeToString()


@given(_ANY)
def test_what_googles_library_writes_reads_with_the_same_values(drawn: tuple[str, dict[str, Any]]) -> None:
    name, values = drawn
    written = _theirs()[name](**values)
    _same(name, MESSAGES[name].decoded(written.SerializeToString()), written)


def _same(message: str, ours: Any, theirs: Any) -> None:
    for name, _, kind, repeated in _fields(message):
        here, there = getattr(ours, name), getattr(theirs, name)
        pairs = list(zip(here, there, strict=True)) if repeated else [(here, there)]
        for one, other in pairs:
            if kind in _TYPES:
                assert (type(one), one) == (type(other), other)
            else:
                _same(kind, one, other)


@given(_ANY)
def test_fields_that_nobody_declared_are_passed_over(drawn: tuple[str, dict[str, Any]]) -> None:
    name, values = drawn
    sent = _theirs()[name](**values).SerializeToString()
    nothing = declared({"Nothing": ""})["Nothing"].decoded(sent)
    assert nothing.encoded() == b""
    fixed = b"\xf9\x07" + bytes(8) + b"\xfd\x07" + bytes(4)
    _same(name, MESSAGES[name].decoded(fixed + sent), _theirs()[name](**values))


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"\x0a\x05abc", "field 1 is broken off: 5 bytes announced, 3 sent"),
        (b"\x0a", "a number is broken off"),
        (b"\xff" * 11, "a number has more than 10 bytes"),
        (b"\x0b", "field 1 has the wire type 3"),
        (b"\x0a\x01\xff", "invalid start byte"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(sent: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        MESSAGES["TypeName"].decoded(sent)


def test_a_field_that_there_is_not_cannot_be_given() -> None:
    with pytest.raises(TypeError, match="TypeName has no field 'name'"):
        MESSAGES["TypeName"](name="volume")
