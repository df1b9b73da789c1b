"""Having a host's devices be divided as is declared: the same on hosts with agents and on simulated ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from pextra.drivers.interface import DriverError
from pextra.drivers.interface.dividing import MOST_DIVIDED, Divided, DividingDriver, Divisible, Division

_LONGEST: Final = 400


def converge(
    declared: Iterable[Division],
    driver: DividingDriver,
    *,
    models: Mapping[str, str],
    spoken_for: Collection[str] = (),
) -> tuple[Divided, ...]:
    """Have every device that is named be divided so, and say what came of it, in the order of the addresses.

    Of several divisions that name a device, the first counts; devices that none names are left as they are. What is
    refused for one device keeps no other from being divided.

    Args:
        models: of the host's GPUs, by address.
        spoken_for: see `DividingDriver.ensure_vfs`.
    """
    there = {each.address: each for each in driver.divisible()}
    wanted: dict[str, Division] = {}
    found: list[Divided] = []
    for division in declared:
        named = [each.address for each in there.values() if _names(division, each, models)]
        if not named and division.functions:
            found.append(Divided(division.address, division.functions, 0, _absent(division)))
        for address in named:
            wanted.setdefault(address, division)
    found += [_divided(there[address], division, driver, spoken_for) for address, division in wanted.items()]
    return tuple(sorted(found, key=lambda each: each.address)[:MOST_DIVIDED])


def problems_of(divided: Iterable[Divided]) -> tuple[str, ...]:
    """Why devices are not divided as is declared, each with the remedy."""
    return tuple(each.problem for each in divided if each.problem)


def _names(division: Division, each: Divisible, models: Mapping[str, str]) -> bool:
    if division.address:
        return each.address == division.address
    if division.model:
        return models.get(each.address) == division.model
    return bool(division.device) and each.device == division.device


def _absent(division: Division) -> str:
    return (
        f"`sriov` names {division.names}, and this host has no such device with SR-IOV: switch SR-IOV on in the "
        "firmware (for some devices with their vendor's tool), or take the entry out"
    )


def _divided(each: Divisible, division: Division, driver: DividingDriver, spoken_for: Collection[str]) -> Divided:
    try:
        made = driver.ensure_vfs(each.address, division.functions, spoken_for=spoken_for)
    except DriverError as error:
        now = next((one.current for one in driver.divisible() if one.address == each.address), 0)
        problem = f"{each.address} is not divided into {division.functions}: {error.message}"
        return Divided(each.address, division.functions, now, problem[:_LONGEST])
    return Divided(each.address, division.functions, len(made))
