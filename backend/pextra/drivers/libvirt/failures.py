"""Turns libvirt's errors into the contract's four failures."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, cast

from pextra.drivers.interface import DriverError, NotFound, Permanent, Retryable, Unknown
from pextra.drivers.libvirt import binding

_NOT_FOUND: Final = ("VIR_ERR_NO_DOMAIN",)
_PERMANENT: Final = (
    "VIR_ERR_XML_ERROR",
    "VIR_ERR_XML_DETAIL",
    "VIR_ERR_XML_INVALID_SCHEMA",
    "VIR_ERR_CONFIG_UNSUPPORTED",
    "VIR_ERR_ARGUMENT_UNSUPPORTED",
    "VIR_ERR_INVALID_ARG",
    "VIR_ERR_NO_SUPPORT",
    "VIR_ERR_ACCESS_DENIED",
    "VIR_ERR_AUTH_FAILED",
)
# Another job holds the guest, or its state changed between look and act: nothing was done.
_RETRYABLE: Final = ("VIR_ERR_OPERATION_INVALID", "VIR_ERR_OPERATION_TIMEOUT", "VIR_ERR_RESOURCE_BUSY")
# libvirtd went away under the call.
_CUT_OFF: Final = ("VIR_ERR_RPC", "VIR_ERR_NO_CONNECT", "VIR_ERR_INVALID_CONN", "VIR_ERR_SYSTEM_ERROR")
_CUT_OFF_MESSAGES: Final = ("client socket is closed", "End of file while reading data", "keepalive timeout")


@contextmanager
def translated(what: str, *, acting: bool) -> Generator[None]:
    """Raise what libvirt raises inside the block as a driver failure.

    Args:
        what: what is being attempted, for the message.
        acting: whether the world may have changed when libvirtd went away in the middle; only then is
            being cut off `Unknown`, otherwise it is `Retryable`.
    """
    try:
        yield
    except binding.load().libvirtError as error:
        raise _failure(what, cast(binding.LibvirtError, error), acting) from error


def _failure(what: str, error: binding.LibvirtError, acting: bool) -> DriverError:
    code = error.get_error_code()
    message = f"{what}: {error.get_error_message() or 'libvirt gave no reason'}"

    def among(names: tuple[str, ...]) -> bool:
        return code in {binding.constant(name) for name in names}

    if among(_NOT_FOUND):
        return NotFound("GuestMissing", message)
    if among(_PERMANENT):
        return Permanent("HypervisorRefused", message)
    if among(_CUT_OFF) or any(text in message for text in _CUT_OFF_MESSAGES):
        return (Unknown if acting else Retryable)("HypervisorUnreachable", message)
    if among(_RETRYABLE):
        return Retryable("GuestBusy", message)
    return Retryable("HypervisorFailed", message)
