"""What guests say of their GPUs: lines of JSON from strangers, cut to bounds.

A guest may send anything at any speed. Of what was received the last whole line counts, once: what lies before it is
older, and one line is what one look at a guest costs at most.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pextra.drivers.gpu.interface import MOST_GPUS, GpuReading
from pextra.identity.strict_json import read_object

LONGEST_LINE: Final = 32 << 10
"""Bytes; the reporter's fit into it (`pextra_client.guest.gpu_reporter`)."""
_MOST_MIB: Final = 1 << 20
_MOST: Final[Mapping[str, int]] = {
    "utilization_percent": 100,
    "memory_used_mib": _MOST_MIB,
    "memory_mib": _MOST_MIB,
    "power_mw": 10_000_000,
    "temperature_c": 150,
    "ecc_corrected": 1 << 53,
    "ecc_uncorrected": 1 << 53,
    "nvlink_sent_kib": 1 << 53,
    "nvlink_received_kib": 1 << 53,
}
"""What a GPU can say of itself; what is beyond is not believed, and as if it had not been said."""
_UUID: Final = re.compile(r"[A-Za-z0-9-]{1,80}")
_PATH: Final = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}(/[0-9a-f]{2}\.[0-7]){1,8}")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a guest says of one GPU.

    Attributes:
        uuid: NVIDIA's, or empty.
        path: where it is in the guest, see `GpuChannel.paths`, or empty.
        reading: without an address, which the guest does not know.
    """

    uuid: str
    path: str
    reading: GpuReading


class Lines:
    """The bytes of one connection."""

    def __init__(self) -> None:
        self._begun = b""
        self._skipping = False

    def last_of(self, received: bytes) -> bytes | None:
        """The last line that is whole with these bytes, if one is; those that are too long are none."""
        whole, newline, rest = received.rpartition(b"\n")
        line: bytes | None = None
        if newline:
            _, several, last = whole.rpartition(b"\n")
            if several:
                line = last
            elif not self._skipping:
                line = self._begun + whole
            self._begun, self._skipping = b"", False
        self._begun += b"" if self._skipping else rest
        if len(self._begun) > LONGEST_LINE:
            self._begun, self._skipping = b"", True
        return line if line is not None and len(line) <= LONGEST_LINE else None


def read_line(line: bytes) -> list[Claim]:
    """What a line says, of as many GPUs as a host can have; nothing where it is none of ours."""
    try:
        said = read_object(line).get("gpus")
    except ValueError:
        return []
    gpus = cast("list[Any]", said)[:MOST_GPUS] if isinstance(said, list) else []
    return [_claim(cast("dict[str, Any]", gpu)) for gpu in gpus if isinstance(gpu, dict)]


def _claim(said: Mapping[str, Any]) -> Claim:
    values = {name: _within(said.get(name), most) for name, most in _MOST.items()}
    used, memory = values["memory_used_mib"], values["memory_mib"]
    if used is not None and memory is not None and used > memory:
        values["memory_used_mib"] = None
    return Claim(_text(said.get("uuid"), _UUID), _text(said.get("path"), _PATH), GpuReading("", **values))


def _within(value: object, most: int) -> int | None:
    return value if type(value) is int and 0 <= value <= most else None


def _text(value: object, pattern: re.Pattern[str]) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""
