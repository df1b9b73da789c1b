"""A person's terminal, lent to a console for a while."""

from __future__ import annotations

import os
import select
import termios
import threading
import time
import tty
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from pextra_client.console import Console
from pextra_client.errors import ClientError

ESCAPE: Final = b"\x1d"
"""Ctrl-]: leaves the console, as in telnet and virsh."""
_CHUNK: Final = 4096


@contextmanager
def raw(descriptor: int) -> Generator[None]:
    """Every key goes through as it is; the terminal is as before at the end, however that comes.

    Nothing is done to what is no terminal.
    """
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def converse(console: Console, *, stdin: int, stdout: int, linger_s: float) -> None:
    """Type what comes in at `stdin` and show what the guest says, until either ends it.

    Args:
        console: which is closed at the end.
        stdin: file descriptor; at a terminal, `ESCAPE` leaves.
        stdout: file descriptor.
        linger_s: once input is at its end, the guest is listened to until it was silent for so long.

    Raises:
        ConsoleRefusedError, TransportError: it ended otherwise than well.
    """
    listener = _Listener(console, stdout)
    escape = ESCAPE if os.isatty(stdin) else None
    listener.start()
    try:
        with raw(stdin):
            if _type(console, stdin, escape, listener):
                listener.await_silence(linger_s)
    finally:
        console.close()
        listener.stop()
    if listener.failure is not None:
        raise listener.failure


class _Listener:
    """Shows what the guest says, in a thread."""

    def __init__(self, console: Console, stdout: int) -> None:
        self._console = console
        self._stdout = stdout
        self._left = False
        self._heard_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="console", daemon=True)
        self.failure: ClientError | None = None
        self.ended, self._end = os.pipe()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Wait for the end; what fails now is nobody's."""
        self._left = True
        self._thread.join(5)
        os.close(self.ended)

    def await_silence(self, seconds: float) -> None:
        """Wait until the guest was silent for so long, or the console ended."""
        self._heard_at = max(self._heard_at, time.monotonic())
        while (left := self._heard_at + seconds - time.monotonic()) > 0:
            if select.select([self.ended], [], [], left)[0]:
                return

    def _run(self) -> None:
        try:
            while data := self._console.receive():
                _write(self._stdout, data)
                self._heard_at = time.monotonic()
        except ClientError as error:
            if not self._left:
                self.failure = error
        finally:
            os.close(self._end)  # which makes `ended` readable


def _type(console: Console, stdin: int, escape: bytes | None, listener: _Listener) -> bool:
    """Send what is typed; tells whether it came to its end, rather than being left."""
    while True:
        ready, _, _ = select.select([stdin, listener.ended], [], [])
        if listener.ended in ready:
            return False
        data = os.read(stdin, _CHUNK)
        if not data:
            return True
        if escape is not None and escape in data:
            console.send(data[: data.index(escape)])
            return False
        console.send(data)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
