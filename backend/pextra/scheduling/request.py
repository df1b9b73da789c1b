"""One guest that wants a host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pextra.scheduling.gpus.wishes import GpuRequest
from pextra.scheduling.groups import Group
from pextra.scheduling.resources import Resources
from pextra.scheduling.taints import Toleration


@dataclass(frozen=True, slots=True)
class Storage:
    """Where the image and the volumes of a guest are.

    Args:
        pools: only on hosts whose disks are in one of these.
        fetchable: also on hosts with pools of their own, which fetch the image when they first need it;
        unfit: but for these pools.
    """

    pools: frozenset[str]
    fetchable: bool = False
    unfit: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Request:
    """What is to be placed, and where it may go.

    Args:
        uid: the guest's.
        tenant_uid: its tenant's.
        resources: what it takes.
        zone: only in this zone.
        host: only on the host of this name.
        pinned_host_uid: only on this host, for a volume of the guest lives there.
        host_labels: only on hosts that have all of these.
        features: only on hosts that can give all of these.
        group: which guests to be with, or away from.
        gpus: the GPUs that it wants.
        storage: where its disks can be; None: on any host.
        tolerations: the taints that it does not mind.
    """

    uid: str
    tenant_uid: str
    resources: Resources
    zone: str | None = None
    host: str | None = None
    pinned_host_uid: str | None = None
    host_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    group: Group | None = None
    features: frozenset[str] = frozenset()
    gpus: GpuRequest | None = None
    storage: Storage | None = None
    tolerations: tuple[Toleration, ...] = ()

    @cached_property
    def alike(self) -> tuple[object, ...]:
        """Equal for requests that every host suits, or does not suit, alike."""
        labels = tuple(sorted(self.host_labels.items()))
        pins = (self.zone, self.host, self.pinned_host_uid)
        wishes = (self.features, self.group, self.gpus)
        return (self.resources, pins, labels, *wishes, self.storage, self.tolerations)
