"""Positions of a watch: one number for one stream, a token for several."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, cast

from pextra.errors import PextraError


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
        if not isinstance(value, dict):
            raise ValueError
        return {str(k): int(v) for k, v in cast("dict[Any, Any]", value).items()}
    except (ValueError, TypeError, binascii.Error) as error:
        raise PextraError("request.parameter", "position: is not a position that this server gave.") from error
