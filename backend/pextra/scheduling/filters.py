"""Which hosts can take a request.

Filters are asked in order, the cheap ones first; a host counts under the first one that rejects it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from pextra.scheduling.request import Request
from pextra.scheduling.resources import DISK, MEMORY, VCPUS
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
    """

    name: str
    dimension: int

    def keep(self, snapshot: Snapshot, request: Request, hosts: list[int], /) -> list[int]:
        """Those with enough left."""
        wanted = request.resources.vector[self.dimension]
        if not wanted:
            return hosts
        free = snapshot.free[self.dimension]
        return [host for host in hosts if free[host] >= wanted]

    def why(self, _request: Request, /) -> str:
        """They have too little."""
        return f"without enough {self.name}"


PLACES: Final[tuple[Filter, ...]] = (
    Ready(),
    Schedulable(),
    Pinned(),
    Zone(),
    Labels(),
    HardAntiAffinity(),
)
"""The filters on what a host is and where."""

ROOM: Final[tuple[Filter, ...]] = (Enough("cpu", VCPUS), Enough("memory", MEMORY), Enough("disk", DISK))
"""The filters on what a host has left."""

FILTERS: Final = PLACES + ROOM
"""Every filter, in the order in which they are asked."""
