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
    dedicated_threads: int = 0
    hugepages_2m: int = 0
    hugepages_1g: int = 0

    def __post_init__(self) -> None:
        if min(self.vector) < 0:
            raise ValueError(f"amounts are never negative: {self}")

    @property
    def vector(self) -> tuple[int, ...]:
        """The amounts in the order of `DIMENSIONS`."""
        return (
            self.vcpus,
            self.memory_mib,
            self.disk_gib,
            self.dedicated_threads,
            self.hugepages_2m,
            self.hugepages_1g,
        )


DIMENSIONS: Final[tuple[str, ...]] = tuple(field.name for field in fields(Resources))
"""The resources' names, in the order of every vector."""

VCPUS: Final = DIMENSIONS.index("vcpus")
MEMORY: Final = DIMENSIONS.index("memory_mib")
DISK: Final = DIMENSIONS.index("disk_gib")
DEDICATED_THREADS: Final = DIMENSIONS.index("dedicated_threads")
HUGEPAGES_2M: Final = DIMENSIONS.index("hugepages_2m")
HUGEPAGES_1G: Final = DIMENSIONS.index("hugepages_1g")

UNITS: Final[tuple[str, ...]] = (
    "vCPUs",
    "MiB of memory",
    "GiB of disk",
    "dedicated threads",
    "hugepages of 2 MiB",
    "hugepages of 1 GiB",
)
"""What follows an amount in a sentence, in the same order."""
