"""What a process says of itself: that it is there, whether it can work, and what it counted.

The first two tell anybody yes or no, for balancers ask them; numbers are told to the operator's own networks alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Final

from flask import Blueprint, Response, request

from pextra.api import instruments
from pextra.api.cloud_instruments import CloudInstruments
from pextra.api.origin import Network, origin_of
from pextra.api.responses import answer
from pextra.errors import PextraError
from pextra.network_lists import within
from pextra.services import bounds
from pextra.services.cloud import Cloud
from pextra.store import audit, events
from pextra.store.database import Tx

_KEPT_S: Final = 1.0
"""So long strangers are told what was found last, so that asking does not make the database work."""


def blueprint(cloud: Cloud, trusted: Sequence[Network], operators: Sequence[Network]) -> Blueprint:
    """The routes.

    Args:
        trusted: networks of the proxies that are believed in whom they speak for.
        operators: networks from which numbers may be asked for.
    """
    routes = Blueprint("health", __name__)
    ready, of_cloud = _Ready(cloud), CloudInstruments(cloud)

    def is_operator() -> bool:
        # came by a proxy that is not known: then whoever asked it may be anybody
        if not trusted and ("X-Forwarded-For" in request.headers or "Forwarded" in request.headers):
            return False
        return within(origin_of(request, trusted).address, operators)

    def refuse_strangers() -> None:
        if not is_operator():
            raise PextraError(
                "auth.denied", "Metrics are told to the networks of PEXTRA_OPERATOR_NETWORKS; by default to loopback."
            )

    @routes.get("/healthz", endpoint="healthz")
    def healthz() -> Response:
        return answer(200, {"status": "ok"})

    @routes.get("/readyz", endpoint="readyz")
    def readyz() -> Response:
        if not is_operator():
            ready.check()
            return answer(200, {"status": "ok"})
        (number, age_us), (unsealed, unsealed_us) = cloud.database.read(_lags)
        body = {"status": "ok", "unsequenced_events": number, "oldest_unsequenced_s": age_us / 1e6}
        return answer(200, body | {"unsealed_audit_entries": unsealed, "oldest_unsealed_s": unsealed_us / 1e6})

    @routes.get("/metrics", endpoint="metrics")
    def metrics() -> Response:
        refuse_strangers()
        text, media_type = instruments.exposition()
        return Response(text, 200, content_type=media_type)

    @routes.get("/metrics/cloud", endpoint="cloud_metrics")
    def cloud_metrics() -> Response:
        refuse_strangers()
        text, media_type = of_cloud.exposition()
        return Response(text, 200, content_type=media_type)

    del healthz, readyz, metrics, cloud_metrics
    return routes


class _Ready:
    """Whether the database answers, asked at most once a second."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._failure: PextraError | None = None

    def check(self) -> None:
        with self._lock:
            if time.monotonic() - self._asked > _KEPT_S:
                try:
                    self._cloud.database.read(_lags)
                    self._failure = None
                except PextraError as error:
                    self._failure = PextraError("server.busy", "The server is not ready.", retry_after_s=5)
                    self._failure.__cause__ = error
                self._asked = time.monotonic()
            if self._failure is not None:
                raise self._failure


def _lags(tx: Tx) -> tuple[tuple[int, int], tuple[int, int]]:
    """Number and age, in microseconds, of the events without a number, and of the audit entries not sealed."""
    bounds.unbounded(tx)
    return events.lag(tx), audit.lag(tx)
