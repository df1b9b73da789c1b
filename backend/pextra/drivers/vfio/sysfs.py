"""Reading and writing the kernel's files of devices, below a root directory."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import Final

from pextra.drivers.file.durable import step
from pextra.drivers.interface import DriverError, Permanent, Retryable

PCI_DEVICES: Final = "sys/bus/pci/devices"
PCI_DRIVERS: Final = "sys/bus/pci/drivers"
MDEV_DEVICES: Final = "sys/bus/mdev/devices"
_MOST_BYTES: Final = 65_536
_ADDRESS: Final = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]", re.ASCII)
_GONE: Final = frozenset({errno.ENOENT, errno.ENODEV, errno.ENXIO})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
# What is full now may have room later: mediated devices are refused with EUSERS or ENOSPC where there is none.
_BUSY: Final = frozenset({errno.EBUSY, errno.EAGAIN, errno.EINTR, errno.ENOMEM, errno.EUSERS, errno.ENOSPC})


class Sysfs:
    """The files below a root, by paths without a leading slash. What is not there reads as None or as nothing."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root

    def path(self, path: str) -> Path:
        """Where a file lies in fact."""
        return self.root / path

    def exists(self, path: str) -> bool:
        """Whether there is something, and be it a link that leads nowhere."""
        return os.path.lexists(self.root / path)

    def text(self, path: str) -> str | None:
        """The beginning of a file, without the white space around it."""
        try:
            with (self.root / path).open("rb") as file:
                return file.read(_MOST_BYTES).decode(errors="replace").strip(" \t\r\n\0")
        except OSError:
            return None

    def integer(self, path: str) -> int | None:
        """The number in a file, decimal or with 0x."""
        found = self.text(path)
        try:
            return None if found is None else int(found, 0)
        except ValueError:
            return None

    def names(self, path: str) -> list[str]:
        """What a directory holds, in order."""
        try:
            return sorted(entry.name for entry in (self.root / path).iterdir())
        except OSError:
            return []

    def link_name(self, path: str) -> str | None:
        """The last part of where a symbolic link leads."""
        try:
            return (self.root / path).readlink().name
        except OSError:
            return None

    def resolved(self, path: str) -> Path:
        """Where a path leads when all links are followed."""
        return (self.root / path).resolve()

    def write(self, path: str, value: str) -> None:
        """Have the kernel act on a value.

        Raises:
            Permanent: `DeviceLost`, `DevicesForbidden`, or `DeviceRefused` by the kernel.
            Retryable: `DeviceBusy`.
        """
        step(f"write {value!r} to {path}")
        try:
            self._write(path, value)
        except OSError as error:
            raise _failure(path, value, error) from error

    def _write(self, path: str, value: str) -> None:
        descriptor = os.open(self.root / path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, value.encode())
        finally:
            os.close(descriptor)


def _failure(path: str, value: str, error: OSError) -> DriverError:
    message = f"writing {value!r} to /{path} failed: {error.strerror}"
    if error.errno in _GONE:
        return Permanent("DeviceLost", f"{message}; the device or its driver is gone")
    if error.errno in _FORBIDDEN:
        return Permanent("DevicesForbidden", f"{message}; devices are handed out by root alone")
    if error.errno in _BUSY:
        return Retryable("DeviceBusy", message)
    return Permanent("DeviceRefused", f"{message}; the kernel's log may say why")


def pci_path(address: str) -> str:
    """The directory of a PCI function.

    Raises:
        Permanent: `DeviceInvalid`: this is no address, and is not made part of a path.
    """
    if _ADDRESS.fullmatch(address) is None:
        raise Permanent("DeviceInvalid", f"{address!r} is no PCI address such as 0000:41:00.0")
    return f"{PCI_DEVICES}/{address}"
