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


class HardAntiAffinity:
    """Hosts without a guest of the same spread group."""

    name = "anti_affinity"

    def keep(self, view: View, /) -> Flags | None:
        """Those that no guest of the group is on, when the request insists."""
        wish = view.request.anti_affinity
        if wish is None or not wish.hard:
            return None
        members = view.snapshot.members.get(wish.group)
        return ~np.isin(view.hosts, list(members)) if members else None

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


PLACES: Final[tuple[Filter, ...]] = (
    Ready(),
    Schedulable(),
    Pinned(),
    Zone(),
    Labels(),
    Features(),
    GpuModels(),
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
