"""Exit codes of the `pextra` command. Scripts rely on them: a number never changes its meaning."""

from __future__ import annotations

from enum import IntEnum

from pextra_client.errors import (
    AddressError,
    ApiError,
    ClientError,
    ConfigError,
    ConsoleRefusedError,
    TransportError,
    WaitTimeoutError,
)
from pextra_client.wire import Plan


class ExitCode(IntEnum):
    """What a run of the command ended with."""

    OK = 0
    ERROR = 1
    """Something failed that has no code of its own."""
    CHANGES = 2
    """`plan --detailed-exitcode` found changes."""
    INVALID = 3
    """The command line, a manifest or an argument is wrong."""
    NOT_FOUND = 4
    DENIED = 5
    """Not logged in, or not allowed."""
    CONFLICT = 6
    """The state of the cloud stands against it: exists, stale, in use, quota, capacity."""
    TIMEOUT = 7
    """A wait ended without its condition."""
    UNAVAILABLE = 8
    """No endpoint answered, or the server is busy."""
    INTERRUPTED = 130
    """Ctrl-C."""


class UsageError(ClientError):
    """The command line asks for something that makes no sense."""


class ManifestError(ClientError):
    """A manifest cannot be read.

    Args:
        source: the file, and where in it.
        reason: what is wrong.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")


class PlanRefusedError(ClientError):
    """Applying a plan would be refused, so nothing was changed.

    Args:
        plan: with the refusals.
        status: the HTTP status of the first of them.
    """

    def __init__(self, plan: Plan, status: int) -> None:
        refused = sum(bool(change.get("problems")) for change in plan["changes"])
        super().__init__(f"{refused} of {len(plan['changes'])} changes would be refused; nothing was changed")
        self.plan = plan
        self.status = status


_BY_STATUS = {
    400: ExitCode.INVALID,
    401: ExitCode.DENIED,
    403: ExitCode.DENIED,
    404: ExitCode.NOT_FOUND,
    405: ExitCode.INVALID,
    408: ExitCode.TIMEOUT,
    409: ExitCode.CONFLICT,
    412: ExitCode.CONFLICT,
    413: ExitCode.INVALID,
    415: ExitCode.INVALID,
    422: ExitCode.INVALID,
    429: ExitCode.UNAVAILABLE,
    502: ExitCode.UNAVAILABLE,
    503: ExitCode.UNAVAILABLE,
    504: ExitCode.TIMEOUT,
}


def exit_code_of_status(status: int) -> ExitCode:
    """The exit code for a refusal with this HTTP status."""
    return _BY_STATUS.get(status, ExitCode.ERROR)


def exit_code_of(error: ClientError) -> ExitCode:
    """The exit code for a failure."""
    match error:
        case ApiError() | PlanRefusedError() | ConsoleRefusedError():
            return exit_code_of_status(error.status)
        case TransportError():
            return ExitCode.UNAVAILABLE
        case WaitTimeoutError():
            return ExitCode.TIMEOUT
        case AddressError() | ConfigError() | UsageError() | ManifestError():
            return ExitCode.INVALID
        case _:
            return ExitCode.ERROR
