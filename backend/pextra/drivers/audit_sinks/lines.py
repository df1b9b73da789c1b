"""JSON lines appended to a file, which somebody else may rotate."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pextra.drivers.audit_sinks import Message
from pextra.drivers.interface import Retryable


class LinesSink:
    """Appends to the file, which only its owner may read; opened anew for each batch, so that it may be moved away."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def close(self) -> None:
        """See `Sink.close`: nothing is held."""

    def deliver(self, messages: Sequence[Message]) -> None:
        """See `Sink.deliver`. The lines are on the disk when it returns; a crash may leave a part of a line."""
        text = "".join(f"{message.body}\n" for message in messages).encode()
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "rb+", buffering=0) as file:
                size = file.seek(0, os.SEEK_END)
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    text = b"\n" + text  # what a crash left of a line is told again as a whole one
                view = memoryview(text)
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fsync(descriptor)
        except OSError as error:
            raise Retryable("Unreachable", f"{self._path} cannot be written: {error}") from error
