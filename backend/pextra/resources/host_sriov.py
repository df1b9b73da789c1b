"""How a host's devices are divided into virtual functions, as its operator declares it and as it is."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, model_validator

from pextra.declaration.kind import SpecModel

MOST_DIVIDED: Final = 256
"""Of how many divided devices a host tells at most."""
MOST_DIVISIONS: Final = 64
"""How many divisions one host declares at most."""


class SriovDivision(SpecModel):
    """How many virtual functions devices are to have; one of `address`, `device` and `model` says which."""

    address: Annotated[str, Field(pattern=r"^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$")] | None = None
    """The PCI address of one device, such as `0000:41:00.0`."""
    device: Annotated[str, Field(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")] | None = None
    """PCI vendor and device, such as `8086:1572`: all devices like it."""
    model: Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")] | None = None
    """A model of GPUs, such as `l40s`: all of it."""
    functions: Annotated[int, Field(ge=0, le=256)]
    """How many virtual functions each is to have; 0: it is to be whole."""

    @model_validator(mode="after")
    def _one_says_which(self) -> SriovDivision:
        if sum(each is not None for each in (self.address, self.device, self.model)) != 1:
            raise ValueError("exactly one of `address`, `device` and `model` says which devices are divided")
        return self


class SriovStatus(SpecModel):
    """What came of a declared division on one device."""

    address: str
    """The device's PCI address; empty where the host has none that is named."""
    wanted: int
    """How many virtual functions it is to have."""
    current: int
    """How many it has."""
    problem: str = ""
    """Why it has not what it is to have, and what to do."""


def refuse_twice(divisions: list[SriovDivision]) -> list[SriovDivision]:
    """The divisions, of which no two name the same.

    Raises:
        ValueError: two do.
    """
    names = [each.address or each.device or each.model or "" for each in divisions]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"names {', '.join(twice)} twice")
    return divisions
