"""Waiting for several objects at once, and showing how they get along."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.live import Live
from rich.text import Text

from pextra_client.cli.output import Output
from pextra_client.cli.text import printable
from pextra_client.client import Client
from pextra_client.discovery import Kind
from pextra_client.errors import WaitTimeoutError
from pextra_client.waiting import Until, poll_once
from pextra_client.wire import Condition, Object, condition

# Short, so that every object is seen often; one that is there answers at once.
_POLL_S = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """One object that is waited for.

    Args:
        kind: of the object.
        name: of the object.
        tenant: whose it is; None for cloud-wide kinds.
        until: what it is to be.
        uid: to tell it from a namesake.
    """

    kind: Kind
    name: str
    tenant: str | None
    until: Until
    uid: str | None = None

    @property
    def label(self) -> str:
        """How it is called in messages."""
        return self.kind.label(self.name, self.tenant)


def wait_for_all(client: Client, awaited: Sequence[Awaited], out: Output, *, timeout_s: float) -> None:
    """Waits until every object is as it should be, one after the other within one deadline.

    Args:
        client: whom to ask.
        awaited: in the order in which they are likely to be done.
        out: where progress is shown.
        timeout_s: for all of them together.

    Raises:
        WaitTimeoutError: for the first that is not in time.
        ApiError: one of them is not there, or the server refuses.
    """
    if not awaited:
        return
    deadline = time.monotonic() + timeout_s
    pending = list(awaited)
    seen: dict[Awaited, Condition | None] = {}
    with _Display(out) as display:
        while pending:
            for each in list(pending):
                display.show([(one, seen.get(one)) for one in pending])
                done, obj = poll_once(
                    client, each.kind, each.name, each.until, tenant=each.tenant, uid=each.uid, poll_s=_POLL_S
                )
                if done:
                    pending.remove(each)
                    continue
                seen[each] = condition(obj, "ready") if obj is not None else None
                if time.monotonic() >= deadline:
                    raise _too_late(each, timeout_s, obj)
    done_count = f"{len(awaited)} objects" if len(awaited) > 1 else awaited[0].label
    out.notice(f"{done_count}: {awaited[0].until.value}")


def _too_late(awaited: Awaited, timeout_s: float, obj: Object | None) -> WaitTimeoutError:
    why = condition(obj, "ready") if obj is not None else None
    return WaitTimeoutError(f"{awaited.label} to be {awaited.until.value}", timeout_s, obj, why)


class _Display:
    """A block of lines that is redrawn on a terminal; elsewhere a line for each change."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._said: dict[Awaited, str] = {}
        redraw = out.notices.is_terminal and not out.quiet
        self._live = Live(console=out.notices, transient=True, auto_refresh=False) if redraw else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, type_: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, pending: Sequence[tuple[Awaited, Condition | None]]) -> None:
        """What is still waited for, and why."""
        if self._live is not None:
            shown = pending[: max(1, self._out.notices.height - 4)]
            lines = [_sentence(awaited, why) for awaited, why in shown]
            if len(pending) > len(shown):
                lines.append(f"and {len(pending) - len(shown)} more")
            self._live.update(Text("\n".join(lines), style="dim"), refresh=True)
            return
        for awaited, why in pending:
            sentence = _sentence(awaited, why)
            if why is not None and self._said.get(awaited) != sentence:
                self._said[awaited] = sentence
                self._out.notice(sentence)


def _sentence(awaited: Awaited, why: Condition | None) -> str:
    if why is None:
        return f"{awaited.label}: waiting to be {awaited.until.value}"
    message = printable(why["message"]).replace("\n", " ")
    return f"{awaited.label}: {why['reason']}" + (f": {message}" if message else "")
