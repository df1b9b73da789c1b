"""The engine's values: secrets in envelopes, and a text that stands for what is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc

from pextra_client.lifecycle import Unknown
from pulumi_pextra import properties
from pulumi_pextra.failures import struct

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - marks a secret, and is none


def received(message: Struct) -> tuple[dict[str, Any], frozenset[str]]:
    """The values of a message, and the names of those that are or hold secrets."""
    values = MessageToDict(message)
    secret = frozenset(name for name, value in values.items() if _holds_secret(value))
    opened = {name: _opened(value) for name, value in values.items()}
    plain = cast("dict[str, Any]", properties.plain(opened, lambda each: isinstance(each, str) and each == rpc.UNKNOWN))
    return {name: value for name, value in plain.items() if value is not None}, secret


def sent(values: Mapping[str, Any], secret: Iterable[str]) -> Struct:
    """Values as a message, those of the given names as secrets."""
    names = frozenset(secret)
    return struct(
        {
            name: {_SIGNATURE: _SECRET, "value": _closed(value)} if name in names else _closed(value)
            for name, value in values.items()
        }
    )


def _is_secret(value: object) -> bool:
    return isinstance(value, Mapping) and cast("Mapping[str, Any]", value).get(_SIGNATURE) == _SECRET


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return _is_secret(cast("object", value)) or any(map(_holds_secret, cast("Mapping[str, Any]", value).values()))
    return isinstance(value, list) and any(map(_holds_secret, cast("list[Any]", value)))


def _opened(value: Any) -> Any:
    if isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        if _is_secret(given):
            return _opened(given.get("value"))
        return {name: _opened(each) for name, each in given.items()}
    return [_opened(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value


def _closed(value: Any) -> Any:
    if isinstance(value, Unknown):
        return rpc.UNKNOWN
    if isinstance(value, Mapping):
        return {name: _closed(each) for name, each in cast("Mapping[str, Any]", value).items()}
    return [_closed(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value
