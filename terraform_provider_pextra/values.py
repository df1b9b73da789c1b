"""Values as Terraform sends them: MessagePack, with values that are not known yet."""

from __future__ import annotations

import json
from typing import Any, Final

import msgpack  # pyright: ignore[reportMissingTypeStubs]

from pextra_client.lifecycle.unknown import UNKNOWN, Unknown
from terraform_provider_pextra.wire import MESSAGES

_UNKNOWN: Final = msgpack.ExtType(0, b"\x00")
_MSGPACK: Final[Any] = msgpack  # it has no types


def loads(value: Any) -> Any:
    """What a `DynamicValue` holds; None when it is null or not there."""
    if value.msgpack:
        # Every extension is an unknown value; one of them tells what is known of it nevertheless.
        return _MSGPACK.unpackb(value.msgpack, ext_hook=_unknown, strict_map_key=False)
    return json.loads(value.json) if value.json else None


def dumps(value: Any) -> Any:
    """A value as a `DynamicValue`."""
    return MESSAGES["DynamicValue"](msgpack=_MSGPACK.packb(value, default=_extension))


def _unknown(code: int, data: bytes) -> Unknown:
    del code, data
    return UNKNOWN


def _extension(value: object) -> Any:
    if isinstance(value, Unknown):
        return _UNKNOWN
    raise TypeError(f"a {type(value).__name__} cannot be told to Terraform")
