"""Messages in the encoding of Protocol Buffers, declared by a table.

Terraform starts the provider three times for one plan, and importing Google's library takes a third of a start that
does nothing else. What the plugin protocol uses of the encoding is little: no maps, no packed numbers, no floats.

Source: Protocol Buffers, Encoding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

_VARINT: Final = 0
_FIXED64: Final = 1
_SIZED: Final = 2
_FIXED32: Final = 5
_FIXED_BYTES: Final = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT_BYTES: Final = 10
_WORD: Final = (1 << 64) - 1


class Message:
    """One message: an attribute for each of its fields. A field that is not given reads as its type's zero.

    Args:
        values: by the names of the fields; None is as if it was not given.

    Raises:
        TypeError: there is no such field.
    """

    _fields: ClassVar[Mapping[int, Field]] = {}
    _names: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, **values: Any) -> None:
        strange = values.keys() - self._names
        if strange:
            raise TypeError(f"{type(self).__name__} has no field {min(strange)!r}")
        vars(self).update({name: value for name, value in values.items() if value is not None})

    @classmethod
    def declare(cls, fields: Mapping[int, Field]) -> None:
        """Gives the class its fields, which may be of classes that come later.

        Args:
            fields: by number, in that order.
        """
        cls._fields = fields
        cls._names = frozenset(each.name for each in fields.values())
        for each in fields.values():
            setattr(cls, each.name, () if each.repeated else each.kind.zero)

    def encoded(self) -> bytes:
        """The message as it goes on the wire: fields by number, zeros left out."""
        out = bytearray()
        given = vars(self)
        for number, field in self._fields.items():
            value = given.get(field.name)
            if value is None or (not value and not field.explicit):
                continue
            for each in value if field.repeated else (value,):
                content = field.kind.encode(each)
                out += _varint(number << 3 | field.kind.wire)
                if field.kind.wire == _SIZED:
                    out += _varint(len(content))
                out += content
        return bytes(out)

    @classmethod
    def decoded(cls, data: bytes) -> Self:
        """The message that was sent. Fields that are not declared are passed over.

        Raises:
            ValueError: it is broken off, or no message at all.
        """
        message = cls()
        values = vars(message)
        for number, wire, content in _parts(data):
            field = cls._fields.get(number)
            if field is None or field.kind.wire != wire:
                continue
            value = field.kind.decode(content)
            if field.repeated:
                values.setdefault(field.name, []).append(value)
            else:
                values[field.name] = value
        return message


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type of values: how it goes on the wire, and its zero."""

    wire: int
    encode: Callable[[Any], bytes]
    decode: Callable[[Any], Any]
    zero: Any


@dataclass(frozen=True, slots=True)
class Field:
    """A field; `explicit` when its zero is sent, too."""

    name: str
    kind: _Kind
    repeated: bool
    explicit: bool


def declared(fields: Mapping[str, str], *, choices: frozenset[str] = frozenset()) -> Mapping[str, type[Message]]:
    """The classes of messages.

    Args:
        fields: by the name of the message, as `name=number:type` with blanks between and `*` before the type of what is
            repeated. A type is a scalar or another message.
        choices: the messages of which one field at most is given, whatever its value.
    """
    classes = {name: type(name, (Message,), {}) for name in fields}
    kinds = {**_SCALARS, **{name: _of(each) for name, each in classes.items()}}
    for name, line in fields.items():
        found = dict(_field(each, kinds, explicit=name in choices) for each in line.split())
        classes[name].declare(dict(sorted(found.items())))
    return classes


def _field(text: str, kinds: Mapping[str, _Kind], *, explicit: bool) -> tuple[int, Field]:
    name, _, facts = text.partition("=")
    number, _, kind = facts.partition(":")
    return int(number), Field(name, kinds[kind.removeprefix("*")], kind.startswith("*"), explicit)


def _of(message: type[Message]) -> _Kind:
    return _Kind(_SIZED, lambda value: value.encoded(), message.decoded, message())


def _parts(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Number, wire type and content of each field that was sent; of fixed numbers, which nothing here has, none."""
    position = 0
    while position < len(data):
        tag, position = _read_varint(data, position)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, position = _read_varint(data, position)
            yield number, wire, value
            continue
        if wire == _SIZED:
            size, position = _read_varint(data, position)
        elif wire in _FIXED_BYTES:
            size = _FIXED_BYTES[wire]
        else:
            raise ValueError(f"field {number} has the wire type {wire}, which there is not")
        end = position + size
        if end > len(data):
            raise ValueError(f"field {number} is broken off: {size} bytes announced, {len(data) - position} sent")
        yield number, wire, data[position:end]
        position = end


def _varint(value: int) -> bytes:
    if 0 <= value < 0x80:  # nearly all
        return bytes((value,))
    value &= _WORD  # negative numbers are the two's complement
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for count in range(_LONGEST_VARINT_BYTES):
        if position >= len(data):
            raise ValueError("a number is broken off")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value & _WORD, position
    raise ValueError(f"a number has more than {_LONGEST_VARINT_BYTES} bytes")


def _signed(bits: int) -> Callable[[int], int]:
    half = 1 << (bits - 1)
    return lambda value: (value + half) % (2 * half) - half


def _text(content: bytes) -> str:
    return content.decode()


_SCALARS: Final = {
    "bytes": _Kind(_SIZED, bytes, bytes, b""),
    "string": _Kind(_SIZED, str.encode, _text, ""),
    "bool": _Kind(_VARINT, _varint, bool, False),
    "int32": _Kind(_VARINT, _varint, _signed(32), 0),
    "int64": _Kind(_VARINT, _varint, _signed(64), 0),
}
