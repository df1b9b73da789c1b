# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Requests to several endpoints of one cloud: fail over, and try again within a deadline."""

from __future__ import annotations

import http.client
import json
import random
import ssl
import time
import urllib.error
from typing import Any, Callable, Mapping

from ansible.module_utils.urls import ConnectionError as UrlsError
from ansible.module_utils.urls import Request

from ansible_collections.pextra.cloud.plugins.module_utils.errors import ApiError, TransportError, one_line
from ansible_collections.pextra.cloud.plugins.module_utils.settings import Settings
from ansible_collections.pextra.cloud.plugins.module_utils.version import COLLECTION_VERSION

ATTEMPTS = 5
"""How often each endpoint is tried in one call while none answers; one that never does is rather wrong than late."""
FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 5.0
ANSWER_S = 20.0
GATEWAY_STATUSES = frozenset({502, 503, 504})
COME_BACK_STATUSES = frozenset({429, 503})


class Answer:
    """What a server said.

    Args:
        status: of HTTP.
        headers: by lower-case name.
        body: as it came.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            TransportError: it is none, so that no server of ours wrote it.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise TransportError(f"the endpoint answered {self.status} with something that is no JSON") from error

    def problem(self) -> dict[str, Any] | None:
        """The problem document with a code, or None when the answer is not one."""
        if not self.headers.get("content-type", "").startswith("application/problem+json"):
            return None
        document = self.json()
        return document if isinstance(document, dict) and "code" in document else None

    def error(self) -> ApiError:
        """The refusal that the answer is."""
        request_id = self.headers.get("pextra-request-id", "")
        problem = self.problem()
        if problem is not None:
            return ApiError.from_problem(problem, self.status, request_id)
        shown = one_line(self.body[:200].decode("utf-8", "replace"))
        return ApiError(f"http.{self.status}", self.status, f"the endpoint answered {self.status}: {shown}")

    def retry_after_s(self) -> float | None:
        """How long the server asks to wait, when it says so in seconds."""
        text = self.headers.get("retry-after", "").strip()
        return float(text) if text.isdecimal() else None


class Transport:
    """Sends requests to whichever endpoint answers; the one that answered last is asked first.

    Args:
        settings: where and who.
        sleep: waits that many seconds; replaceable for tests.
    """

    def __init__(self, settings: Settings, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._sleep = sleep
        self._first = 0
        headers = {"Accept": "application/json", "User-Agent": f"ansible-pextra.cloud/{COLLECTION_VERSION}"}
        if settings.token is not None:
            headers["Authorization"] = f"Bearer {settings.token}"
        # A .netrc must not replace the token, and a redirect must not carry it to a stranger.
        self._request = Request(
            headers=headers,
            validate_certs=True,
            ca_path=settings.ca,
            follow_redirects="none",
            use_netrc=False,
            force=False,
        )
        self.calls = 0
        """How many requests were sent."""

    def call(
        self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None, wait_s: float = 0.0
    ) -> Answer:
        """Sends a request until it is answered.

        Args:
            method: of HTTP.
            target: path and query. What is sent may be sent twice: writes carry an idempotency key.
            body: becomes JSON.
            headers: further ones.
            wait_s: how long the server may hold the answer back.

        Returns:
            Any answer, refusals included.

        Raises:
            TransportError: nobody answered in time.
        """
        deadline = time.monotonic() + self._settings.api_timeout_s + wait_s
        failures = dict.fromkeys(self._settings.endpoints, 0)
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        sent = dict(headers or {})
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        rounds, trail = 0, "nothing was tried"
        refusal: Answer | None = None
        while True:
            pause_s = 0.0
            for url in self._order(failures):
                try:
                    answer = self._attempt(url, method, target, data, sent, wait_s, deadline)
                except TransportError as error:
                    trail, refusal = f"{url}: {error}", None
                    failures[url] = ATTEMPTS if error.facts.get("permanent") else failures[url] + 1
                    continue
                if answer.status in GATEWAY_STATUSES and answer.problem() is None:
                    trail, refusal = f"{url}: answered {answer.status}", None
                    failures[url] += 1
                    continue
                self._first = self._settings.endpoints.index(url)
                if answer.status not in COME_BACK_STATUSES:
                    return answer
                refusal = answer
                pause_s = max(pause_s, answer.retry_after_s() or 0.0)
            rounds += 1
            pause_s = max(pause_s, _backoff_s(rounds))
            if time.monotonic() + pause_s >= deadline or not self._order(failures):
                if refusal is not None:
                    return refusal
                raise TransportError(f"{method} {target.split('?', maxsplit=1)[0]}: no endpoint answered: {trail}")
            self._sleep(pause_s)

    def _order(self, failures: Mapping[str, int]) -> list[str]:
        """The endpoints that are still asked, the last good one first."""
        urls = self._settings.endpoints
        return [url for url in urls[self._first :] + urls[: self._first] if failures[url] < ATTEMPTS]

    def _attempt(
        self,
        url: str,
        method: str,
        target: str,
        data: bytes | None,
        headers: dict[str, str],
        wait_s: float,
        deadline: float,
    ) -> Answer:
        """One attempt at one endpoint.

        Raises:
            TransportError: it did not answer; C(permanent) among the facts says that it never will.
        """
        timeout_s = max(1.0, min(ANSWER_S + wait_s, deadline - time.monotonic()))
        self.calls += 1
        try:
            response = self._request.open(method, url + target, data=data, headers=headers, timeout=timeout_s)
            return _answer(response)
        except urllib.error.HTTPError as error:
            # An error's body may break off, too.
            try:
                return _answer(error)
            except (OSError, http.client.HTTPException) as lost:
                raise TransportError(_reason(lost)) from lost
        except UrlsError as error:
            raise TransportError(str(error), {"permanent": True}) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            distrusted = isinstance(reason, ssl.SSLCertVerificationError)
            raise TransportError(_reason(error), {"permanent": distrusted}) from error


def _answer(response: Any) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status if hasattr(response, "status") else response.code, headers, response.read())


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or one_line(reason) or type(reason).__name__


def _backoff_s(rounds: int) -> float:
    """Doubles with each round; jittered, so that clients do not come back together."""
    bound = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (rounds - 1))
    return bound * (0.5 + 0.5 * random.random())
