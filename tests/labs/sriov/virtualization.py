"""Bringing an NVMe controller's virtual functions on line, as the owner of real hardware does with its vendor's tool.

Source: NVM Express Base Specification 1.4, 5.22 Virtualization Management; Linux, include/uapi/linux/nvme_ioctl.h.
Imports nothing but the standard library: it runs in the laboratory's machine.
"""

from __future__ import annotations

import fcntl
import struct
from pathlib import Path
from typing import Final

_ADMIN_COMMAND: Final = 0xC048_4E41
_COMMAND: Final = struct.Struct("<BBHIIIQQIIIIIIIIII")
_VIRTUALIZATION_MANAGEMENT: Final = 0x1C
_QUEUES, _INTERRUPTS = 0, 1
_ALLOCATE_PRIMARY, _ASSIGN, _ONLINE = 1, 8, 9
_QUEUES_EACH: Final = 2


def prepare(function: Path) -> None:
    """Have the controller keep nothing for itself that its virtual functions could have.

    Args:
        function: its directory in sysfs; it has no virtual functions yet.
    """
    device = _device(function)
    for resource in (_INTERRUPTS, _QUEUES):
        _manage(device, 0, resource, _ALLOCATE_PRIMARY, 0)
    (function / "nvme" / device.name / "reset_controller").write_text("1")


def bring_online(function: Path, count: int) -> None:
    """Give each of the controller's first virtual functions an interrupt and two queues, and switch it on."""
    device = _device(function)
    for controller in range(1, count + 1):
        _manage(device, controller, _INTERRUPTS, _ASSIGN, 1)
        _manage(device, controller, _QUEUES, _ASSIGN, _QUEUES_EACH)
        _manage(device, controller, _QUEUES, _ONLINE, 0)


def _device(function: Path) -> Path:
    (found,) = (function / "nvme").iterdir()
    return Path("/dev") / found.name


def _manage(device: Path, controller: int, resource: int, action: int, number: int) -> None:
    what = action | resource << 8 | controller << 16
    command = _COMMAND.pack(_VIRTUALIZATION_MANAGEMENT, 0, 0, 0, 0, 0, 0, 0, 0, 0, what, number, 0, 0, 0, 0, 0, 0)
    with device.open("rb") as opened:
        status = fcntl.ioctl(opened, _ADMIN_COMMAND, bytearray(command))
    if status:
        raise OSError(f"{device}: action {action} on controller {controller} ended with NVMe status {status:#x}")
