"""What this process counts of itself. Nothing here names a tenant or an object."""

from __future__ import annotations

import os
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"})
"""The methods that are counted by name; whatever else a client makes up is counted together."""

REQUESTS: Final = Counter("pextra_requests_total", "Answers by method, kind and status.", ["method", "kind", "status"])
DURATION: Final = Histogram(
    "pextra_request_seconds",
    "Time to answer, waits excepted.",
    ["method", "kind"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
FAILURES: Final = Counter("pextra_request_failures_total", "Problems by code.", ["code"])


def exposition() -> tuple[bytes, str]:
    """The metrics of this process, or of all workers where they share a folder, and their media type."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST
