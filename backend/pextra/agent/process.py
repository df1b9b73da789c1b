"""Running an agent in threads until it is told to stop. Guests run on when it has."""

from __future__ import annotations

import logging
import random
import socket
import threading
from collections.abc import Callable
from typing import Final

from pextra.agent.agent import Agent, LinkDown
from pextra.agent.link import ControlPlane
from pextra.agent.relaying import Relaying

log = logging.getLogger("pextra.agent")

LOOKERS: Final = 4
OBSERVE_EVERY_S: Final = 3.0
LOOK_AGAIN_EVERY_S: Final = 120.0
"""Every guest is looked at this often though nothing seems to have changed: what is not watched may have."""
EMPTY_TRASH_EVERY_S: Final = 3600.0
ASK_GUESTS_EVERY_S: Final = 30.0
LISTEN_EVERY_S: Final = 10.0
"""How often what guests say of their GPUs is taken: one line of each."""
DIVIDE_EVERY_S: Final = 15.0
"""How often it is seen to that devices are divided as declared, beside after each change: what was used may be free."""
RENEW_RETRY_S: Final = 600.0
_IDLE_S: Final = 5.0
_LONGEST_SILENCE_S: Final = 30.0


class AgentProcess:
    """The threads of one agent.

    Args:
        connect: see `Relaying`.
        renew_after_s: when to renew the certificate for the first time; by default soon, which is harmless and tells
            early whether it works.
    """

    def __init__(
        self,
        agent: Agent,
        control_plane: ControlPlane,
        connect: Callable[[str, str], socket.socket],
        *,
        renew_after_s: float = 60.0,
    ) -> None:
        self._agent = agent
        self._relaying = Relaying(tls=control_plane.tls, url=lambda: agent.relay, connect=connect, on_wake=self._woken)
        self._control_plane = control_plane
        self._renew_after_s = renew_after_s
        self._stop = threading.Event()
        self._news = threading.Event()
        self._settled = threading.Event()
        self._work = threading.Condition()
        self._rng = random.Random()
        self._threads = [
            threading.Thread(target=self._guarded, args=(target,), name=name, daemon=True)
            for name, target in (
                ("exchange", self._exchanging),
                ("observe", self._observing),
                ("ask guests", self._asking_guests),
                ("listen to guests", self._listening),
                ("divide", self._dividing),
                ("renew", self._renewing),
                *((f"look-{number}", self._looking) for number in range(LOOKERS)),
            )
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()
        self._relaying.start()

    def stop(self) -> None:
        """End every look that is under way."""
        self._stop.set()
        self._relaying.stop()
        self.wake()
        self._settled.set()
        with self._work:
            self._work.notify_all()
        for thread in self._threads:
            thread.join(15)
        self._agent.close()

    def wake(self) -> None:
        """Ask the control plane now: there is something new."""
        self._news.set()

    def _woken(self, revision: int) -> None:
        if revision > self._agent.ledger.revision:
            self.wake()

    def _guarded(self, run: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                run()
            except Exception:
                log.exception("a part of the agent failed; it goes on")
                self._stop.wait(1.0)

    def _exchanging(self) -> None:
        silence_s, down = 1.0, False
        while not self._stop.is_set():
            self._news.clear()
            try:
                delay = self._agent.exchange()
            except LinkDown as error:
                if not down:
                    log.warning("the control plane cannot be asked: %s; guests run on", error)
                down = True
                delay = silence_s = min(_LONGEST_SILENCE_S, silence_s * 1.5)
            else:
                if down:
                    log.warning("the control plane answers again")
                silence_s, down = 1.0, False
            if self._agent.has_new_settings:
                self._settled.set()
            with self._work:
                self._work.notify_all()
            if delay > 0 and not self._stop.is_set():  # whose news may have been cleared above
                self._news.wait(delay * (0.75 + 0.5 * self._rng.random()))

    def _looking(self) -> None:
        while not self._stop.is_set():
            if self._agent.look():
                if self._agent.ledger.has_news:
                    self._news.set()
                continue
            with self._work:
                self._work.wait(self._idle_s())

    def _idle_s(self) -> float:
        due = self._agent.next_look_s()
        return _IDLE_S if due is None else max(0.01, min(_IDLE_S, due))

    def _observing(self) -> None:
        passed, since_emptied = 0.0, EMPTY_TRASH_EVERY_S
        while not self._stop.wait(OBSERVE_EVERY_S * (0.75 + 0.5 * self._rng.random())):
            changed = self._agent.observe()
            self._agent.trim_logs()
            passed, since_emptied = passed + OBSERVE_EVERY_S, since_emptied + OBSERVE_EVERY_S
            if since_emptied >= EMPTY_TRASH_EVERY_S:
                since_emptied = 0.0
                self._agent.empty_trash()
            if passed >= LOOK_AGAIN_EVERY_S:
                passed = 0.0
                self._agent.look_again()
                changed = 1
            if changed:
                with self._work:
                    self._work.notify_all()

    def _asking_guests(self) -> None:
        while not self._stop.wait(ASK_GUESTS_EVERY_S * (0.75 + 0.5 * self._rng.random())):
            if self._agent.ask_guests():
                with self._work:
                    self._work.notify_all()

    def _listening(self) -> None:
        while not self._stop.wait(LISTEN_EVERY_S):
            self._agent.listen_to_guests()

    def _dividing(self) -> None:
        while not self._stop.is_set():
            self._settled.clear()
            if self._agent.divide():
                self.wake()
            self._settled.wait(DIVIDE_EVERY_S)

    def _renewing(self) -> None:
        delay = self._renew_after_s
        while not self._stop.wait(delay):
            try:
                delay = self._control_plane.renew()
            except LinkDown as error:
                log.warning("the certificate cannot be renewed yet: %s", error)
                delay = RENEW_RETRY_S
