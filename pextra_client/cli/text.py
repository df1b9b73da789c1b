"""Values as people read them, on terminals that obey control characters."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from rich.cells import cell_len

_ABSENT = "-"


def printable(text: str) -> str:
    """The text without what would steer a terminal: others wrote it, and may mean harm."""
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Co", "Cs"} else "\ufffd"
        for char in text
    )


def cell(value: object) -> str:
    """A value in one cell of a table; `-` when there is none."""
    if value in (None, "", [], {}):
        return _ABSENT
    match value:
        case bool():
            return str(value).lower()
        case str():
            return printable(value).replace("\n", " ")
        case Mapping():
            pairs = cast("Mapping[str, object]", value).items()
            return ",".join(f"{printable(str(key))}={cell(each)}" for key, each in pairs)
        case Sequence():
            return ",".join(cell(each) for each in cast("Sequence[object]", value))
        case _:
            return str(value)


def inline(value: object) -> str:
    """A value in one line of a diff: strings bare, the rest as JSON."""
    if isinstance(value, str):
        return printable(value)
    return printable(json.dumps(value, ensure_ascii=False))


def at(document: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, or None; a list on the way is gone through: `networks[].network`."""
    node: Any = document
    for part in path.split("."):
        name = part.removesuffix("[]")
        if isinstance(node, list):
            found = [_member(each, name) for each in cast("list[Any]", node)]
            node = [each for each in found if each is not None] or None
        else:
            node = _member(node, name)
    return node


def _member(node: Any, name: str) -> Any:
    return cast("Mapping[str, Any]", node).get(name) if isinstance(node, Mapping) else None


def age(timestamp: str | None, *, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that leaves two figures: `45s`, `12m`, `30h`, `9d`."""
    if not timestamp:
        return _ABSENT
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        return _ABSENT
    seconds = max(0, int(((now or datetime.now(UTC)) - moment).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as aligned lines, as wide as they need to be."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines: list[str] = []
    for row in rows:
        padded = (text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True))
        lines.append("   ".join(padded).rstrip())
    return lines
