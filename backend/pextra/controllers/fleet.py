"""How loops reach the drivers; made by wiring, which alone knows the concrete ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pextra.drivers.convergence import HostDrivers
from pextra.drivers.interface import StorageDriver
from pextra.drivers.interface.fabric import Fabric
from pextra.store.records import Record


class Fleet(Protocol):
    """The drivers of every host, and every storage pool."""

    @property
    def fabric(self) -> Fabric | None:
        """Of the networks that span real hosts; None where there is none."""
        ...

    @property
    def simulated_fabric(self) -> Fabric:
        """Of the networks of simulated hosts, in which no packet flows."""
        ...

    def drivers(self, host: Record) -> HostDrivers | None:
        """The host's drivers; None when this process has none for it."""
        ...

    def pools(self) -> Mapping[str, StorageDriver]:
        """Every storage pool by name."""
        ...
