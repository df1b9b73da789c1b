"""A cloud of simulated hosts that counts the calls to its API, for what is built on clients."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli.cloud import RunningCloud, running_cloud


class Calls:
    """Counts requests by method, and by `PLAN` those that only ask what a write would do."""

    def __init__(self) -> None:
        self._app: Any = None
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def around(self, app: Any) -> Calls:
        """The application to serve in place of the API's."""
        self._app = app
        return self

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        name = "PLAN" if environ["PATH_INFO"] == "/v1/plan" else environ["REQUEST_METHOD"]
        with self._lock:
            self._counts[name] += 1
        return self._app(environ, start_response)

    def taken(self) -> Counter[str]:
        """The counts since they were taken last."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return counts


@contextmanager
def counted_cloud(folder: Path) -> Generator[tuple[RunningCloud, Calls]]:
    """A new cloud whose data is in `folder`, and what counts its calls."""
    calls = Calls()
    with running_cloud(folder, around=calls.around) as cloud:
        yield cloud, calls
