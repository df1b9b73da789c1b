"""Talking to the guest agent (qemu-guest-agent) within a guest, by way of libvirtd.

What it says is the guest's own claim: bounded here, and never relied on. A guest that does not answer costs
its caller a few seconds and nobody else anything.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from pextra.drivers.interface import AgentReport, DriverError, Permanent, Retryable
from pextra.drivers.libvirt.binding import constant
from pextra.drivers.libvirt.failures import translated
from pextra.drivers.libvirt.lookup import Found

REPORT_LASTS_S: Final = 30.0
_ANSWER_TIMEOUT_S: Final = 5
_REPORTS_KEPT: Final = 4096
_FROZEN: Final = "frozen state"  # as qemu-guest-agent refuses everything but thawing
_LONGEST_TEXT: Final = 255
_MOST_ADDRESSES: Final = 64


@dataclass(frozen=True, slots=True)
class _Told:
    """What a guest said at one time; `run` tells its runs apart."""

    report: AgentReport | None
    run: int
    at: float


class Agents:
    """The agents of one host's guests, each asked at most once in `REPORT_LASTS_S`. Thread-safe."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._told: OrderedDict[str, _Told] = OrderedDict()

    def report(self, found: Found) -> AgentReport | None:
        """What the guest's agent says, or said a short while ago; None when the guest is off or nobody answers."""
        uid = found.record.uid
        if found.state()[0] != constant("VIR_DOMAIN_RUNNING"):
            return None
        with translated(f"guest {uid} cannot be observed", acting=False):
            run = found.domain.ID()
        with self._lock:
            told = self._told.get(uid)
            if told is not None and told.run == run and self._clock() < told.at + REPORT_LASTS_S:
                return told.report
        if not _is_connected(found):
            return None  # which costs the guest nothing, so that an agent is seen as soon as it is there
        report = _ask(found)
        with self._lock:
            self._told[uid] = _Told(report, run, self._clock())
            self._told.move_to_end(uid)
            while len(self._told) > _REPORTS_KEPT:
                self._told.popitem(last=False)
        return report


def freeze(found: Found) -> None:
    """Have the guest's file systems flushed and held; again does nothing.

    Raises:
        Retryable: `AgentUnreachable`.
    """
    try:
        with _agent_errors(found, "frozen"):
            found.domain.fsFreeze()
    except Retryable as error:
        if _FROZEN not in error.message:
            raise


def thaw(found: Found) -> None:
    """Have the guest's file systems let go.

    Raises:
        Retryable: `AgentUnreachable`.
    """
    with _agent_errors(found, "thawed"):
        found.domain.fsThaw()


@contextmanager
def _agent_errors(found: Found, what: str) -> Generator[None]:
    """Whatever an agent does not do is the guest's affair, and may be better in a while."""
    _bound(found)
    try:
        with translated(f"the file systems of guest {found.record.uid} cannot be {what}", acting=True):
            yield
    except (Retryable, Permanent) as error:
        raise Retryable(
            "AgentUnreachable",
            f"{error.message}; install and start qemu-guest-agent in the guest",
        ) from error


def _bound(found: Found) -> None:
    """Let libvirt wait for this guest's agent no longer than is bearable; it keeps this until the guest ends."""
    with translated(f"the agent of guest {found.record.uid}", acting=False):
        found.domain.agentSetResponseTimeout(_ANSWER_TIMEOUT_S)


def _is_connected(found: Found) -> bool:
    return found.described().agent_connected


def _ask(found: Found) -> AgentReport | None:
    try:
        _bound(found)
        with translated(f"the agent of guest {found.record.uid}", acting=False):
            info = found.domain.guestInfo(
                constant("VIR_DOMAIN_GUEST_INFO_OS") | constant("VIR_DOMAIN_GUEST_INFO_HOSTNAME"), 0
            )
            cards = found.domain.interfaceAddresses(constant("VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT"))
    except DriverError:
        return None
    return AgentReport(
        hostname=_text(info.get("hostname")),
        os=_text(info.get("os.pretty-name") or info.get("os.name")),
        addresses=_addresses(cards or {}),
    )


def _addresses(cards: Mapping[str, Any]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for card in cards.values():
        for entry in card.get("addrs") or ():
            try:
                address = ipaddress.ip_address(str(entry.get("addr", "")).partition("%")[0])
            except ValueError:
                continue
            if not address.is_loopback and not address.is_link_local:
                found[str(address)] = None
    return tuple(found)[:_MOST_ADDRESSES]


def _text(value: Any) -> str:
    """A line of the guest's, without what would move a terminal's cursor."""
    text = value if isinstance(value, str) else ""
    return "".join(letter for letter in text[:_LONGEST_TEXT] if letter.isprintable())
