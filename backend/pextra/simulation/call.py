"""One call of a client: tried again, as the real client does, until it is answered or its time is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from pextra.simulation.letters import Letter
from pextra.simulation.link import Link
from pextra.simulation.node import Node
from pextra.simulation.stage import Stage
from pextra_client.messages import Answer
from pextra_client.retry import RetryPolicy

DEADLINE_S: Final = 60.0
_COME_BACK: Final = frozenset({429, 503})


class Call:
    """See the module.

    Args:
        nodes: the endpoints; each attempt goes to the next.
        done: hears the final answer, or None when none came in time: then it may have happened.
    """

    def __init__(
        self,
        stage: Stage,
        link: Link,
        nodes: Sequence[Node],
        rng: Random,
        letter: Letter,
        done: Callable[[Answer | None], None],
    ) -> None:
        self._stage = stage
        self._link = link
        self._nodes = nodes
        self._rng = rng
        self._letter = letter
        self._done = done
        self._policy = RetryPolicy()
        self._attempt = 0
        self._failures = 0
        self._first = rng.randrange(len(nodes))
        self._deadline = stage.schedule.now + DEADLINE_S

    def begin(self) -> None:
        """Make an attempt."""
        self._attempt += 1
        number = self._attempt
        node = self._nodes[(self._first + number) % len(self._nodes)]
        self._link.send(self._letter, node, lambda answer: self._answered(number, answer))
        self._stage.schedule.after(self._policy.answer_timeout_s, lambda: self._answered(number, None))

    def _answered(self, number: int, answer: Answer | None) -> None:
        if number != self._attempt:
            return  # the client no longer waits for this attempt
        self._attempt += 1
        if answer is not None and answer.status not in _COME_BACK:
            self._done(answer)
            return
        self._failures += 1
        delay_s = self._policy.delay_s(self._failures, self._rng)
        if answer is not None and answer.retry_after_s is not None:
            delay_s = answer.retry_after_s * (1.0 + 0.25 * self._rng.random())
        if self._stage.schedule.now + delay_s >= self._deadline:
            self._stage.note(self._letter.sender, "gives up", count="call given up")
            self._done(None)
        else:
            self._stage.counts["attempt repeated"] += 1
            self._stage.schedule.after(delay_s, self.begin)
