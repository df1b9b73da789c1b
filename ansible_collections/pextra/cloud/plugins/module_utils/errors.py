# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What can go wrong: the cloud refuses, nobody answers, or a wait ends without its condition.

Every message is one line, because that is what a playbook's output shows of a failed task.
"""

from __future__ import annotations

from typing import Any, Mapping

MEMBERS_OF_EVERY_PROBLEM = frozenset({"type", "title", "status", "detail", "instance", "code"})


class PextraError(Exception):
    """Base of everything that this collection raises on purpose.

    Args:
        message: what was wrong and what to do.
        facts: what a task returns beside the message.
    """

    def __init__(self, message: str, facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(one_line(message))
        self.facts = dict(facts or {})


class SettingsError(PextraError):
    """What says where the cloud is, or who asks, is missing or cannot be used."""


class ManifestError(PextraError):
    """A manifest cannot be read or describes no object."""


class TransportError(PextraError):
    """No endpoint gave an answer that could be used."""


class WaitTimeoutError(PextraError):
    """A condition did not come true in time."""


class OperationFailedError(PextraError):
    """An act ended without success."""


class ApiError(PextraError):
    """A refusal by the cloud.

    Args:
        code: the stable code, such as C(quota.exceeded); C(http.<status>) of an answer that is no problem document.
        status: of HTTP.
        detail: what was wrong.
        facts: the problem's further members.
        request_id: what the server logged the request under.
    """

    def __init__(
        self, code: str, status: int, detail: str, facts: Mapping[str, Any] | None = None, request_id: str = ""
    ) -> None:
        members = dict(facts or {})
        returned = {"code": code, "status": status, "request_id": request_id, "problem": members}
        super().__init__(f"{code}: {detail}{_fields_at_fault(detail, members)}", returned)
        self.code = code
        self.status = status
        self.detail = detail
        self.members = members

    @classmethod
    def from_problem(cls, problem: Mapping[str, Any], status: int, request_id: str = "") -> ApiError:
        """The error that a problem document (RFC 9457) with a C(code) describes."""
        members = {name: value for name, value in problem.items() if name not in MEMBERS_OF_EVERY_PROBLEM}
        detail = str(problem.get("detail") or problem.get("title") or "")
        return cls(str(problem["code"]), int(problem.get("status") or status), detail, members, request_id)


def one_line(text: object) -> str:
    """The text with every run of white space made one space."""
    return " ".join(str(text).split())


def _fields_at_fault(detail: str, members: Mapping[str, Any]) -> str:
    """The fields that a refusal names, unless its detail says the same."""
    errors = members.get("errors")
    if not isinstance(errors, list):
        return ""
    said = [f"{each['field']}: {each.get('message', '')}" for each in errors if isinstance(each, dict)]
    missing = [each for each in said if each not in detail]
    return f" [{'; '.join(missing)}]" if missing else ""
