"""JSON in one form only. Source: RFC 8785, with whole numbers of any size written with all their digits."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, cast


def canonical(value: Any) -> bytes:
    """The canonical bytes of a value that was parsed from JSON."""
    return _written(value).encode()


def _written(value: Any) -> str:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        names = sorted(members, key=lambda name: name.encode("utf-16-be"))
        return (
            "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{_written(members[name])}" for name in names) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(_written(item) for item in cast("list[Any]", value)) + "]"
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """Source: ECMA-262, Number::toString."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + int(exponent)
    minus = "-" if sign and any(digits) else ""
    if not any(digits):
        return "0"
    if len(text) <= point <= 21:
        return minus + text.ljust(point, "0")
    if 0 < point <= 21:
        return f"{minus}{text[:point]}.{text[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{text.rjust(len(text) - point, '0')}"
    rest = f".{text[1:]}" if len(text) > 1 else ""
    return f"{minus}{text[0]}{rest}e{point - 1:+d}"
