"""What a simulated guest writes to its serial console."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from enum import StrEnum
from typing import Any

import yaml

from pextra.drivers.interface import GuestSpec


class Happening(StrEnum):
    """What made the guest write."""

    BOOT = "boot"
    POWER_DOWN = "power_down"
    PANIC = "panic"


@dataclass(frozen=True, slots=True)
class ConsoleEvent:
    """One thing that the guest wrote about.

    The bytes are made when they are read, so that a fleet's consoles cost little memory.
    """

    happening: Happening
    at: float
    vcpus: int
    memory_mib: int
    meta_data: str | None  # None: without a seed


def event(happening: Happening, at: float, spec: GuestSpec) -> ConsoleEvent:
    """The event of a guest that runs with `spec`."""
    meta_data = None if spec.seed is None else spec.seed.meta_data
    return ConsoleEvent(happening, at, spec.vcpus, spec.memory_mib, meta_data)


def render(events: Iterable[ConsoleEvent]) -> bytes:
    """The console since the guest was defined; more events only ever append bytes."""
    return "".join(f"{line}\n" for one in events for line in _lines(one)).encode()


def _lines(one: ConsoleEvent) -> Iterator[str]:
    match one.happening:
        case Happening.BOOT:
            yield from _boot(one)
        case Happening.POWER_DOWN:
            yield "[  OK  ] Reached target poweroff.target - System Power Off."
            yield "[   60.000000] reboot: Power down"
        case Happening.PANIC:
            yield "[   60.000000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009"


def _boot(one: ConsoleEvent) -> Iterator[str]:
    name = host_name(one.meta_data)
    yield "[    0.000000] Linux version 6.1.0-sim (pextra@sim)"
    yield "[    0.000000] Command line: BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 console=ttyS0"
    yield f"[    0.020000] Memory: {one.memory_mib * 1024}K available"
    yield f"[    0.040000] smp: Brought up 1 node, {one.vcpus} CPUs"
    yield f"[    1.500000] systemd[1]: Hostname set to <{name}>."
    yield "[  OK  ] Reached target multi-user.target - Multi-User System."
    if one.meta_data is not None:
        yield (
            f"Cloud-init v. 22.4.2 finished at {formatdate(one.at)}. "
            "Datasource DataSourceNoCloud [seed=/dev/vdb][dsmode=net].  Up 2.50 seconds"
        )
    yield ""
    yield f"{name} login: "


def host_name(meta_data: str | None) -> str:
    """`local-hostname` of a NoCloud document; a broken document is ignored, as cloud-init does."""
    try:
        document: Any = yaml.safe_load(meta_data or "")
    except yaml.YAMLError:
        document = None
    match document:
        case {"local-hostname": str(name)}:
            return name
        case _:
            return "localhost"
