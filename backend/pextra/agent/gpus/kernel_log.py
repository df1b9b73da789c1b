"""Errors that NVIDIA's driver writes to the kernel's log ("XIDs"), by GPU.

The library can tell of them too, to whoever keeps it open; but then no GPU can be taken from its driver and given to a
guest. The log has them since the boot, whether or not this process ran. Source: NVIDIA, XID errors.
"""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOG: Final = Path("/dev/kmsg")
COUNTS_FOR_S: Final = 86_400.0
"""How long an error counts against its GPU: what lasts also shows in other ways."""
_MOST_XIDS: Final = 32
_MOST_ADDRESSES: Final = 256
_MOST_RECORDS: Final = 200_000
_RECORD_BYTES: Final = 16_384
# Priority and facility in one number, sequence, microseconds since the boot; facility 0 is the kernel itself.
_XID: Final = re.compile(
    rb"([0-7]),[0-9]+,([0-9]{1,18}),[^;]*;NVRM: Xid \(PCI:([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2})[^)]*\): ([0-9]{1,5})"
)


@dataclass(frozen=True, slots=True)
class Xids:
    """The last errors of a GPU.

    Attributes:
        numbers: the newest last; one that comes again and again is told once, where it came last.
        recent: those of the last `COUNTS_FOR_S`.
    """

    numbers: tuple[int, ...] = ()
    recent: frozenset[int] = frozenset()


class KernelLog:
    """The log, read on from where it was read last.

    Args:
        path: the kernel's, or a file that looks the same.
        uptime: seconds since the boot, as the log's times are.
    """

    def __init__(self, path: Path = LOG, uptime: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._uptime = uptime
        self._descriptor: int | None = None
        self._xids: dict[str, deque[tuple[int, float]]] = {}

    def read(self) -> None:
        """Take in what is new; a log that this user may not read has nothing."""
        if self._descriptor is None:
            try:
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                return
        for _ in range(_MOST_RECORDS):
            try:
                content = os.read(self._descriptor, _RECORD_BYTES)
            except BrokenPipeError:
                continue  # records were overwritten before they were read
            except OSError:
                return  # nothing more
            if not content:
                return
            for match in _XID.finditer(content):
                self._take(match[3].decode(), int(match[4]), int(match[2]) / 1e6)

    def xids(self, address: str) -> Xids:
        """The errors of the GPU at this PCI address."""
        found = self._xids.get(address.rpartition(".")[0], ())
        since = self._uptime() - COUNTS_FOR_S
        last = dict.fromkeys(xid for xid, _ in reversed(found))
        return Xids(tuple(reversed(last)), frozenset(xid for xid, at in found if at >= since))

    def close(self) -> None:
        """Let go of the log."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, address: str, xid: int, at: float) -> None:
        domain, _, rest = address.partition(":")
        address = f"{int(domain, 16):04x}:{rest}"
        if address in self._xids or len(self._xids) < _MOST_ADDRESSES:
            self._xids.setdefault(address, deque(maxlen=_MOST_XIDS)).append((xid, at))
