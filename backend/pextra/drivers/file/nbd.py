"""Reads and writes the content of layers through a QEMU program of our own, over NBD on a socket that only we have.

Source: NBD protocol, doc/proto.md (fixed newstyle negotiation, simple replies).
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pextra.drivers.account import Account, run_as
from pextra.drivers.file.qemu import confined, failure
from pextra.drivers.interface import Permanent, Retryable

_GREETING: Final = struct.Struct(">8s8sH")
_OPTION: Final = struct.Struct(">8sII")
_EXPORT: Final = struct.Struct(">QH")
_REQUEST: Final = struct.Struct(">IHHQQI")
_REPLY: Final = struct.Struct(">IIQ")
_REQUEST_MAGIC: Final = 0x25609513
_REPLY_MAGIC: Final = 0x67446698
_FIXED_NO_ZEROES: Final = 3
_EXPORT_NAME: Final = 1
_READ, _WRITE, _DISCONNECT, _FLUSH, _ZEROES = 0, 1, 2, 3, 6
_NO_SPACE: Final = 28
_TIMEOUT_S: Final = 120
_CPU_S: Final = 24 * 3600
ZEROES_MAX_BYTES: Final = 1 << 30


class Disk:
    """An open disk."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        magic, option, flags = _GREETING.unpack(self._receive(_GREETING.size))
        if magic != b"NBDMAGIC" or option != b"IHAVEOPT" or not flags & 1:
            raise Retryable("QemuImgFailed", "qemu-storage-daemon does not speak NBD as it should")
        connection.sendall(struct.pack(">I", _FIXED_NO_ZEROES))
        connection.sendall(_OPTION.pack(b"IHAVEOPT", _EXPORT_NAME, 1) + b"d")
        self.size_bytes, _ = _EXPORT.unpack(self._receive(_EXPORT.size))
        self._handle = 0

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there."""
        self._ask(_READ, offset, length)
        return self._receive(length)

    def write(self, offset: int, content: bytes) -> None:
        """Put the bytes there."""
        self._ask(_WRITE, offset, len(content), content)

    def zero(self, offset: int, length: int) -> None:
        """Have zeros there, at most `ZEROES_MAX_BYTES`."""
        self._ask(_ZEROES, offset, length)

    def flush(self) -> None:
        """Have everything written through to the disk."""
        self._ask(_FLUSH, 0, 0)

    def close(self) -> None:
        """Say good-bye."""
        self._connection.sendall(_REQUEST.pack(_REQUEST_MAGIC, 0, _DISCONNECT, 0, 0, 0))

    def _ask(self, command: int, offset: int, length: int, content: bytes = b"") -> None:
        self._handle += 1
        self._connection.sendall(_REQUEST.pack(_REQUEST_MAGIC, 0, command, self._handle, offset, length) + content)
        magic, error, handle = _REPLY.unpack(self._receive(_REPLY.size))
        if magic != _REPLY_MAGIC or handle != self._handle:
            raise Retryable("QemuImgFailed", "qemu-storage-daemon answered another question")
        if error == _NO_SPACE:
            raise Retryable("PoolFull", "the pool has no space left")
        if error:
            raise Retryable("QemuImgFailed", f"{length} bytes at {offset} cannot be read or written: error {error}")

    def _receive(self, count: int) -> bytes:
        content = bytearray()
        while len(content) < count:
            piece = self._connection.recv(min(count - len(content), 1 << 20))
            if not piece:
                raise Retryable("QemuImgFailed", "qemu-storage-daemon ended")
            content += piece
        return bytes(content)


@contextmanager
def opened(layers: dict[str, Any], account: Account | None, *, writable: bool) -> Generator[Disk]:
    """The disk of a chain of layers, by a program that runs as the account.

    Raises:
        Retryable: `QemuImgFailed`, `VolumeBusy` or `PoolFull`; also from the disk's methods.
        Permanent: `QemuImgMissing`.
    """
    with tempfile.TemporaryDirectory(prefix="pextra-nbd-") as directory, socket.socket(socket.AF_UNIX) as listener:
        path = Path(directory) / "socket"
        listener.bind(str(path))
        listener.listen(1)
        node = {**layers, "node-name": "d", "read-only": not writable, "discard": "unmap"}
        command = confined(
            [
                "qemu-storage-daemon",
                "--blockdev", json.dumps(node),
                "--nbd-server", f"addr.type=fd,addr.str={listener.fileno()}",
                "--export", f"type=nbd,id=e,node-name=d,name=d,writable={'on' if writable else 'off'}",
            ],
            cpu_s=_CPU_S,
        )  # fmt: skip
        try:
            daemon = subprocess.Popen(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                pass_fds=[listener.fileno()], text=True, errors="replace", **run_as(account),
            )  # fmt: skip
        except FileNotFoundError as error:
            raise Permanent(
                "QemuImgMissing", "setpriv is not installed: apt-get install --no-install-recommends util-linux"
            ) from error
        try:
            listener.close()
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_TIMEOUT_S)
                disk = _connected(connection, path, daemon)
                yield disk
                disk.close()
        except OSError as error:
            raise Retryable("QemuImgFailed", f"qemu-storage-daemon does not answer: {error}") from error
        finally:
            daemon.terminate()
            daemon.communicate()


def _connected(connection: socket.socket, path: Path, daemon: subprocess.Popen[str]) -> Disk:
    connection.connect(str(path))
    try:
        return Disk(connection)
    except (Retryable, OSError) as error:
        daemon.terminate()
        _, said = daemon.communicate()
        if daemon.returncode == 127:
            raise Permanent(
                "QemuImgMissing",
                "qemu-storage-daemon is not installed: apt-get install --no-install-recommends qemu-system-common",
            ) from error
        raise failure("qemu-storage-daemon", said.strip()[-2000:] or str(error)) from error
