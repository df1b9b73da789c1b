"""What can go wrong in a client: the server refuses, nobody answers, or a wait ends without its condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pextra_client.wire import Condition, Object

_MEMBERS_OF_EVERY_PROBLEM = frozenset({"type", "title", "status", "detail", "instance", "code"})


class ClientError(Exception):
    """Base of everything that this package raises on purpose."""


class ConfigError(ClientError):
    """The configuration of the client is missing something or cannot be read."""


class AddressError(ClientError):
    """An object cannot be addressed: its kind is unknown, or its tenant or name is missing."""


class ApiError(ClientError):
    """A refusal by the server, with its stable code.

    Args:
        code: the stable code, such as `quota.exceeded`. An answer that is not a problem document, a
            proxy's for instance, has the code `http.<status>`.
        status: the HTTP status.
        detail: what was wrong, for people.
        facts: the problem's further members, for programs (`errors`, `action`, `object`, …).
        request_id: what the server logged this request under; empty when it did not say.
        retry_after_s: seconds after which the server suggests to try again.
    """

    def __init__(
        self,
        code: str,
        status: int,
        detail: str,
        facts: Mapping[str, Any] | None = None,
        *,
        request_id: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.status = status
        self.detail = detail
        self.facts: dict[str, Any] = dict(facts or {})
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    @classmethod
    def from_problem(
        cls, problem: Mapping[str, Any], status: int, *, request_id: str, retry_after_s: float | None
    ) -> ApiError:
        """The error that a problem document (RFC 9457) with a `code` describes."""
        facts = {name: value for name, value in problem.items() if name not in _MEMBERS_OF_EVERY_PROBLEM}
        detail = str(problem.get("detail") or problem.get("title") or "")
        return cls(
            str(problem["code"]),
            status,
            detail,
            facts,
            request_id=request_id,
            retry_after_s=retry_after_s,
        )

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The fields at fault of a `spec.invalid`, each with `field`, `message` and perhaps `value`."""
        errors = self.facts.get("errors")
        return cast("list[dict[str, Any]]", errors) if isinstance(errors, list) else []


class TransportError(ClientError):
    """No endpoint gave an answer that could be used.

    Args:
        message: what was tried and how it ended.
        attempts: one line for each endpoint tried, newest last.
        may_have_happened: True when a request left and its answer was lost, so that a write may stand.
    """

    def __init__(self, message: str, attempts: Sequence[str] = (), *, may_have_happened: bool = False) -> None:
        super().__init__(message)
        self.attempts = tuple(attempts)
        self.may_have_happened = may_have_happened


class WaitTimeoutError(ClientError):
    """A condition did not come true in time.

    Args:
        subject: what was waited for, such as `instance acme/web-1 to be ready`.
        timeout_s: how long was waited.
        last: the object as it was last seen, if it was seen.
        condition: the condition that was waited for, as it was last seen.
    """

    def __init__(self, subject: str, timeout_s: float, last: Object | None, condition: Condition | None) -> None:
        why = ""
        if condition is not None:
            why = f": {condition['reason']}"
            if condition["message"]:
                why += f": {condition['message']}"
        super().__init__(f"gave up after {timeout_s:g} s waiting for {subject}{why}")
        self.last = last
        self.condition = condition


class WaitStoppedError(ClientError):
    """Somebody said that nothing is to be waited for any more; what was asked for goes on.

    Args:
        subject: what was waited for, such as `instance acme/web-1 to be ready`.
        last: the object as it was last seen, if it was seen.
    """

    def __init__(self, subject: str, last: Object | None) -> None:
        super().__init__(f"told to stop while waiting for {subject}, which goes on")
        self.last = last


class OperationFailedError(ClientError):
    """An operation ended without success.

    Args:
        operation: the operation as it ended.
    """

    def __init__(self, operation: Object) -> None:
        status = operation.get("status", {})
        spec = operation["spec"]
        target = spec.get("target", {})
        why = status.get("error") or "no reason was given"
        super().__init__(
            f"{spec.get('action', 'operation')} of {target.get('kind', 'object')} {target.get('name', '?')} "
            f"{status.get('phase', 'failed')}: {why}"
        )
        self.operation = operation


class ConsoleRefusedError(ClientError):
    """The console was not opened, or was closed by the cloud.

    Args:
        status: as HTTP would have it: 409 for a console that somebody else is at, 408 for one that was idle, ….
        reason: why.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class WatchExpiredError(ClientError):
    """The stream no longer keeps the position to continue from: list again and watch from there.

    Args:
        position: the position that is no longer kept.
    """

    def __init__(self, position: str | None) -> None:
        super().__init__(f"stream position {position} is no longer kept: list again")
        self.position = position
