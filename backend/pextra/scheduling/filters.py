"""Which hosts can take a request.

Filters are asked in order, the cheap ones first; a host counts under the first one that rejects it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from pextra.scheduling.request import Request
from pextra.scheduling.resources import (
    DEDICATED_THREADS,
    DISK,
    HUGEPAGES_1G,
    HUGEPAGES_2M,
    MEMORY,
    UNITS,
    VCPUS,
)
from pextra.scheduling.snapshot import Snapshot


class Filter(Protocol):
    """One reason to reject hosts."""

    @property
    def name(self) -> str:
        """The key under which rejected hosts are counted; a promise to programs."""
        ...

    def keep(self, snapshot: Snapshot, request: Request, hosts: list[int], /) -> list[int]:
        """Those of the host indexes that it does not reject, in their order.

        A filter that the request does not concern gives back the list that it got. It changes neither.
        """
        ...

    def why(self, request: Request, /) -> str:
        """What is wrong with the hosts that it rejects, to follow their number: "3 are not ready"."""
        ...


class Ready:
    """Hosts that are alive."""

    name = "ready"

    def keep(self, snapshot: Snapshot, _request: Request, hosts: list[int], /) -> list[int]:
        """Those that are ready."""
        ready = snapshot.fleet.ready
        return [host for host in hosts if ready[host]]

    def why(self, _request: Request, /) -> str:
        """They are not ready."""
        return "not ready"


class Schedulable:
    """Hosts that are open to new guests."""

    name = "schedulable"

    def keep(self, snapshot: Snapshot, _request: Request, hosts: list[int], /) -> list[int]:
        """Those that nobody has closed."""
        schedulable = snapshot.fleet.schedulable
        return [host for host in hosts if schedulable[host]]

    def why(self, _request: Request, /) -> str:
        """They are closed."""
        return "closed to new guests"


class Pinned:
    """The one host that was asked for by name, or that a volume lives on."""

    name = "pinned"

    def keep(self, snapshot: Snapshot, request: Request, hosts: list[int], /) -> list[int]:
        """The host that every pin means, if it is there."""
        fleet = snapshot.fleet
        if request.host is not None:
            index = fleet.index_by_name.get(request.host)
            hosts = [host for host in hosts if host == index]
        if request.pinned_host_uid is not None:
            index = fleet.index_by_uid.get(request.pinned_host_uid)
            hosts = [host for host in hosts if host == index]
        return hosts

    def why(self, request: Request, /) -> str:
        """They are not the host that is meant."""
        if request.host is not None and request.pinned_host_uid is not None:
            return f"not host {request.host} with the volumes"
        return "not the host with the volumes" if request.host is None else f"not host {request.host}"


class Zone:
    """Hosts of one failure domain."""

    name = "zone"

    def keep(self, snapshot: Snapshot, request: Request, hosts: list[int], /) -> list[int]:
        """Those in the zone that was asked for."""
        zone = request.zone
        if zone is None:
            return hosts
        zones = snapshot.fleet.zones
        return [host for host in hosts if zones[host] == zone]

    def why(self, request: Request, /) -> str:
        """They are elsewhere."""
        return f"outside zone {request.zone}"


class Labels:
    """Hosts with certain labels."""

    name = "labels"

    def keep(self, snapshot: Snapshot, request: Request, hosts: list[int], /) -> list[int]:
        """Those that have all of the labels."""
        for key, value in request.host_labels.items():
            labelled = snapshot.fleet.labelled(key, value)
            hosts = [host for host in hosts if host in labelled]
        return hosts

    def why(self, request: Request, /) -> str:
        """They lack a label."""
        wanted = ",".join(f"{key}={value}" for key, value in sorted(request.host_labels.items()))
        return f"without labels {wanted}"


class Features:
    """Hosts that can be the machine which is asked for."""

    name = "features"

    def keep(self, snapshot: Snapshot, request: Request, hosts: list[int], /) -> list[int]:
        """Those that have all of the features."""
        for feature in request.features:
            giving = snapshot.fleet.giving(feature)
            hosts = [host for host in hosts if host in giving]
        return hosts

    def why(self, request: Request, /) -> str:
        """They lack one."""
        return f"without {','.join(sorted(request.features))}"


class HardAntiAffinity:
    """Hosts without a guest of the same spread group."""

    name = "anti_affinity"

    def keep(self, snapshot: Snapshot, request: Request, hosts: list[int], /) -> list[int]:
        """Those that no guest of the group is on, when the request insists."""
        wish = request.anti_affinity
        if wish is None or not wish.hard:
            return hosts
        members = snapshot.members.get(wish.group)
        return [host for host in hosts if host not in members] if members else hosts

    def why(self, _request: Request, /) -> str:
        """They have one."""
        return "with a guest of the same group"


@dataclass(frozen=True, slots=True)
class Enough:
    """Hosts with enough of one resource left. Of what is not asked for, nothing need be left.

    Args:
        name: the filter's name.
        dimension: the resource's place in every vector.
        counted: whether how much is wanted says what is wrong, as it does of what few hosts have at all.
    """

    name: str
    dimension: int
    counted: bool = False

    def keep(self, snapshot: Snapshot, request: Request, hosts: list[int], /) -> list[int]:
        """Those with enough left."""
        wanted = request.resources.vector[self.dimension]
        if not wanted:
            return hosts
        free = snapshot.free[self.dimension]
        return [host for host in hosts if free[host] >= wanted]

    def why(self, request: Request, /) -> str:
        """They have too little."""
        if not self.counted:
            return f"without enough {self.name}"
        return f"without {request.resources.vector[self.dimension]} free {UNITS[self.dimension]}"


PLACES: Final[tuple[Filter, ...]] = (
    Ready(),
    Schedulable(),
    Pinned(),
    Zone(),
    Labels(),
    Features(),
    HardAntiAffinity(),
)
"""The filters on what a host is and where."""

ROOM: Final[tuple[Filter, ...]] = (
    Enough("cpu", VCPUS),
    Enough("memory", MEMORY),
    Enough("disk", DISK),
    Enough("dedicated_threads", DEDICATED_THREADS, counted=True),
    Enough("hugepages_2m", HUGEPAGES_2M, counted=True),
    Enough("hugepages_1g", HUGEPAGES_1G, counted=True),
)
"""The filters on what a host has left."""

FILTERS: Final = PLACES + ROOM
"""Every filter, in the order in which they are asked."""
