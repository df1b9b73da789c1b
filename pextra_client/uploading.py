"""Uploading an image: piece by piece, going on where the server says that it is, whatever was lost before."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pextra_client.errors import ApiError, ClientError, TransportError
from pextra_client.messages import Answer, Request
from pextra_client.transport import Transport

PIECE_BYTES: Final = 8 << 20
_READ_BYTES: Final = 1 << 20
_FRUITLESS: Final = 8
"""After so many attempts in a row that brought nothing further the upload is given up; it can be taken up again."""
_SLOWEST_MBPS: Final = 50.0
"""How fast a server verifies what has come, at the least."""
_PIECE_TIMEOUT_S: Final = 600.0
_STAND_ASIDE_S: Final = 2.0

Progress = Callable[[int, int], None]
"""Told how many bytes are done, and how many there are."""


class FileChangedError(ClientError):
    """The file is not what it was when the upload began."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a file is, as an image declares it.

    Args:
        size_bytes: how many bytes it has.
        sha256: its digest, 64 hexadecimal digits.
    """

    size_bytes: int
    sha256: str


def describe(path: Path, progress: Progress | None = None) -> Described:
    """Reads a file to say what it is.

    Raises:
        OSError: it cannot be read.
    """
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        total = path.stat().st_size
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, total)
    return Described(done, digest.hexdigest())


class Upload:
    """The upload of one image.

    Args:
        transport: the way to the server.
        target: the path and query of the image's content.
        sleep: waits that many seconds.
    """

    def __init__(self, transport: Transport, target: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._transport = transport
        self._target = target
        self._sleep = sleep

    def run(self, path: Path, progress: Progress | None = None) -> None:
        """Uploads what is missing; nothing when all is there.

        Raises:
            ApiError: `upload.digest_mismatch`, `upload.unexpected`, `object.not_found`, …
            TransportError: nobody answers; another run goes on where this one ended.
            FileChangedError: the file has become shorter or longer.
            OSError: the file cannot be read.
        """
        offset, total, complete = self._state()
        fruitless = 0
        with path.open("rb") as file:
            if path.stat().st_size != total:
                raise FileChangedError(f"{path} has {path.stat().st_size} bytes, and {total} were declared")
            while not complete:
                if progress is not None:
                    progress(offset, total)
                file.seek(offset)
                before = offset
                offset, complete = self._send(offset, file.read(min(PIECE_BYTES, total - offset)), total)
                fruitless = 0 if offset > before or complete else fruitless + 1
                if fruitless >= _FRUITLESS:
                    raise TransportError(f"the upload does not get beyond {offset} of {total} bytes: try again later")
        if progress is not None:
            progress(total, total)

    def _state(self) -> tuple[int, int, bool]:
        """Where the upload is, how many bytes there are, and whether it is over."""
        answer = self._transport.call(Request(method="HEAD", target=self._target), timeout_s=60.0)
        if answer.status != 200:
            raise self._refusal(answer)
        return int(answer.headers["upload-offset"]), int(answer.headers["upload-length"]), _is_complete(answer)

    def _refusal(self, answer: Answer) -> ApiError:
        """Why the upload may not be asked about; an answer to HEAD has no body that would say so."""
        empty = Request(method="PATCH", target=self._target, headers=_headers(0), body=b"")
        told = self._transport.call(empty, timeout_s=60.0)
        return told.error() if told.status >= 400 else answer.error()

    def _send(self, offset: int, piece: bytes, total: int) -> tuple[int, bool]:
        """Sends a piece; tells where the upload is then, and whether it is over."""
        last = offset + len(piece) == total
        timeout_s = _PIECE_TIMEOUT_S + (total / (_SLOWEST_MBPS * 1e6) if last else 0.0)
        # Sent twice it is refused with the right offset: what was lost on its way is found again.
        request = Request(method="PATCH", target=self._target, headers=_headers(offset), body=piece, safe=True)
        answer = self._transport.call(request, timeout_s=timeout_s, answer_timeout_s=timeout_s)
        if answer.status < 300:
            return int(answer.headers["upload-offset"]), _is_complete(answer)
        error = answer.error()
        if error.code not in ("upload.offset", "upload.busy"):
            raise error
        if error.code == "upload.busy":  # perhaps an earlier request of ours, whose connection broke
            self._sleep(_STAND_ASIDE_S)
        now, _, complete = self._state()
        return now, complete


def _headers(offset: int) -> dict[str, str]:
    return {"Content-Type": "application/partial-upload", "Upload-Offset": str(offset)}


def _is_complete(answer: Answer) -> bool:
    return answer.headers.get("upload-complete") == "?1"
