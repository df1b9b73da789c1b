"""Answers: JSON, problems, and the headers that every answer carries."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from pextra.errors import RETRYABLE, PextraError


def answer(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; without a body, none is sent."""
    text = "" if body is None else json.dumps(body, separators=(",", ":"))
    response = Response(text, status, mimetype="application/json")
    if body is None:
        del response.headers["Content-Type"]
    response.headers.update(headers or {})
    return response


def problem(error: PextraError) -> Response:
    """The RFC 9457 answer of an error."""
    response = Response(json.dumps(error.problem()), error.status, mimetype="application/problem+json")
    if error.code in RETRYABLE or "retry_after_s" in error.facts:
        response.headers["Retry-After"] = str(error.facts.get("retry_after_s", 1))
    if error.status == 401 and error.code.startswith("auth."):
        response.headers["WWW-Authenticate"] = 'Bearer realm="pextra"'
    return response
