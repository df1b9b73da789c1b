"""Dividing the devices of simulated hosts: what is declared acts on the boards that they were given."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pextra.drivers.gpu.interface import Gpu, GpuDriver
from pextra.drivers.interface import Permanent
from pextra.drivers.interface.dividing import Divisible
from pextra.drivers.sim.world import SimWorld


class SimDividing:
    """See `DividingDriver`; it refuses what a real host does.

    Args:
        world: remembers how devices are divided.
        host_uid: the host's.
        gpus: tells of the host's GPUs as the world has them divided.
    """

    def __init__(self, world: SimWorld, host_uid: str, gpus: GpuDriver) -> None:
        self._world = world
        self._host_uid = host_uid
        self._gpus = gpus

    def divisible(self) -> Sequence[Divisible]:
        """See `DividingDriver`."""
        return [
            Divisible(gpu.address, f"{gpu.vendor}:{gpu.device}", gpu.vfs.total, gpu.vfs.current)
            for gpu in self._gpus.observe_gpus().gpus
            if gpu.vfs.total
        ]

    def ensure_vfs(self, address: str, count: int, *, spoken_for: Collection[str] = ()) -> tuple[str, ...]:
        """See `DividingDriver`."""
        gpu = self._gpu(address)
        if not 0 <= count <= gpu.vfs.total:
            raise Permanent(
                "VfsUnsupported", f"{address} can have {gpu.vfs.total} virtual functions at most, and not {count}"
            )
        if gpu.vfs.current != count:
            taken = self._world.devices_of_guests(self._host_uid) | set(spoken_for)
            if address in taken:
                raise Permanent("DeviceInUse", f"it is handed out as a whole: delete the guest that has {address}")
            if used := [function.address for function in gpu.vfs.functions if function.address in taken]:
                raise Permanent(
                    "VfsInUse",
                    f"its virtual function {used[0]} is in use (it is handed out), and the number changes only while "
                    f"none is: end the use, or declare the {gpu.vfs.current} that {address} has",
                )
            self._world.divide(self._host_uid, address, count)
        return tuple(function.address for function in self._gpu(address).vfs.functions)

    def _gpu(self, address: str) -> Gpu:
        for gpu in self._gpus.observe_gpus().gpus:
            if gpu.address == address:
                return gpu
        raise Permanent("DeviceLost", f"this host has no PCI function {address}")
