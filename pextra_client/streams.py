"""A long answer of newline-delimited JSON, read as it arrives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from pextra_client.connections import AttemptFailedError

_CHUNK = 65_536
_LONGEST_LINE = 16 * 1024 * 1024


class JsonLines:
    """The documents of one streaming answer.

    `shutdown` may be called from another thread while one waits for the next document; everything else
    belongs to the reading thread.

    Args:
        response: begun, not read.
    """

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Each document once its line is complete; half a line at the end is not delivered.

        Raises:
            AttemptFailedError: the connection broke, was silent for too long, or carried no JSON.
        """
        rest = b""
        while chunk := self._read():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    yield _document(line)
            if len(rest) > _LONGEST_LINE:
                raise AttemptFailedError(f"a line of more than {_LONGEST_LINE} bytes", sent=True)

    def shutdown(self) -> None:
        """Wakes the reading thread: its iteration ends or fails at once."""
        # Not connected any more, or released already: nobody is reading.
        with suppress(OSError, ValueError, RuntimeError):
            self._response.shutdown()

    def close(self) -> None:
        """Drops the connection."""
        self._response.close()

    def _read(self) -> bytes:
        try:
            return self._response.read1(_CHUNK)
        except (HTTPError, OSError, ValueError, AttributeError) as error:
            raise AttemptFailedError(f"the stream broke: {error}", sent=True) from error


def _document(line: bytes) -> dict[str, Any]:
    try:
        return json.loads(line)
    except ValueError as error:
        raise AttemptFailedError("the stream carries something that is not JSON", sent=True) from error
