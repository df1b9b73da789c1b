"""The network between users and servers: it delays, loses and repeats what it carries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from pextra.simulation.letters import Letter
from pextra.simulation.node import Node
from pextra.simulation.stage import Stage
from pextra_client.messages import Answer


class Listener(Protocol):
    """Hears every answer, also those that never arrive."""

    def __call__(self, letter: Letter, status: int, body: Any) -> Iterable[str]:
        """What is wrong with the answer; nothing when it is right."""
        ...


class Link:
    """Carries letters to nodes and answers back.

    Attributes:
        under_way: how many letters have not been dealt with.
    """

    def __init__(self, stage: Stage, listener: Listener) -> None:
        self._stage = stage
        self._listener = listener
        self.under_way = 0

    def send(self, letter: Letter, node: Node, answered: Callable[[Answer | None], None]) -> None:
        """Carry the letter; `answered` hears the answer, or None when the connection broke, or nothing."""
        hazards = self._stage.hazards
        if hazards.loses():
            self._stage.note("link", f"loses {letter}", count="request lost")
        else:
            self._later(hazards.latency_s(), lambda: self._deliver(letter, node, answered))
        if hazards.repeats():
            delay_s = hazards.latency_s() + hazards.lateness_s()
            self._later(delay_s, lambda: self._deliver(letter, node, _nobody))
            self._stage.counts["request repeated"] += 1

    def _later(self, delay_s: float, act: Callable[[], None]) -> None:
        self.under_way += 1

        def once() -> None:
            try:
                act()
            finally:
                self.under_way -= 1

        self._stage.schedule.after(delay_s, once)

    def _deliver(self, letter: Letter, node: Node, answered: Callable[[Answer | None], None]) -> None:
        stage = self._stage
        answer = self._served(letter, node)
        if stage.hazards.loses():
            stage.note("link", f"loses the answer to {letter}", count="answer lost")
        else:
            self._later(stage.hazards.latency_s(), lambda: answered(answer))

    def _served(self, letter: Letter, node: Node) -> Answer | None:
        stage = self._stage
        if not node.up:
            return None
        least = stage.ledger.begin(letter)
        answer = node.serve(letter.request)
        if answer is None:
            stage.note(node.name, f"died over {letter}", count="request died")
            return None
        body = json.loads(answer.body) if answer.body else None
        replayed = "idempotency-replayed" in answer.headers
        code = f" {body['code']}" if isinstance(body, dict) and "code" in body else ""
        again = " again" if replayed else ""
        stage.note(node.name, f"answers {letter}: {answer.status}{code}{again}", count=f"answer {answer.status}{again}")
        stage.ledger.answered(letter, answer.status, body, replayed=replayed, least=least)
        stage.ledger.faults.extend(self._listener(letter, answer.status, body))
        return answer


def _nobody(answer: Answer | None) -> None:
    """Nobody waits for the answer to a repeated letter."""
    del answer
