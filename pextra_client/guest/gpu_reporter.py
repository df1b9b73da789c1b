#!/usr/bin/env python3
"""Tells the host what the GPUs of this guest say of their work: a line of JSON twice a minute, to a virtio port.

The host cannot ask a GPU that a guest has. It runs in the guest, on Python 3.9 and later with nothing installed, and
reads NVIDIA's library, which comes with the driver. Nothing is read from the host. A guest without the port or the
library says so once and goes on looking; what the host does not take at once is dropped.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import subprocess
import sys
import time
from typing import Any, NoReturn

PORT_NAME = "org.pextra.gpu.0"
PERIOD_S = 30.0
LOOK_S = 20.0
"""How long a look at the library may take: a driver that hangs costs the look alone."""
MOST_GPUS = 64
MOST_BYTES = 32 * 1024
"""Of a line: what the kernel takes for a virtio port at once."""
_PORTS = "/sys/class/virtio-ports"
_DEVICES = "/sys/bus/pci/devices"
_ALL_LINKS = 0xFFFFFFFF
_SENT, _RECEIVED = 138, 139  # NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX and _RX
_CORRECTED, _UNCORRECTED, _VOLATILE, _OF_PROCESSOR = 0, 1, 0, 0


class _Pci(ctypes.Structure):
    _fields_ = [
        ("legacy", ctypes.c_char * 16),
        ("numbers", ctypes.c_uint * 5),
        ("bus_id", ctypes.c_char * 32),
    ]


class _Load(ctypes.Structure):
    _fields_ = [("gpu", ctypes.c_uint), ("memory", ctypes.c_uint)]


class _Memory(ctypes.Structure):
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong)]


class _Field(ctypes.Structure):
    _fields_ = [
        ("field", ctypes.c_uint),
        ("scope", ctypes.c_uint),
        ("at", ctypes.c_longlong),
        ("latency", ctypes.c_longlong),
        ("kind", ctypes.c_uint),
        ("code", ctypes.c_int),
        ("value", ctypes.c_ulonglong),
    ]


class Nvml:
    """NVIDIA's library, opened; OSError where it is not installed or does not open."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libnvidia-ml.so.1")
        code = self._library.nvmlInit_v2()
        if code:
            raise OSError(f"NVIDIA's driver does not answer (NVML error {code})")

    def gpus(self) -> list[dict[str, Any]]:
        """What each GPU says."""
        count = ctypes.c_uint(0)
        if self._library.nvmlDeviceGetCount_v2(ctypes.byref(count)):
            return []
        handles = [ctypes.c_void_p() for _ in range(min(count.value, MOST_GPUS))]
        opened = [
            handle
            for index, handle in enumerate(handles)
            if not self._library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle))
        ]
        return [self._gpu(handle) for handle in opened]

    def _gpu(self, handle: ctypes.c_void_p) -> dict[str, Any]:
        said: dict[str, Any] = {}
        uuid = ctypes.create_string_buffer(96)
        if self._asked("nvmlDeviceGetUUID", handle, uuid, ctypes.c_uint(96)):
            said["uuid"] = uuid.value.decode(errors="replace")
        pci = _Pci()
        if self._asked("nvmlDeviceGetPciInfo_v3", handle, ctypes.byref(pci)):
            said["path"] = pci_path(pci.bus_id.decode(errors="replace"))
        load, memory = _Load(), _Memory()
        if self._asked("nvmlDeviceGetUtilizationRates", handle, ctypes.byref(load)):
            said["utilization_percent"] = load.gpu
        if self._asked("nvmlDeviceGetMemoryInfo", handle, ctypes.byref(memory)):
            said["memory_used_mib"], said["memory_mib"] = memory.used >> 20, memory.total >> 20
        power, heat, errors = ctypes.c_uint(0), ctypes.c_uint(0), ctypes.c_ulonglong(0)
        if self._asked("nvmlDeviceGetPowerUsage", handle, ctypes.byref(power)):
            said["power_mw"] = power.value
        if self._asked("nvmlDeviceGetTemperature", handle, ctypes.c_uint(_OF_PROCESSOR), ctypes.byref(heat)):
            said["temperature_c"] = heat.value
        for name, kind in (("ecc_corrected", _CORRECTED), ("ecc_uncorrected", _UNCORRECTED)):
            which = ctypes.c_uint(kind), ctypes.c_uint(_VOLATILE)
            if self._asked("nvmlDeviceGetTotalEccErrors", handle, *which, ctypes.byref(errors)):
                said[name] = errors.value
        fields = (_Field * 2)(_Field(field=_SENT, scope=_ALL_LINKS), _Field(field=_RECEIVED, scope=_ALL_LINKS))
        if self._asked("nvmlDeviceGetFieldValues", handle, ctypes.c_int(2), fields):
            for name, field in zip(("nvlink_sent_kib", "nvlink_received_kib"), fields):
                if not field.code:
                    said[name] = field.value
        return said

    def _asked(self, function: str, *args: Any) -> bool:
        """Whether the library answered; what it does not have, it does not."""
        call = getattr(self._library, function, None)
        return call is not None and call(*args) == 0


def pci_path(bus_id: str) -> str:
    """Where a device hangs: its root bus, and device and function of every bridge and of itself, down to it.

    Unlike bus numbers these are not the firmware's to choose: the host knows them too.
    """
    domain, _, rest = bus_id.lower().partition(":")
    address = f"{domain[-4:]}:{rest}"
    parts = os.path.realpath(os.path.join(_DEVICES, address)).split("/")
    if len(parts) < 5 or not parts[3].startswith("pci"):
        return ""
    return "/".join([parts[3][3:], *(part[-4:] for part in parts[4:])])


def look() -> NoReturn:
    """What is said, as a line; printed by the process that a look is."""
    try:
        said = {"gpus": Nvml().gpus()}
    except OSError as error:
        said = {"absent": str(error)}
    print(json.dumps(said), flush=True)
    os._exit(0)  # unloading the library may hang as well


class Looks:
    """Looks, each in a process of its own; never more than one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def look(self) -> tuple[list[dict[str, Any]] | None, str | None]:
        """What the GPUs say, and what is wrong; one of the two is None."""
        if self._process is not None and self._process.poll() is None:
            return None, "NVIDIA's driver hangs: a look at it cannot even be ended"
        command = [sys.executable, "-I", os.path.abspath(__file__), "--look"]
        process = self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        try:
            printed, _ = process.communicate(timeout=LOOK_S)
        except subprocess.TimeoutExpired:
            process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)
            return None, f"NVIDIA's driver did not answer within {LOOK_S:g} s"
        try:
            said = json.loads(printed)
        except ValueError:
            return None, f"the look at NVIDIA's library ended with status {process.returncode}"
        return said.get("gpus"), said.get("absent")


class Port:
    """The way to the host. It is kept open; whatever fails, it is opened anew the next time."""

    def __init__(self, path: str | None = None) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._torn = False

    def say(self, line: bytes) -> str | None:
        """Say a line, all of it or nothing; what is wrong, or None. A host that does not read makes nobody wait."""
        try:
            if self._descriptor is None:
                path = self._path or find_port()
                if path is None:
                    return f"there is no virtio port {PORT_NAME}: the host has this guest no GPUs, or is older"
                self._descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            content = (b"\n" if self._torn else b"") + line + b"\n"
            self._torn = os.write(self._descriptor, content) < len(content)
        except BlockingIOError:
            return None  # nobody reads at the moment
        except OSError as error:
            self._close()
            return f"the virtio port cannot be written to: {error}"
        return None

    def _close(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
        self._descriptor, self._torn = None, False


def find_port() -> str | None:
    """The device of our port, or None; udev's links need not be there."""
    try:
        names = sorted(os.listdir(_PORTS))
    except OSError:
        return None
    return next((f"/dev/{name}" for name in names if _is_ours(name)), None)


def _is_ours(name: str) -> bool:
    try:
        with open(os.path.join(_PORTS, name, "name")) as file:
            return file.read().strip() == PORT_NAME
    except OSError:
        return False


def line_of(gpus: list[dict[str, Any]]) -> bytes:
    """The line, of as many GPUs as fit."""
    while True:
        line = json.dumps({"version": 1, "gpus": gpus}, separators=(",", ":")).encode()
        if len(line) < MOST_BYTES - 2:
            return line
        gpus = gpus[:-1]


def main() -> None:
    """Tell, again and again."""
    parser = argparse.ArgumentParser(description="Tells the host what this guest's GPUs say of their work.")
    parser.add_argument("--port", help="the device; by default it is found by its name")
    parser.add_argument("--period", type=float, default=PERIOD_S, help="in seconds, from 5 on")
    parser.add_argument("--print", action="store_true", help="print one line instead, and end")
    parser.add_argument("--look", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.look:
        look()
    looks, port = Looks(), Port(options.port)
    said: str | None = None
    while True:
        gpus, wrong = looks.look()
        if options.print:
            print(line_of(gpus).decode() if gpus is not None else wrong)
            sys.exit(gpus is None)
        if gpus is not None:
            wrong = port.say(line_of(gpus))
        if wrong != said and wrong is not None:
            print(f"{wrong}; this is tried again", file=sys.stderr, flush=True)
        said = wrong
        time.sleep(max(5.0, options.period))


if __name__ == "__main__":
    main()
