"""A key-encryption key in a file that only its owner reads."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import json
import os
import stat
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from pextra.encryption.failures import KeyLost, KeyUnavailable, Tampered
from pextra.encryption.sealing import KEY_BYTES, new_key, seal, unseal
from pextra.encryption.wrapping import Wrapped

_FORMAT: Final = 1
_MOST_BYTES: Final = 1 << 20
_MODE: Final = 0o600


class KeyFile:
    """See `KeyKeeper`. The file holds every version; it is replaced as a whole, and read again when one is missing.

    Args:
        path: the file; its folder is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def describe(self) -> str:
        """See `KeyKeeper.describe`."""
        return f"the key file {self.path}"

    def ensure(self) -> str:
        """See `KeyKeeper.ensure`."""
        with self._alone():
            keys = self._read() if self.path.exists() else {}
            if not keys:
                key = new_key()
                keys = {_name(1, key): key}
                self._write(keys)
            self._keys = keys
            return list(keys)[-1]

    def newest(self) -> str:
        """See `KeyKeeper.newest`."""
        return self.versions()[-1]

    def require(self, kek: str) -> None:
        """See `KeyKeeper.require`."""
        self._key(kek)

    def wrap(self, kek: str, key: bytes, place: bytes) -> Wrapped:
        """See `KeyKeeper.wrap`."""
        return Wrapped(kek, base64.b64encode(seal(self._key(kek), key, place)).decode())

    def unwrap(self, wrapped: Wrapped, place: bytes) -> bytes:
        """See `KeyKeeper.unwrap`."""
        key = self._key(wrapped.kek)
        try:
            sealed = base64.b64decode(wrapped.text, validate=True)
        except ValueError as error:
            raise Tampered("a wrapped key is not base64") from error
        return unseal(key, sealed, place)

    def rotate(self) -> str:
        """See `KeyKeeper.rotate`."""
        with self._alone():
            keys, key = self._read(), new_key()
            made = _name(1 + _number(list(keys)[-1]), key)
            self._write({**keys, made: key})
            self._keys = {**keys, made: key}
            return made

    def versions(self) -> list[str]:
        """See `KeyKeeper.versions`."""
        with self._lock:
            self._keys = self._read()
            return list(self._keys)

    def forget(self, before: str) -> list[str]:
        """See `KeyKeeper.forget`."""
        with self._alone():
            keys = self._read()
            if before not in keys:
                raise self._lost(before)
            kept = {name: key for name, key in keys.items() if _number(name) >= _number(before)}
            if len(kept) < len(keys):
                self._write(kept)
            self._keys = kept
            return [name for name in keys if name not in kept]

    def _key(self, kek: str) -> bytes:
        with self._lock:
            if kek not in self._keys:  # another process may have rotated
                self._keys = self._read()
            if kek not in self._keys:
                raise self._lost(kek)
            return self._keys[kek]

    def _lost(self, kek: str) -> KeyLost:
        held = ", ".join(self._keys) or "none"
        return KeyLost(f"{self.path} does not hold the key {kek}; it holds: {held}. Put back the file that does.")

    @contextmanager
    def _alone(self) -> Generator[None]:
        """One process at a time changes the file. The lock is a file of its own, for the other one is replaced."""
        with self._lock, self._opened_lock() as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _opened_lock(self) -> Generator[int]:
        try:
            descriptor = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT, _MODE)
        except OSError as error:
            raise KeyUnavailable(f"{self.path} cannot be changed: {error.strerror}") from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _read(self) -> dict[str, bytes]:
        """The keys by name, oldest first.

        Raises:
            KeyLost: the file is not there or is no key file.
            KeyUnavailable: it cannot be read, or others can read it.
        """
        try:
            with self.path.open("rb") as file:
                self._check_mode(os.fstat(file.fileno()))
                text = file.read(_MOST_BYTES)
        except FileNotFoundError as error:
            raise KeyLost(f"{self.path} is not there. Put it back from where you keep a copy.") from error
        except OSError as error:
            raise KeyUnavailable(f"{self.path} cannot be read: {error.strerror}") from error
        keys = _parse(text)
        if keys is None:
            raise KeyLost(f"{self.path} is no key file: put back the one that was there.")
        return keys

    def _check_mode(self, found: os.stat_result) -> None:
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyUnavailable(
                f"{self.path} can be used by others (mode {stat.S_IMODE(found.st_mode):04o}): chmod 600 it, and rotate "
                "the key if somebody may have read it."
            )

    def _write(self, keys: dict[str, bytes]) -> None:
        """Replace the file: after a crash it is the old one or the new one, and on disk."""
        listed = [{"version": _number(n), "key": base64.b64encode(k).decode()} for n, k in keys.items()]
        work = self.path.with_name(f".{self.path.name}.new")
        try:
            work.unlink(missing_ok=True)
            with os.fdopen(os.open(work, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "w") as file:
                json.dump({"format": _FORMAT, "keys": listed}, file, indent=1)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            work.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise KeyUnavailable(f"{self.path} cannot be written: {error.strerror}") from error


def _name(number: int, key: bytes) -> str:
    """A version by its number and a mark of its key, which tells nothing about the key."""
    mark = hmac.new(key, b"pextra key-encryption key", hashlib.sha256).hexdigest()[:16]
    return f"file:{number}:{mark}"


def _number(name: str) -> int:
    return int(name.split(":")[1])


def _parse(text: bytes) -> dict[str, bytes] | None:
    """The keys of a file, oldest first; None when it is no key file."""
    try:
        document: dict[str, Any] = json.loads(text)
        if document["format"] != _FORMAT:
            return None
        listed = cast("list[dict[str, Any]]", document["keys"])
        pairs = sorted((int(each["version"]), base64.b64decode(each["key"], validate=True)) for each in listed)
    except (ValueError, KeyError, TypeError):
        return None
    if not pairs or any(len(key) != KEY_BYTES for _, key in pairs):
        return None
    return {_name(number, key): key for number, key in pairs}
