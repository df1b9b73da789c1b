"""Durations as Terraform's users write them: `90s`, `10m`, `1h30m`."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0}
_WHOLE: Final = re.compile(r"(?:\d+(?:\.\d+)?[hms])+")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)([hms])")
_LONGEST_S: Final = 7 * 24 * 3600.0


def seconds(text: str) -> float:
    """A duration in seconds.

    Raises:
        ValueError: it is none, or not between one second and a week.
    """
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"must be a duration such as 90s, 10m or 1h30m; {text!r} given")
    found = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if not 1 <= found <= _LONGEST_S:
        raise ValueError(f"must be between 1s and 168h; {text!r} given")
    return found
