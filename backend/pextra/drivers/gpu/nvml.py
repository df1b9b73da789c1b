"""NVIDIA's management library, through its Python binding: what it knows of each GPU.

Its calls may block for good in the kernel: whatever must go on uses `nvml_process`. While it is open the kernel keeps
the GPUs with NVIDIA's driver, and taking one away from it to give it to a guest waits: so it is not kept open.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import byref, c_uint
from importlib import import_module
from types import TracebackType
from typing import Any, Final, Self, cast

from pextra.drivers.gpu.health import MemoryErrors, health_of_memory
from pextra.drivers.gpu.interface import (
    MOST_GPUS,
    MOST_PROFILES,
    MOST_VGPU_TYPES,
    NVSWITCH,
    Gpu,
    GpuReading,
    Health,
    HealthState,
    Link,
    Mig,
    MigInstance,
    MigProfile,
    VgpuType,
)
from pextra.drivers.gpu.naming import canonical_address, cpu_list, model_of, product_name, unnamed_model
from pextra.drivers.gpu.products import MIG_SHAPES, NVIDIA
from pextra.drivers.gpu.vgpu_types import type_name

UNKNOWN_PEER: Final = "unknown"
_ABSENT: Final = {
    9: "NVIDIA's driver is not loaded",
    12: "NVIDIA's library is not installed",
}
_INVALID: Final = 2
_NOT_SUPPORTED: Final = 3
_FUNCTION_NOT_FOUND: Final = 13
_LOST: Final = 15
_RESET_REQUIRED: Final = 16
_AFFINITY_WORDS: Final = 64  # of 64 threads, or NUMA cells, each
_SEVEN_SLICES: Final = 4  # the library's number of the profile that is a whole GPU of seven slices
_MIB: Final = 1 << 20
_ALL_LINKS: Final = 0xFFFF_FFFF
_MOST_MIB: Final = 1 << 30
_MOST_MW: Final = 100_000_000
_MOST_C: Final = 300
_MOST_COUNTED: Final = (1 << 63) - 1


class NvmlAbsent(Exception):
    """There is no NVIDIA here, or nothing to ask it with; the message says which."""


class NvmlFailed(Exception):
    """The library is there and does not work; the message says what it says."""


class Nvml:
    """The library, opened for a while.

    Raises:
        NvmlAbsent: there is none, or no driver.
        NvmlFailed: it could not be opened.
    """

    def __init__(self) -> None:
        try:
            self._library = cast(Any, import_module("pynvml"))
        except ImportError as error:
            raise NvmlAbsent("the Python package nvidia-ml-py is not installed (it is in `pextra[gpu]`)") from error

    def __enter__(self) -> Self:
        try:
            self._library.nvmlInit()
        except self._library.NVMLError as error:
            code = _code(error)
            if code in _ABSENT:
                raise NvmlAbsent(_ABSENT[code]) from error
            raise NvmlFailed(f"NVIDIA's library cannot be opened: {error}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._library.nvmlShutdown()

    def gpus(self) -> tuple[Gpu, ...]:
        """What the library knows of each GPU; what the kernel knows better is left out. Ordered by address.

        What a GPU, a driver or a permission does not give is None or empty.

        Raises:
            NvmlFailed: it does not even say how many there are.
        """
        return tuple(sorted((device.facts() for device in self._devices()), key=lambda gpu: gpu.address))

    def readings(self) -> tuple[GpuReading, ...]:
        """What each GPU says of its work, ordered by address.

        Raises:
            NvmlFailed: as `gpus`.
        """
        return tuple(sorted((device.reading() for device in self._devices()), key=lambda each: each.address))

    def _devices(self) -> list[_Device]:
        try:
            count: int = self._library.nvmlDeviceGetCount()
        except self._library.NVMLError as error:
            raise NvmlFailed(f"NVIDIA's library does not say how many GPUs there are: {error}") from error
        opened = (_Device.open(self._library, index) for index in range(min(count, MOST_GPUS)))
        return [device for device in opened if device is not None]


class _Device:
    """One GPU, as the library shows it."""

    def __init__(self, library: Any, handle: Any, address: str, pci_device: int) -> None:
        self._library = library
        self._handle = handle
        self._address = address
        self._pci_device = pci_device
        self._last_code = 0
        self._gone = 0

    @classmethod
    def open(cls, library: Any, index: int) -> _Device | None:
        """The GPU of that number; None where it cannot even be told which one it is."""
        try:
            handle = library.nvmlDeviceGetHandleByIndex(index)
            pci = library.nvmlDeviceGetPciInfo(handle)
            return cls(library, handle, canonical_address(_text(pci.busId)), int(pci.pciDeviceId))
        except (library.NVMLError, ValueError):
            return None

    def facts(self) -> Gpu:
        """All that it tells."""
        device = f"{self._pci_device >> 16 & 0xFFFF:04x}"
        product = product_name(_text(self._ask("nvmlDeviceGetName") or ""))
        memory = self._ask("nvmlDeviceGetMemoryInfo")
        errors = self._memory_errors()
        mig, vgpu_types = self._mig(), self._vgpu_types()
        return Gpu(
            address=self._address,
            vendor=NVIDIA,
            device=device,
            model=model_of(product) or unnamed_model(NVIDIA, device),
            product=product,
            serial=_text(self._ask("nvmlDeviceGetSerial") or "")[:63] or None,
            uuid=_text(self._ask("nvmlDeviceGetUUID") or "")[:63] or None,
            visible=True,
            memory_mib=None if memory is None else int(memory.total) // _MIB,
            numa_node=self._numa_node(),
            cpu_affinity=self._cpu_affinity(),
            # Zero is what cards say that are on no board.
            module=self._ask("nvmlDeviceGetModuleId") or None,
            links=self._links(),
            mig=mig,
            vgpu_types=vgpu_types,
            health=self._health(errors),
        )

    def reading(self) -> GpuReading:
        """What it says of its work; what no GPU can say is as if it said nothing."""
        library = self._library
        load, memory = self._ask("nvmlDeviceGetUtilizationRates"), self._ask("nvmlDeviceGetMemoryInfo")
        corrected, uncorrected = (
            self._ask("nvmlDeviceGetTotalEccErrors", kind, library.NVML_VOLATILE_ECC)
            for kind in (library.NVML_MEMORY_ERROR_TYPE_CORRECTED, library.NVML_MEMORY_ERROR_TYPE_UNCORRECTED)
        )
        sent, received = self._traffic()
        return GpuReading(
            address=self._address,
            utilization_percent=None if load is None else _within(load.gpu, 100),
            memory_used_mib=None if memory is None else _within(int(memory.used) // _MIB, _MOST_MIB),
            memory_mib=None if memory is None else _within(int(memory.total) // _MIB, _MOST_MIB),
            power_mw=_within(self._ask("nvmlDeviceGetPowerUsage"), _MOST_MW),
            temperature_c=_within(self._ask("nvmlDeviceGetTemperature", library.NVML_TEMPERATURE_GPU), _MOST_C),
            ecc_corrected=_within(corrected, _MOST_COUNTED),
            ecc_uncorrected=_within(uncorrected, _MOST_COUNTED),
            nvlink_sent_kib=_within(sent, _MOST_COUNTED),
            nvlink_received_kib=_within(received, _MOST_COUNTED),
        )

    def _traffic(self) -> tuple[int | None, int | None]:
        """KiB of data that went out and came in by all NVLinks."""
        library = self._library
        fields = (library.NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX, library.NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX)
        values = self._ask("nvmlDeviceGetFieldValues", [(field, _ALL_LINKS) for field in fields])
        if values is None:
            return None, None
        sent, received = (None if int(value.nvmlReturn) else int(value.value.ullVal) for value in values)
        return sent, received

    def _ask(self, function: str, *args: Any) -> Any:
        """What a function answers; None where it does not."""
        call = cast("Callable[..., Any] | None", getattr(self._library, function, None))
        self._last_code = _FUNCTION_NOT_FOUND
        if call is None:
            return None
        try:
            answer = call(self._handle, *args)
        except self._library.NVMLError as error:
            self._last_code = _code(error)
            if self._last_code in {_LOST, _RESET_REQUIRED}:
                self._gone = self._last_code
            return None
        self._last_code = 0
        return answer

    def _numa_node(self) -> int | None:
        words = self._ask("nvmlDeviceGetMemoryAffinity", _AFFINITY_WORDS, 0)
        cells = [] if words is None else _bits(words)
        return cells[0] if len(cells) == 1 else None

    def _cpu_affinity(self) -> str:
        words = self._ask("nvmlDeviceGetCpuAffinity", _AFFINITY_WORDS)
        return "" if words is None else cpu_list(_bits(words))

    def _links(self) -> tuple[Link, ...] | None:
        counts: dict[str, int] = {}
        for number in range(int(self._library.NVML_NVLINK_MAX_LINKS)):
            active = self._ask("nvmlDeviceGetNvLinkState", number)
            if active is None and self._last_code not in {_NOT_SUPPORTED, _INVALID}:
                return None
            if active:
                peer = self._peer(number)
                counts[peer] = counts.get(peer, 0) + 1
        return tuple(Link(peer, count) for peer, count in sorted(counts.items()))

    def _peer(self, link: int) -> str:
        kind = self._ask("nvmlDeviceGetNvLinkRemoteDeviceType", link)
        if kind == self._library.NVML_NVLINK_DEVICE_TYPE_SWITCH:
            return NVSWITCH
        pci = self._ask("nvmlDeviceGetNvLinkRemotePciInfo", link)
        try:
            return UNKNOWN_PEER if pci is None else canonical_address(_text(pci.busId))
        except ValueError:
            return UNKNOWN_PEER

    def _mig(self) -> Mig:
        modes = self._ask("nvmlDeviceGetMigMode")
        if modes is None:
            return Mig()
        offered = [
            (number, info)
            for number in range(int(self._library.NVML_GPU_INSTANCE_PROFILE_COUNT))
            if (info := self._profile(number)) is not None
        ][:MOST_PROFILES]
        slices = max((int(info.sliceCount) for _, info in offered), default=0)
        total_mib = max((int(info.memorySizeMB) for _, info in offered), default=0)
        profiles = tuple(self._described(number, info, slices, total_mib) for number, info in offered)
        names = {int(info.id): profile.name for (_, info), profile in zip(offered, profiles, strict=True)}
        instances = [instance for _, info in offered for instance in self._instances(info, names)]
        return Mig(
            capable=True,
            enabled=bool(modes[0]),
            profiles=profiles,
            instances=tuple(sorted(instances, key=lambda instance: instance.id))[:MOST_PROFILES],
        )

    def _profile(self, number: int) -> Any:
        info = self._ask("nvmlDeviceGetGpuInstanceProfileInfo", number)
        if info is None and self._last_code == _FUNCTION_NOT_FOUND:  # drivers before 470 have the first version alone
            return self._ask("nvmlDeviceGetGpuInstanceProfileInfo", number, 1)
        return info

    def _described(self, number: int, info: Any, slices: int, total_mib: int) -> MigProfile:
        own, memory_mib = int(info.sliceCount), int(info.memorySizeMB)
        shape = MIG_SHAPES.get(number) if slices == MIG_SHAPES[_SEVEN_SLICES].slices else None
        name = _text(getattr(info, "name", "")).removeprefix("MIG ").strip()[:63]
        size, starts = self._placements(int(info.id))
        if not starts:  # which is told only in MIG mode
            size, starts = (own, tuple(range(0, slices, own))) if shape is None else (shape.size, shape.starts)
        if not name:
            whole_gb = round(total_mib / 1024)
            name = f"{own}g.{max(1, round(memory_mib / max(1, total_mib) * whole_gb))}gb{shape.suffix if shape else ''}"
        return MigProfile(name, memory_mib, own, size, starts)

    def _placements(self, profile_id: int) -> tuple[int, tuple[int, ...]]:
        """How many slots an instance takes and where it can begin; nothing where the GPU does not say."""
        count = c_uint(0)
        self._ask("nvmlDeviceGetGpuInstancePossiblePlacements", profile_id, None, byref(count))
        number = min(count.value, MOST_PROFILES)
        if self._last_code or not number:
            return 0, ()
        places = (self._library.c_nvmlGpuInstancePlacement_t * number)()
        count.value = number
        self._ask("nvmlDeviceGetGpuInstancePossiblePlacements", profile_id, places, byref(count))
        if self._last_code:
            return 0, ()
        found = [places[index] for index in range(min(number, count.value))]
        return int(found[0].size), tuple(sorted(int(place.start) for place in found))

    def _instances(self, profile: Any, names: dict[int, str]) -> list[MigInstance]:
        room = max(1, min(int(profile.instanceCount), MOST_PROFILES))
        handles, count = (self._library.c_nvmlGpuInstance_t * room)(), c_uint(room)
        self._ask("nvmlDeviceGetGpuInstances", int(profile.id), handles, byref(count))
        if self._last_code:
            return []
        found: list[MigInstance] = []
        for index in range(min(room, count.value)):
            try:
                info = self._library.nvmlGpuInstanceGetInfo(handles[index])
            except self._library.NVMLError:
                continue  # it went in this moment
            found.append(MigInstance(int(info.id), names.get(int(info.profileId), ""), int(info.placement.start)))
        return found

    def _vgpu_types(self) -> tuple[VgpuType, ...]:
        found: list[VgpuType] = []
        for number in list(self._ask("nvmlDeviceGetSupportedVgpus") or ())[:MOST_VGPU_TYPES]:
            try:
                name = _text(self._library.nvmlVgpuTypeGetName(number))
                memory_mib = int(self._library.nvmlVgpuTypeGetFramebufferSize(number)) // _MIB
            except self._library.NVMLError:
                continue
            most = self._ask("nvmlVgpuTypeGetMaxInstances", number)
            found.append(VgpuType(type_name(name), int(number), memory_mib, 1 if most is None else int(most)))
        return tuple(found)

    def _memory_errors(self) -> MemoryErrors:
        library = self._library
        volatile, aggregate = (
            self._ask("nvmlDeviceGetTotalEccErrors", library.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, counter)
            for counter in (library.NVML_VOLATILE_ECC, library.NVML_AGGREGATE_ECC)
        )
        rows = self._ask("nvmlDeviceGetRemappedRows")
        pages = self._ask("nvmlDeviceGetRetiredPagesPendingStatus")
        return MemoryErrors(
            volatile=volatile,
            aggregate=aggregate,
            pages_pending=None if pages is None else bool(pages),
            rows_pending=None if rows is None else bool(rows[2]),
            rows_failed=None if rows is None else bool(rows[3]),
        )

    def _health(self, errors: MemoryErrors) -> Health:
        if self._gone == _LOST:
            return Health(HealthState.FAILED, ("it does not answer its driver any more: power the host off and on",))
        if self._gone == _RESET_REQUIRED:
            return Health(HealthState.FAILED, ("it wants to be reset before it is used again",))
        return health_of_memory(errors)


def _within(value: int | None, most: int) -> int | None:
    """The value as a whole number, if it is one that can be."""
    return int(value) if value is not None and 0 <= value <= most else None


def _code(error: Exception) -> int:
    return int(cast(Any, error).value)


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _bits(words: Any) -> list[int]:
    """The numbers of the bits that are set, in words of 64."""
    return [64 * index + bit for index, word in enumerate(words) if word for bit in range(64) if int(word) >> bit & 1]
