"""Taking away sessions that have expired, and counts of login attempts that are forgotten anyway."""

from __future__ import annotations

from typing import Final

from pextra.services import attempts, sessions
from pextra.services.cloud import Cloud

EVERY_S: Final = 60.0


class SessionExpiry:
    """See the module. Several processes may run it at once: what one took away the others do not find."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._due = 0.0

    def run(self) -> int:
        """Take away what is due, when it is time to look; tells how many sessions there were."""
        now = self._cloud.database.clock.monotonic()
        if now < self._due:
            return 0
        self._due = now + EVERY_S
        self._cloud.database.write(attempts.sweep)
        total = 0
        while taken := sessions.sweep(self._cloud):
            total += taken
        return total
