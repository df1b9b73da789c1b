"""The part of libvirt-python that this driver uses, with types, imported on first use.

libvirt-python carries no types; these protocols are what pyright checks the driver against. Names and
arguments are libvirt's, and so is their documentation: https://libvirt.org/html/
"""

# ruff: noqa: N802, N815, D102

from __future__ import annotations

import threading
from functools import cache
from importlib import import_module
from typing import Any, Protocol, cast

from pextra.drivers.interface import Permanent


class Domain(Protocol):
    """`virDomain`."""

    def isActive(self) -> int: ...
    def state(self) -> list[int]: ...
    def XMLDesc(self, flags: int = 0) -> str: ...
    def create(self) -> int: ...
    def resume(self) -> int: ...
    def destroy(self) -> int: ...
    def shutdownFlags(self, flags: int) -> int: ...
    def undefineFlags(self, flags: int) -> int: ...
    def setMetadata(self, type: int, metadata: str, key: str, uri: str, flags: int) -> int: ...  # noqa: A002


class Connection(Protocol):
    """`virConnect`."""

    def isAlive(self) -> int: ...
    def close(self) -> int: ...
    def setKeepAlive(self, interval: int, count: int) -> int: ...
    def getLibVersion(self) -> int: ...
    def getVersion(self) -> int: ...
    def getCapabilities(self) -> str: ...
    def listAllDomains(self, flags: int = 0) -> list[Domain]: ...
    def lookupByUUIDString(self, uuid: str) -> Domain: ...
    def defineXMLFlags(self, xml: str, flags: int) -> Domain: ...


class LibvirtError(Protocol):
    """`libvirtError`, as far as it is looked into."""

    def get_error_code(self) -> int | None: ...
    def get_error_message(self) -> str | None: ...


class Module(Protocol):
    """The module's functions; its constants are read by `constant`."""

    libvirtError: type[Exception]

    def open(self, name: str) -> Connection: ...
    def registerErrorHandler(self, f: Any, ctx: Any) -> Any: ...
    def virEventRegisterDefaultImpl(self) -> int: ...
    def virEventRunDefaultImpl(self) -> int: ...


@cache
def load() -> Module:
    """Import libvirt-python and start the event loop that its keep-alive needs.

    Raises:
        Permanent: `LibvirtMissing`: libvirt-python is not installed.
    """
    try:
        module = cast(Module, import_module("libvirt"))
    except ImportError as error:
        raise Permanent(
            "LibvirtMissing",
            "libvirt-python is not installed: apt-get install libvirt-dev pkg-config gcc, "
            "then pip install libvirt-python",
        ) from error
    module.registerErrorHandler(_discard, None)
    module.virEventRegisterDefaultImpl()
    threading.Thread(target=_run_events, args=(module,), name="libvirt-events", daemon=True).start()
    return module


def constant(name: str) -> int:
    """The value of one of libvirt's constants, such as `VIR_ERR_NO_DOMAIN`."""
    return cast(int, getattr(load(), name))


def _discard(_context: object, _error: object) -> None:
    """Swallow what would be printed to stderr: the same error is raised where it belongs."""


def _run_events(module: Module) -> None:
    while True:
        module.virEventRunDefaultImpl()
