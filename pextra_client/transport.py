"""Calls to several endpoints: fail over, and try again within a deadline."""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from pextra_client.connections import AttemptFailedError, Connections
from pextra_client.credentials import Credentials
from pextra_client.endpoints import Endpoint, EndpointSet
from pextra_client.errors import TransportError
from pextra_client.messages import Answer, Request
from pextra_client.retry import RetryPolicy

_log = logging.getLogger(__name__)

_GATEWAY_STATUSES = frozenset({502, 503, 504})
_COME_BACK_STATUSES = frozenset({429, 503})
# One replica has lost its way to the database; another may not have.
_FAULTS_OF_ONE_REPLICA = frozenset({"store.unavailable", "store.full"})
# A login whose directory does not answer counts as an attempt: whether to make another one is for people to say.
_COUNTED = "identity.unavailable"
_NOTICE_AFTER_S = 3.0


class Transport:
    """Sends requests to whichever endpoint answers. Safe to share between threads.

    Args:
        endpoints: the addresses of the API.
        credentials: what to show and to trust.
        policy: how patient to be.
        sleep: waits that many seconds; with `clock` and `rng` replaceable for tests.
        clock: monotonic seconds.
        rng: jitter.

    Raises:
        ConfigError: the credentials cannot be used.
    """

    def __init__(
        self,
        endpoints: EndpointSet,
        credentials: Credentials,
        *,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        self.endpoints = endpoints
        self.credentials = credentials
        self.connections = Connections(endpoints.urls, credentials)
        self.policy = policy or RetryPolicy()
        self._sleep = sleep
        self._clock = clock
        self._rng = rng or random.Random()

    def __repr__(self) -> str:
        return f"Transport({', '.join(self.endpoints.urls)})"

    def close(self) -> None:
        """Closes every idle connection."""
        self.connections.close()

    def call(self, request: Request, *, timeout_s: float, answer_timeout_s: float | None = None) -> Answer:
        """Sends a request until it is answered.

        A request that is not repeatable is sent again only while it is certain that no server acted on it.

        Args:
            request: what to send.
            timeout_s: the deadline of the whole call, retries and their delays included.
            answer_timeout_s: for one attempt, when the policy's bound is too short (a long poll).

        Returns:
            Any answer, refusals included.

        Raises:
            TransportError: nobody answered in time, or an endpoint redirects to a stranger.
        """
        state = _CallState(
            request,
            self._clock(),
            self._clock() + timeout_s,
            answer_timeout_s or self.policy.answer_timeout_s,
        )
        while True:
            chosen = self.endpoints.choose(state.given_up)
            if chosen is None:
                return state.outcome("no endpoint answered")
            endpoint, rest_s = chosen
            # A call always asks once, however unwell the endpoints were in earlier calls.
            pause_s = max(rest_s, state.hold_s) if state.trail else 0.0
            if state.trail and self._clock() + pause_s >= state.deadline:
                return state.outcome("the deadline has passed")
            self._pause(state, pause_s)
            answer = self._attempt(state, endpoint)
            if answer is not None:
                return answer

    def _pause(self, state: _CallState, pause_s: float) -> None:
        if not state.trail:
            return
        _log.info("%s; trying again in %.1f s", state.trail[-1], pause_s)
        if not state.noticed and self._clock() + pause_s - state.started > _NOTICE_AFTER_S:
            state.noticed = True
            _log.warning("still trying: %s", state.trail[-1])
        if pause_s > 0:
            self._sleep(pause_s)
        state.hold_s = 0.0

    def _attempt(self, state: _CallState, endpoint: Endpoint) -> Answer | None:
        """One attempt: its final answer, or None when another is due."""
        remaining_s = max(0.1, state.deadline - self._clock())
        try:
            answer = self.connections.send(
                endpoint.url,
                state.request,
                connect_s=min(self.policy.connect_timeout_s, remaining_s),
                answer_s=min(state.answer_timeout_s, remaining_s),
            )
        except AttemptFailedError as failure:
            self._failed(state, endpoint, failure)
            return None
        if answer.status in _GATEWAY_STATUSES and answer.problem() is None:
            self._failed(state, endpoint, AttemptFailedError(f"answered {answer.status}", sent=True))
            return None
        if answer.status in _COME_BACK_STATUSES:
            return self._refused(state, endpoint, answer)
        self.endpoints.succeeded(endpoint)
        return answer

    def _failed(self, state: _CallState, endpoint: Endpoint, failure: AttemptFailedError) -> None:
        self.endpoints.failed(endpoint, self._backoff_s)
        state.failures[endpoint.url] += 1
        state.refusal = None
        state.trail.append(f"{endpoint.url}: {failure.reason}")
        if failure.sent:
            state.may_have_happened = True
            if not state.request.repeatable:
                raise state.error("the answer was lost, and the request may not be repeated")
        if failure.permanent or state.failures[endpoint.url] >= self.policy.attempts:
            state.given_up.add(endpoint.url)

    def _refused(self, state: _CallState, endpoint: Endpoint, answer: Answer) -> Answer | None:
        """An answer that asks to come back: None, or the answer when coming back is not allowed."""
        problem = answer.problem() or {}
        code = problem.get("code", answer.status)
        state.refusal = answer
        state.refusals += 1
        state.trail.append(f"{endpoint.url}: {code}")
        if code == _COUNTED and not state.request.repeatable:
            return answer
        if code in _FAULTS_OF_ONE_REPLICA:
            self.endpoints.failed(endpoint, self._backoff_s)
            return None if state.request.repeatable else answer
        asked_s = answer.retry_after_s
        state.hold_s = self._backoff_s(state.refusals) if asked_s is None else self._jittered_s(asked_s)
        return None

    def _backoff_s(self, failures: int) -> float:
        return self.policy.delay_s(failures, self._rng)

    def _jittered_s(self, delay_s: float) -> float:
        """A little longer than asked for, so that clients do not return together."""
        return delay_s * (1.0 + 0.25 * self._rng.random())


@dataclass(slots=True)
class _CallState:
    """What the attempts of one call have shown so far."""

    request: Request
    started: float
    deadline: float
    answer_timeout_s: float
    failures: Counter[str] = field(default_factory=Counter[str])
    given_up: set[str] = field(default_factory=set[str])
    trail: list[str] = field(default_factory=list[str])
    refusal: Answer | None = None
    refusals: int = 0
    hold_s: float = 0.0
    may_have_happened: bool = False
    noticed: bool = False

    def outcome(self, why: str) -> Answer:
        """What to return when no further attempt is made: the last refusal, or an error."""
        if self.refusal is not None:
            return self.refusal
        raise self.error(why)

    def error(self, why: str) -> TransportError:
        """The failure of the call, with the newest reason in its message."""
        newest = self.trail[-1] if self.trail else "nothing was tried"
        path = self.request.target.split("?")[0]
        unsure = self.may_have_happened and self.request.method != "GET"
        return TransportError(
            f"{self.request.method} {path}: {why}: {newest}{' (the change may have been made)' if unsure else ''}",
            self.trail,
            may_have_happened=self.may_have_happened,
        )
