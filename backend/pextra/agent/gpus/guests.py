"""What guests say of the GPUs that they have, which their host cannot ask any more.

It is looked for every few seconds and never waited for: what a guest sends faster waits in the socket and then in the
guest itself, for QEMU takes no more of it. A guest can lie about its own GPUs and about nothing else.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from pextra.agent.gpus.guest_lines import Claim, Lines, read_line
from pextra.clock import Clock
from pextra.drivers.account import connect_theirs, guest_account
from pextra.drivers.gpu.interface import MOST_GPUS, Gpu, GpuReading
from pextra.drivers.interface import ComputeDriver, DriverError, GpuChannel

log = logging.getLogger("pextra.agent")

MOST_CHANNELS: Final = 64
"""How many guests are listened to; a host has no more GPUs."""
MOST_BYTES: Final = 64 << 10
"""How much is received of a guest each time."""
FRESH_S: Final = 150.0
"""How long it is told: as what the host's own GPUs say."""
_CONNECT_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class GuestReading:
    """What a guest says of a GPU of the host that it has; the reading has the host's address."""

    guest_uid: str
    reading: GpuReading


@dataclass(slots=True)
class _Heard:
    """A guest that is listened to, and what it said last."""

    socket: socket.socket
    lines: Lines = field(default_factory=Lines)
    readings: tuple[GpuReading, ...] = ()
    at: float = float("-inf")


def _connect(path: Path) -> socket.socket:
    return connect_theirs(path, guest_account(), timeout_s=_CONNECT_S)


class GuestGpus:
    """Listens to the guests of a host. One thread calls `listen`; the other methods may be called by any.

    Args:
        compute: knows the channels.
        clock: tells how old what was said is.
        connect: connects to a channel's socket; FileNotFoundError where nobody listens.
    """

    def __init__(
        self, compute: ComputeDriver, clock: Clock, *, connect: Callable[[Path], socket.socket] = _connect
    ) -> None:
        self._compute = compute
        self._clock = clock
        self._connect = connect
        self._gpus: Mapping[str, Gpu] = {}
        self._heard: dict[str, _Heard] = {}
        self._told: tuple[tuple[float, GuestReading], ...] = ()
        self._lock = threading.Lock()

    def know(self, gpus: Iterable[Gpu]) -> None:
        """The host has these."""
        self._gpus = {gpu.address: gpu for gpu in gpus}

    def listen(self) -> None:
        """Take what guests have said, and connect to those that are new. Waits for nobody."""
        try:
            seen = self._compute.observe_gpu_channels() if self._gpus else ()
        except DriverError as error:
            log.warning("the guests with GPUs cannot be observed: %s", error)
            return
        channels = sorted((each for each in seen if each.addresses & self._gpus.keys()), key=lambda each: each.uid)
        channels = channels[:MOST_CHANNELS]
        for uid in self._heard.keys() - {channel.uid for channel in channels}:
            self._heard.pop(uid).socket.close()
        for channel in channels:
            self._listen_to(channel)
        told = tuple(
            (heard.at, GuestReading(uid, reading))
            for uid, heard in sorted(self._heard.items())
            for reading in heard.readings
        )
        with self._lock:
            self._told = told[:MOST_GPUS]

    def readings(self) -> tuple[GuestReading, ...]:
        """What guests said that is not old, at most one of each GPU."""
        oldest = self._clock.monotonic() - FRESH_S
        with self._lock:
            return tuple(reading for at, reading in self._told if at >= oldest)

    def close(self) -> None:
        """Listen to nobody any more."""
        for heard in list(self._heard.values()):
            heard.socket.close()
        self._heard.clear()

    def _listen_to(self, channel: GpuChannel) -> None:
        heard = self._heard.get(channel.uid)
        if heard is None:
            try:
                opened = self._connect(channel.socket)
            except (OSError, LookupError) as error:
                log.debug("guest %s cannot be listened to: %s", channel.uid, error)
                return
            opened.setblocking(False)
            heard = self._heard[channel.uid] = _Heard(opened)
        received = _received(heard.socket)
        if received is None:  # it has ended
            self._heard.pop(channel.uid).socket.close()
            return
        line = heard.lines.last_of(received)
        if line is not None:
            heard.readings, heard.at = matched(read_line(line), channel, self._gpus), self._clock.monotonic()


def _received(opened: socket.socket) -> bytes | None:
    """What has come, at most `MOST_BYTES`; None when the other side has gone."""
    received = bytearray()
    while len(received) < MOST_BYTES:
        try:
            content = opened.recv(MOST_BYTES - len(received))
        except BlockingIOError:
            break
        except OSError:
            return None
        if not content:
            return None
        received += content
    return bytes(received)


def matched(claims: Sequence[Claim], channel: GpuChannel, gpus: Mapping[str, Gpu]) -> tuple[GpuReading, ...]:
    """What is said of GPUs that the guest has, with the host's addresses; of each what is said first.

    A GPU is known by its UUID, if NVIDIA's driver on the host told it before the guest had it, otherwise by its place
    in the guest, which is ours to choose. Virtual functions are no GPUs of the host's: of them nothing is taken.

    Args:
        gpus: the host's, by address.
    """
    own = {address: gpus[address] for address in channel.addresses if address in gpus}
    by_uuid = {gpu.uuid: address for address, gpu in own.items() if gpu.uuid}
    found: dict[str, GpuReading] = {}
    for claim in claims:
        address = by_uuid.get(claim.uuid) or channel.paths.get(claim.path)
        if address in own and address not in found:
            found[address] = _bounded(replace(claim.reading, address=address), own[address].memory_mib)
    return tuple(found[address] for address in sorted(found))


def _bounded(reading: GpuReading, memory_mib: int | None) -> GpuReading:
    """With the memory that the GPU is known to have, of which no more can be in use."""
    if memory_mib is None:
        return reading
    used = reading.memory_used_mib
    return replace(
        reading, memory_mib=memory_mib, memory_used_mib=used if used is not None and used <= memory_mib else None
    )
