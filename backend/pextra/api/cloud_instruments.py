"""What the cloud has, as Prometheus reads it. It names tenants and objects: operators alone are told."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pextra.services import bgp_gauges, gpu_gauges
from pextra.services.cloud import Cloud

KEPT_S: Final = 10.0
"""So long what was read last is told again: several scrapers cost the database no more than one."""


class CloudInstruments:
    """Remembers what was read last; one thread reads at a time."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._text = b""
        self._read_at = float("-inf")

    def exposition(self) -> tuple[bytes, str]:
        """The gauges in Prometheus' format, and its media type.

        Raises:
            PextraError: `store.unavailable`.
        """
        with self._lock:
            now = self._cloud.database.clock.monotonic()
            if now - self._read_at > KEPT_S:
                registry = CollectorRegistry()
                registry.register(_Families(gpu_gauges.GAUGES, gpu_gauges.read(self._cloud).values))
                registry.register(_Families(bgp_gauges.GAUGES, bgp_gauges.read(self._cloud)))
                self._text, self._read_at = generate_latest(registry), now
            return self._text, CONTENT_TYPE_LATEST


class _Families(Collector):
    """Gauges by name, each with what it says and its labels, and their values by those of the labels."""

    def __init__(
        self,
        gauges: Mapping[str, tuple[str, tuple[str, ...]]],
        values: Mapping[str, Mapping[tuple[str, ...], float]],
    ) -> None:
        self._gauges = gauges
        self._values = values

    def collect(self) -> Iterable[Metric]:
        for name, (says, labels) in self._gauges.items():
            counts = name.endswith("_total")
            family = (CounterMetricFamily if counts else GaugeMetricFamily)(name, says, labels=labels)
            for labelled, value in self._values[name].items():
                family.add_metric(labelled, value)
            yield family
