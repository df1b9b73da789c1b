"""One guest that wants a host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pextra.scheduling.gpus.wishes import GpuRequest
from pextra.scheduling.resources import Resources


@dataclass(frozen=True, slots=True)
class AntiAffinity:
    """Keep away from guests of the same spread group.

    Args:
        group: the group's key; a placed guest joins it.
        hard: never share a host; otherwise only rather not.
    """

    group: str
    hard: bool


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
        anti_affinity: which guests to keep away from.
        gpus: the GPUs that it wants.
    """

    uid: str
    tenant_uid: str
    resources: Resources
    zone: str | None = None
    host: str | None = None
    pinned_host_uid: str | None = None
    host_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    anti_affinity: AntiAffinity | None = None
    features: frozenset[str] = frozenset()
    gpus: GpuRequest | None = None

    @cached_property
    def alike(self) -> tuple[object, ...]:
        """Equal for requests that every host suits, or does not suit, alike."""
        labels = tuple(sorted(self.host_labels.items()))
        pins = (self.zone, self.host, self.pinned_host_uid)
        return (self.resources, pins, labels, self.features, self.anti_affinity, self.gpus)
