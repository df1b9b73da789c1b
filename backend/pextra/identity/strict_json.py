"""JSON of strangers: an object, each of whose members is named once."""

from __future__ import annotations

import json
from typing import Any, NoReturn, cast


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object.

    Raises:
        ValueError: it is not one, names a member twice, or says what JSON cannot.
    """
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("it is no object")
    return cast("dict[str, Any]", value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("an object names one member twice")
    return result


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")
