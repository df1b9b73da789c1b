"""A directory that does what it is told to, on loopback: it answers with given bytes, or keeps silent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from pextra.identity import ber
from tests.labs.ports import LOOPBACK

Act = Callable[[socket.socket, "FalseDirectory"], None]


@dataclass
class FalseDirectory:
    """The server.

    Attributes:
        act: what it does with each connection, which is closed afterwards.
        connections: how many there were.
        heard: what came over them first.
        ended: set when the test is over: what is silent is so until then.
    """

    act: Act
    port: int = 0
    connections: int = 0
    heard: list[bytes] = field(default_factory=list[bytes])
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def false_directory(act: Act) -> Generator[FalseDirectory]:
    """A directory that acts so, until the context ends."""
    made = FalseDirectory(act)
    with socket.create_server((LOOPBACK, 0)) as listening:
        made.port = listening.getsockname()[1]
        threads: list[threading.Thread] = []

        def serve() -> None:
            while not made.ended.is_set():
                try:
                    opened, _ = listening.accept()
                except OSError:
                    return
                made.connections += 1
                threads.append(threading.Thread(target=_run, args=(opened, made), daemon=True))
                threads[-1].start()

        accepting = threading.Thread(target=serve, daemon=True)
        accepting.start()
        try:
            yield made
        finally:
            made.ended.set()
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)  # wakes who accepts
            accepting.join(5)
            for each in threads:
                each.join(5)


def _run(opened: socket.socket, made: FalseDirectory) -> None:
    with opened, suppress(OSError):
        made.act(opened, made)


def silent(opened: socket.socket, made: FalseDirectory) -> None:
    """Take what is said, and say nothing."""
    made.heard.append(opened.recv(4096))
    made.ended.wait(30)


def drop(opened: socket.socket, made: FalseDirectory) -> None:
    """Hang up at once."""


def trickling(opened: socket.socket, made: FalseDirectory) -> None:
    """Begin a large answer, and send a byte of it now and again."""
    opened.recv(4096)
    opened.sendall(b"\x30\x83\x0f\xff\xff")
    while not made.ended.wait(0.02):
        opened.sendall(b"\x00")


def message(number: int, operation: bytes) -> bytes:
    """A message as a server sends it."""
    return ber.sequence(ber.integer(number), operation)


def result(tag: int, code: int) -> bytes:
    """The result of an operation."""
    return ber.sequence(ber.integer(code, ber.ENUMERATED), ber.octets(""), ber.octets(""), tag=tag)


def saying(*answers: bytes) -> Act:
    """Answer each message with the next of these."""

    def act(opened: socket.socket, made: FalseDirectory) -> None:
        for each in answers:
            made.heard.append(opened.recv(4096))
            opened.sendall(each)
        opened.recv(4096)

    return act
