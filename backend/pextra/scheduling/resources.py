"""The resource vector: what a guest takes and a host has.

A new resource is a field of `Resources`, its unit in `UNITS`, and a `Enough` in `filters`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final


@dataclass(frozen=True, slots=True)
class Resources:
    """An amount of each resource.

    Raises:
        ValueError: a negative amount.
    """

    vcpus: int = 0
    memory_mib: int = 0
    disk_gib: int = 0

    def __post_init__(self) -> None:
        if min(self.vector) < 0:
            raise ValueError(f"amounts are never negative: {self}")

    @property
    def vector(self) -> tuple[int, ...]:
        """The amounts in the order of `DIMENSIONS`."""
        return (self.vcpus, self.memory_mib, self.disk_gib)


DIMENSIONS: Final[tuple[str, ...]] = tuple(field.name for field in fields(Resources))
"""The resources' names, in the order of every vector."""

VCPUS: Final = DIMENSIONS.index("vcpus")
MEMORY: Final = DIMENSIONS.index("memory_mib")
DISK: Final = DIMENSIONS.index("disk_gib")

UNITS: Final[tuple[str, ...]] = ("vCPUs", "MiB of memory", "GiB of disk")
"""What follows an amount in a sentence, in the same order."""
