"""One thing that a machine lacks to be a host, as the drivers' preflights tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

APT: Final = "apt-get install --no-install-recommends"
"""How what is missing is installed on the distributions that are supported."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is missing."""

    what: str
    remedy: str  # a command, or what to change

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}"
