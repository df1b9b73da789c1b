"""Dividing a host's PCI devices into virtual functions (SR-IOV), as its operator declares it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

MOST_DIVIDED: Final = 256
"""Of how many divided devices a host tells at most."""


@dataclass(frozen=True, slots=True)
class Division:
    """How many virtual functions some devices are to have. One of the first three names them.

    Attributes:
        address: of one device on PCI.
        device: vendor and device of all like it: `8086:1572`.
        model: of all GPUs of that model.
        functions: how many each is to have; 0: it is to be whole.
    """

    address: str = ""
    device: str = ""
    model: str = ""
    functions: int = 0

    @property
    def names(self) -> str:
        """What it names, in words."""
        return self.address or (f"model {self.model}" if self.model else f"PCI id {self.device}")


@dataclass(frozen=True, slots=True)
class Divisible:
    """A physical function of a host.

    Attributes:
        device: vendor and device: `8086:1572`.
        total: how many virtual functions it can have; 0: it cannot be divided.
        current: how many it has now.
    """

    address: str
    device: str
    total: int
    current: int


@dataclass(frozen=True, slots=True)
class Divided:
    """What came of a division on one device.

    Attributes:
        address: of the device; empty where the host has none that is named.
        wanted: how many virtual functions it is to have.
        current: how many it has.
        problem: why it has not what it is to have, with the remedy; empty when it has.
    """

    address: str
    wanted: int
    current: int
    problem: str = ""


class DividingDriver(Protocol):
    """Divides what one host has."""

    def divisible(self) -> Sequence[Divisible]:
        """The host's physical functions that can be divided, ordered by address. It changes nothing."""
        ...

    def ensure_vfs(self, address: str, count: int, *, spoken_for: Collection[str] = ()) -> tuple[str, ...]:
        """Have a device be divided into so many virtual functions; 0 makes it whole again.

        Args:
            spoken_for: addresses of what guests have or are about to be given, beside what they were given already.

        Returns:
            The addresses of the virtual functions, in the order of their numbers.

        Raises:
            Permanent: it cannot be divided so, or not while it is used as it is.
            Retryable: not now.
        """
        ...


class NoDividing:
    """The driver of a host that has nothing to divide."""

    def divisible(self) -> Sequence[Divisible]:
        """See `DividingDriver`."""
        return ()

    def ensure_vfs(self, address: str, count: int, *, spoken_for: Collection[str] = ()) -> tuple[str, ...]:
        """See `DividingDriver`; it is never asked, for it has nothing."""
        raise NotImplementedError
