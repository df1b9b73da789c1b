"""A WSGI application that carries out a request and then loses the answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any


class AnswerLoser:
    """Passes requests on; of the next ones of a method that it is told to lose, the answer never arrives."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._lose: list[str] = []
        self._lock = threading.Lock()

    def lose_next(self, method: str, times: int = 1) -> None:
        with self._lock:
            self._lose = [method] * times

    @property
    def lost_all(self) -> bool:
        """Whether everything that was to be lost has been."""
        with self._lock:
            return not self._lose

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._lock:
            lose = bool(self._lose) and self._lose[0] == environ["REQUEST_METHOD"]
            if lose:
                self._lose.pop(0)
        if not lose:
            return self._app(environ, start_response)
        body = self._app(environ, _swallow)
        for _ in body:
            pass
        body.close()
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        start_response("500 Lost", [("Content-Length", "0")])
        return []


def _swallow(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
    """The `start_response` of an answer that nobody gets."""
    del status, headers, exc_info
    return bytes  # takes what is written, and does nothing with it
