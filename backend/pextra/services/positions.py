"""Positions of a watch: one number for one stream, a token for several."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final, cast

from pextra.errors import PextraError

_NONE: Final = "position: is not a position that this server gave."


def encode(positions: Mapping[str, int]) -> str:
    """The text of these positions by stream."""
    return base64.urlsafe_b64encode(json.dumps(positions, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(text: str) -> dict[str, int]:
    """The positions by stream.

    Raises:
        PextraError: `request.parameter`.
    """
    try:
        value: Any = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise PextraError("request.parameter", _NONE) from error
    found: dict[str, Any] = cast("dict[str, Any]", value) if isinstance(value, dict) else {"": None}
    if not all(type(v) is int and 0 <= v < 1 << 63 for v in found.values()):
        raise PextraError("request.parameter", _NONE)
    return found
