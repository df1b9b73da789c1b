"""A TCP proxy that cuts connections in the middle."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

_CHUNK = 4096
_PATIENCE_S = 0.2


class Cutter:
    """Leads to a server; a connection carries a random number of bytes back and is cut.

    Args:
        url: of the server.
        mean_bytes: how many, on average.
        seed: of the randomness.
    """

    def __init__(self, url: str, *, mean_bytes: int, seed: int = 1) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "", parts.port or 80)
        self._mean = mean_bytes
        self._rng = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_PATIENCE_S)
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self.cuts = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._spawn(self._accept)

    def close(self) -> None:
        self._closed.set()
        for thread in list(self._threads):
            thread.join(5)
        self._listener.close()

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closed.is_set():
            with suppress(TimeoutError):
                near, _ = self._listener.accept()
                budget = self._rng.randrange(1, 2 * self._mean)
                self._spawn(self._carry, near, budget)

    def _carry(self, near: socket.socket, budget: int) -> None:
        with near, socket.create_connection(self._target) as far:
            near.settimeout(_PATIENCE_S)
            far.settimeout(_PATIENCE_S)
            with suppress(ConnectionError):
                far.sendall(near.recv(_CHUNK))
                while not self._closed.is_set():
                    with suppress(TimeoutError):
                        data = far.recv(min(_CHUNK, budget))
                        near.sendall(data)
                        budget -= len(data)
                        if not data:
                            return
                        if budget == 0:
                            self.cuts += 1
                            return
