"""Requests and answers as the transport moves them: bytes and headers, no meaning yet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pextra_client.errors import ApiError
from pextra_client.retry import parse_retry_after

_IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_EXCERPT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of the API, addressed by path so that any endpoint can serve it.

    Args:
        method: in capitals.
        target: path and query, percent-encoded.
        headers: besides those that the transport adds itself (authorisation, agent).
        body: already encoded.
        safe: True for a POST that changes nothing, such as a plan.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = field(default=None, repr=False)
    safe: bool = False

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.safe or self.method in _IDEMPOTENT_METHODS or "Idempotency-Key" in self.headers


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The decoded body.

        Raises:
            ApiError: `http.<status>`, it is not JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise self._foreign("the answer is not JSON") from error

    def problem(self) -> dict[str, Any] | None:
        """The problem document with its `code`, or None when the body is not one of ours."""
        if "json" not in self.headers.get("content-type", ""):
            return None
        try:
            document = json.loads(self.body)
        except ValueError:
            return None
        if not isinstance(document, dict) or "code" not in document:
            return None
        return cast("dict[str, Any]", document)

    @property
    def retry_after_s(self) -> float | None:
        """Seconds after which the server suggests to try again."""
        return parse_retry_after(self.headers.get("retry-after"))

    def error(self) -> ApiError:
        """The refusal that this answer is."""
        problem = self.problem()
        if problem is None:
            return self._foreign(f"the server answered {self.status}")
        return ApiError.from_problem(
            problem, self.status, request_id=self._request_id, retry_after_s=self.retry_after_s
        )

    @property
    def _request_id(self) -> str:
        return self.headers.get("pextra-request-id", "")

    def _foreign(self, what: str) -> ApiError:
        excerpt = " ".join(self.body[:_EXCERPT].decode("utf-8", "replace").split())
        detail = f"{what}: {excerpt}" if excerpt else what
        return ApiError(
            f"http.{self.status}",
            self.status,
            detail,
            request_id=self._request_id,
            retry_after_s=self.retry_after_s,
        )
