"""The four ways in which a driver fails."""

from __future__ import annotations


class DriverError(Exception):
    """Base of the four driver failures.

    Args:
        reason: CamelCase word for a condition's `reason`, from the driver's closed list.
        message: what failed, with what value, and what to do.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


class Retryable(DriverError):
    """It did not happen and may work later without anyone changing anything."""


class Permanent(DriverError):
    """It did not happen and will not until the desired state or the host changes."""


class NotFound(DriverError):
    """What should have been there is not."""


class Unknown(DriverError):
    """It may have happened: observe before acting again."""
