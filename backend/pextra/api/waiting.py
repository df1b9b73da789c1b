"""`?wait=`: hold a request until a condition is true, in a bounded number of threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, NoReturn

from pextra.api.places import Places
from pextra.declaration import conditions
from pextra.errors import PextraError
from pextra.store.records import Record

_FIRST_DELAY_S: Final = 0.03
_LONGEST_DELAY_S: Final = 0.4


def holds(record: Record, condition: str) -> bool:
    """Whether the condition is true for the present generation."""
    found = conditions.find(record.status.get("conditions", []), condition)
    return (
        found is not None
        and found["status"] == "true"
        and record.status.get("observed_generation") == record.generation
    )


class Waits:
    """Places for requests that wait; at most `places` at a time."""

    def __init__(self, places: int) -> None:
        self._places = Places(places, "requests that wait", retry_after_s=1)

    def until(
        self, look: Callable[[], tuple[bool, Any]], timeout_s: float, what: str, *, tenant: Callable[[], str]
    ) -> Any:
        """Call `look` until it says that the condition holds; the answer is what it saw then.

        Args:
            look: answers (whether it holds, the object's wire form).
            tenant: the path of the tenant that asks, which is known after the first look.

        Raises:
            PextraError: `server.busy` when every place is taken, or every one that this tenant may have;
                `wait.timeout` with the object as it stands.
        """
        holding, seen = look()
        if holding:
            return seen
        with self._places.place(tenant()):
            return self._poll(look, seen, time.monotonic() + timeout_s, what)

    @staticmethod
    def _poll(look: Callable[[], tuple[bool, Any]], seen: Any, deadline: float, what: str) -> Any:
        delay = _FIRST_DELAY_S
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                _give_up(seen, what)
            time.sleep(min(delay, left))
            delay = min(delay * 1.5, _LONGEST_DELAY_S)
            holding, seen = look()
            if holding:
                return seen


def _give_up(seen: Any, what: str) -> NoReturn:
    ready = conditions.find(seen["status"].get("conditions", []), "ready") if seen else None
    why = f": {ready['reason']}: {ready['message']}" if ready is not None else "."
    raise PextraError("wait.timeout", f"{what} in the given time{why}", object=seen)
