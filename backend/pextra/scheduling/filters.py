"""Which hosts can take a request.

Filters are asked in order, the cheap ones first; a host counts under the first one that rejects it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pextra.scheduling.arrays import Flags
from pextra.scheduling.gpus.devices import WHOLE_MILLI
from pextra.scheduling.gpus.wishes import Wish
from pextra.scheduling.groups import Rule, Topology
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
from pextra.scheduling.taints import Effect, untolerated
from pextra.scheduling.view import View


class Filter(Protocol):
    """One reason to reject hosts."""

    @property
    def name(self) -> str:
        """The key under which rejected hosts are counted; a promise to programs."""
        ...

    def keep(self, view: View, /) -> Flags | None:
        """Which of the view's hosts it does not reject; None: the request does not concern it."""
        ...

    def why(self, request: Request, /) -> str:
        """What is wrong with the hosts that it rejects, to follow their number: "3 are not ready"."""
        ...


class Ready:
    """Hosts that are alive."""

    name = "ready"

    def keep(self, view: View, /) -> Flags | None:
        """Those that are ready."""
        return view.fleet.ready[view.hosts]

    def why(self, _request: Request, /) -> str:
        """They are not ready."""
        return "not ready"


class Schedulable:
    """Hosts that are open to new guests."""

    name = "schedulable"

    def keep(self, view: View, /) -> Flags | None:
        """Those that nobody has closed."""
        return view.fleet.schedulable[view.hosts]

    def why(self, _request: Request, /) -> str:
        """They are closed."""
        return "closed to new guests"


class Pinned:
    """The one host that was asked for by name, or that a volume lives on."""

    name = "pinned"

    def keep(self, view: View, /) -> Flags | None:
        """The host that every pin means, if it is there."""
        request, fleet = view.request, view.fleet
        if request.host is None and request.pinned_host_uid is None:
            return None
        kept = np.ones(len(view.hosts), dtype=np.bool_)
        if request.host is not None:
            kept &= view.hosts == fleet.index_by_name.get(request.host, -1)
        if request.pinned_host_uid is not None:
            kept &= view.hosts == fleet.index_by_uid.get(request.pinned_host_uid, -1)
        return kept

    def why(self, request: Request, /) -> str:
        """They are not the host that is meant."""
        if request.host is not None and request.pinned_host_uid is not None:
            return f"not host {request.host} with the volumes"
        return "not the host with the volumes" if request.host is None else f"not host {request.host}"


class Zone:
    """Hosts of one failure domain."""

    name = "zone"

    def keep(self, view: View, /) -> Flags | None:
        """Those in the zone that was asked for."""
        zone = view.request.zone
        return None if zone is None else view.fleet.zone[view.hosts] == view.fleet.in_zone(zone)

    def why(self, request: Request, /) -> str:
        """They are elsewhere."""
        return f"outside zone {request.zone}"


class Labels:
    """Hosts with certain labels."""

    name = "labels"

    def keep(self, view: View, /) -> Flags | None:
        """Those that have all of the labels."""
        return _having(view, [view.fleet.labelled(*label) for label in view.request.host_labels.items()])

    def why(self, request: Request, /) -> str:
        """They lack a label."""
        wanted = ",".join(f"{key}={value}" for key, value in sorted(request.host_labels.items()))
        return f"without labels {wanted}"


class Features:
    """Hosts that can be the machine which is asked for."""

    name = "features"

    def keep(self, view: View, /) -> Flags | None:
        """Those that have all of the features."""
        return _having(view, [view.fleet.giving(feature) for feature in view.request.features])

    def why(self, request: Request, /) -> str:
        """They lack one."""
        return f"without {','.join(sorted(request.features))}"


class Taints:
    """Hosts that are kept for others, or that something is the matter with."""

    name = "taints"

    def keep(self, view: View, /) -> Flags | None:
        """Those whose taints, as far as they forbid, the request tolerates."""
        fleet, tolerated = view.fleet, view.request.tolerations
        if not any(fleet.taints):
            return None
        free = [not untolerated(taints, tolerated, Effect.NO_SCHEDULE) for taints in fleet.taints]
        return np.array(free, dtype=np.bool_)[fleet.tainted[view.hosts]]

    def why(self, _request: Request, /) -> str:
        """They have one that it does not tolerate."""
        return "with a taint that it does not tolerate"


class Stored:
    """Hosts that reach what the guest's disks are made of."""

    name = "storage"

    def keep(self, view: View, /) -> Flags | None:
        """Those in one of the pools, and those that fetch what they need."""
        storage, fleet = view.request.storage, view.fleet
        if storage is None:
            return None
        kept = fleet.in_pools(view.hosts, storage.pools)
        if storage.fetchable:
            kept |= ~fleet.pool_shared[view.hosts] & ~fleet.in_pools(view.hosts, storage.unfit)
        return kept

    def why(self, _request: Request, /) -> str:
        """They do not."""
        return "that do not reach its image and volumes"


class RequiredGroup:
    """Hosts where the rule of the request's placement group is kept."""

    name = "placement_group"

    def keep(self, _view: View, /) -> Flags | None:
        """Any: it hangs on who else is where, so that `place` asks it anew of all hosts, each time and at once."""
        return None

    def why(self, request: Request, /) -> str:
        """What of the rule would not be kept there."""
        wish = request.group
        assert wish is not None
        match wish.rule:
            case Rule.ANTI_AFFINITY:
                same = "" if wish.topology is Topology.HOST else f" in their {wish.topology.value}"
                return f"with a guest of its placement group{same}"
            case Rule.AFFINITY:
                return f"outside the {wish.topology.value} of its placement group"
            case Rule.SPREAD:
                which = "that have" if wish.topology is Topology.HOST else f"in a {wish.topology.value} that has"
                return f"{which} more of its placement group than another"


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

    def keep(self, view: View, /) -> Flags | None:
        """Those with enough left."""
        wanted = view.request.resources.vector[self.dimension]
        return view.snapshot.free[self.dimension][view.hosts] >= wanted if wanted else None

    def why(self, request: Request, /) -> str:
        """They have too little."""
        if not self.counted:
            return f"without enough {self.name}"
        return f"without {request.resources.vector[self.dimension]} free {UNITS[self.dimension]}"


class GpuModels:
    """Hosts with GPUs of a kind that will do, whether they are free or not."""

    name = "gpu_models"

    def keep(self, view: View, /) -> Flags | None:
        """Those with as many usable GPUs, or parts, as are asked for."""
        wish = view.request.gpus
        if wish is None:
            return None
        gpus = view.fleet.gpus
        milli = gpus.needs(wish).milli[gpus.kind[view.hosts]]
        parts = np.where(milli > 0, WHOLE_MILLI // np.maximum(milli, 1), 0) * gpus.usable[view.hosts]
        return parts.sum(axis=1) >= wish.count

    def why(self, request: Request, /) -> str:
        """They have none, or too few."""
        assert request.gpus is not None
        plain = replace(request.gpus, nvlink=Wish.NONE, numa=Wish.NONE)
        return f"without {plain.words}"


class Gpus:
    """Hosts whose free GPUs are enough, and as far together as is insisted on."""

    name = "gpus"

    def keep(self, view: View, /) -> Flags | None:
        """Those with a set of GPUs for the request."""
        return None if view.request.gpus is None else view.chosen.fits

    def why(self, request: Request, /) -> str:
        """They have no such set."""
        assert request.gpus is not None
        return f"without {request.gpus.words} free"


WHERE: Final[tuple[Filter, ...]] = (
    Ready(),
    Schedulable(),
    Pinned(),
    Zone(),
    Labels(),
    Taints(),
    Features(),
    Stored(),
    GpuModels(),
)
"""The filters on what a host is and where, whoever else is there."""

PLACES: Final[tuple[Filter, ...]] = (*WHERE, RequiredGroup())
"""The filters on what a host is and where."""

ROOM: Final[tuple[Filter, ...]] = (
    Enough("cpu", VCPUS),
    Enough("memory", MEMORY),
    Enough("disk", DISK),
    Enough("dedicated_threads", DEDICATED_THREADS, counted=True),
    Enough("hugepages_2m", HUGEPAGES_2M, counted=True),
    Enough("hugepages_1g", HUGEPAGES_1G, counted=True),
    Gpus(),
)
"""The filters on what a host has left."""

FILTERS: Final = PLACES + ROOM
"""Every filter, in the order in which they are asked."""


def sift(view: View) -> tuple[NDArray[np.int8], View]:
    """Ask every filter.

    Returns:
        For each of the view's hosts the place of the first filter that rejects it, counted from 1, or 0; and the
        view of those that none rejects.
    """
    rejected = np.zeros(len(view.hosts), dtype=np.int8)
    left = np.arange(len(view.hosts))
    for place, one in enumerate(FILTERS, 1):
        kept = one.keep(view) if len(left) else None
        if kept is not None and not kept.all():
            rejected[left[~kept]] = place
            left, view = left[kept], view.only(kept)
    return rejected, view


def _having(view: View, marks: list[Flags | None]) -> Flags | None:
    if not marks:
        return None
    kept = np.ones(len(view.hosts), dtype=np.bool_)
    for mark in marks:
        kept &= mark[view.hosts] if mark is not None else False
    return kept
