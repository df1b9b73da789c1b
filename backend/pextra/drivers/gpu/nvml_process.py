"""NVIDIA's library, asked by a process of its own: a call that hangs costs that process, and nothing else waits."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final

from pydantic import TypeAdapter, ValidationError

from pextra.drivers.gpu.interface import Gpu, GpuReading

PATIENCE_S: Final = 5.0
"""How long a caller waits for a look that it began."""
DEADLINE_S: Final = 60.0
"""How long a look may take: eight GPUs without persistence mode need some ten seconds."""
AGAIN_S: Final = 300.0
"""When to try again after a look hung or failed."""
FRESH_S: Final = 150.0
"""How long a reading is told: two looks, a minute each, may have failed."""
_END_S: Final = 5.0
_MOST_BYTES: Final = 4 << 20
_COMMAND: Final = (sys.executable, "-P", "-m", "pextra.drivers.gpu.nvml_look")


@dataclass(frozen=True, slots=True)
class NvmlView:
    """What the library said last.

    Attributes:
        gpus: what it shows; None while nobody could be asked.
        absent: why there is no library, or no driver; empty where there is one.
        failure: what is wrong with it; empty where nothing is.
        readings: what the GPUs that it shows said of their work.
        read_at: when, by the process's clock.
    """

    gpus: tuple[Gpu, ...] | None = None
    absent: str = ""
    failure: str = ""
    readings: tuple[GpuReading, ...] = ()
    read_at: float = float("-inf")


@dataclass(frozen=True, slots=True)
class _Answer:
    gpus: tuple[Gpu, ...] | None = None
    absent: str = ""
    failed: str = ""
    readings: tuple[GpuReading, ...] = ()


@dataclass(slots=True)
class _Look:
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    since: float
    killed: bool = False


class NvmlProcess:
    """Looks at the library, one process a look; there is never more than one.

    Args:
        command: what a look runs.
        environment: of it; by default ours.
        patience_s: see `PATIENCE_S`.
        deadline_s: see `DEADLINE_S`.
        again_s: see `AGAIN_S`.
        monotonic: seconds that pass.
    """

    def __init__(
        self,
        *,
        command: Sequence[str] = _COMMAND,
        environment: Mapping[str, str] | None = None,
        patience_s: float = PATIENCE_S,
        deadline_s: float = DEADLINE_S,
        again_s: float = AGAIN_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = list(command)
        self._environment = environment
        self._patience_s = patience_s
        self._deadline_s = deadline_s
        self._again_s = again_s
        self._monotonic = monotonic
        self._running: _Look | None = None
        self._view = NvmlView()
        self._not_before = float("-inf")

    @property
    def looking(self) -> bool:
        """Whether a look is under way."""
        return self._running is not None

    def look(self) -> NvmlView:
        """What the library shows; waits at most `patience_s`, and then tells what it showed before.

        A look that is not done goes on; a later call has what came of it.
        """
        look = self._running
        if look is None:
            if self._monotonic() < self._not_before:
                return self._view
            try:
                look = self._running = self._start()
            except OSError as error:
                self._fail(f"the process that asks NVIDIA's library cannot be started: {error}")
                return self._view
        try:
            look.process.wait(max(0.0, self._patience_s - (self._monotonic() - look.since)))
        except subprocess.TimeoutExpired:
            self._end_if_late(look)
        else:
            self._running = None
            if not look.killed:
                self._take(look)
            look.output.close()
        return self._view

    def readings(self) -> tuple[GpuReading, ...]:
        """What the last look read of the GPUs' work; nothing when that was more than `FRESH_S` ago."""
        return self._view.readings if self._monotonic() - self._view.read_at <= FRESH_S else ()

    def close(self) -> None:
        """End the look that is under way, if there is one and it can be ended."""
        look, self._running = self._running, None
        if look is not None:
            look.process.kill()
            try:
                look.process.wait(_END_S)
            except subprocess.TimeoutExpired:
                return  # it is stuck in the kernel, and goes when that lets go
            look.output.close()

    def _start(self) -> _Look:
        output = tempfile.TemporaryFile()  # noqa: SIM115 - it stays open until the look is done
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                env=self._environment,
            )
        except OSError:
            output.close()
            raise
        return _Look(process, output, self._monotonic())

    def _end_if_late(self, look: _Look) -> None:
        if look.killed or self._monotonic() - look.since < self._deadline_s:
            return
        look.process.kill()  # it may be stuck in the kernel: it is waited for by later calls, and no other is started
        look.killed = True
        self._fail(f"NVIDIA's library has not answered for {self._deadline_s:.0f} s: see the kernel's log")

    def _take(self, look: _Look) -> None:
        look.output.seek(0)
        written = look.output.read(_MOST_BYTES + 1)
        try:
            answer = TypeAdapter(_Answer).validate_json(written)
        except ValidationError:
            self._fail(f"the process that asks NVIDIA's library ended with {look.process.returncode} and said nothing")
            return
        if answer.failed:
            self._fail(answer.failed)
        elif answer.gpus is None:
            self._view = NvmlView(absent=answer.absent or "there is no NVIDIA library here")
        else:
            self._view = NvmlView(gpus=answer.gpus, readings=answer.readings, read_at=look.since)

    def _fail(self, message: str) -> None:
        self._view = NvmlView(failure=message)
        self._not_before = self._monotonic() + self._again_s
