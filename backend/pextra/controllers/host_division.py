"""How a host's devices are to be divided into virtual functions: as it is declared, told to agents, and said of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from pextra.drivers import dividing, documents
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.gpu.interface import Gpu
from pextra.drivers.interface.dividing import Divided, Division


def settings_of(spec: dict[str, Any]) -> dict[str, Any]:
    """What a host's agent is told of it: see `agent_protocol.HostSettings`."""
    return {"sriov": [asdict(division) for division in _declared(spec)]}


def divide(drivers: HostDrivers, gpus: Iterable[Gpu], spec: dict[str, Any]) -> tuple[Divided, ...]:
    """Have the devices of a host without an agent be divided, and say what came of it."""
    return dividing.converge(_declared(spec), drivers.dividing, models={gpu.address: gpu.model for gpu in gpus})


def problems_of_agent(spec: dict[str, Any], told: documents.Inventory) -> tuple[str, ...]:
    """That an agent is too old to divide what is declared."""
    if not spec["sriov"] or told.sriov is not None:
        return ()
    return ("its agent is too old to divide devices as `sriov` says: install this version of it, and restart it",)


def to_be_divided(divided: Iterable[Divided]) -> set[str]:
    """The addresses of devices that are divided, or are to be as soon as nobody has them: none is given out whole."""
    return {each.address for each in divided if each.wanted}


def said(divided: Sequence[Divided]) -> list[dict[str, Any]]:
    """What a host's status says of it."""
    return [asdict(each) for each in divided]


def _declared(spec: dict[str, Any]) -> list[Division]:
    return [
        Division(each.get("address") or "", each.get("device") or "", each.get("model") or "", each["functions"])
        for each in spec["sriov"]
    ]
