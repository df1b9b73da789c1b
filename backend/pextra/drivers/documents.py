"""What travels between the control plane's loops and a host's agent, as JSON: what is desired, and what came of it.

The dataclasses of the driver contract are the schema: a field is added with a default, and never changes its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from pextra.drivers.convergence import Convergence, DesiredGuest
from pextra.drivers.gpu.interface import MOST_GPUS, Gpu
from pextra.drivers.interface import (
    AgentReport,
    DriverError,
    HostCell,
    HugepagePool,
    ImageObservation,
    ImageSource,
    NotFound,
    Permanent,
    Retryable,
    Unknown,
    VolumeObservation,
    VolumeSource,
)
from pextra.drivers.interface.bgp import BgpPeer, BgpSession
from pextra.drivers.interface.dividing import MOST_DIVIDED, Divided

T = TypeVar("T")

Guest = DesiredGuest
Image = ImageSource


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume that is to be there, and the image that it is made from."""

    volume: VolumeSource
    image: ImageSource | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """An operation that is to be carried out once on a guest."""

    guest_uid: str
    action: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """What a driver could not do."""

    family: str  # a key of `FAMILIES`
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class ActResult:
    """What came of an act."""

    succeeded: bool
    result: dict[str, Any]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an assignment: exactly one of the fields is set, and of a guest perhaps what it says of itself.

    Attributes:
        told: what the agent within the guest said last; None while it is not known.
    """

    failure: Failure | None = None
    guest: Convergence | None = None
    volume: VolumeObservation | None = None
    image: ImageObservation | None = None
    act: ActResult | None = None
    session: BgpSession | None = None
    told: AgentReport | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a host has, before anything is reserved or overcommitted."""

    vcpus: int
    memory_mib: int
    disk_gib: int
    hypervisor: str
    accelerated: bool
    pool: str
    pool_shared: bool
    hardware: dict[str, Any]  # as `pextra.agent.inventory` reads it
    problems: tuple[str, ...] = ()
    dedicated_cpus: tuple[int, ...] = ()
    hugepages: tuple[HugepagePool, ...] = ()
    numa_cells: int = 1
    features: tuple[str, ...] = ()  # those that this version does not know are some newer agent's
    cpu_model: str = ""
    forward_address: str = ""  # the host's own, whose ports can be forwarded to guests; empty: they cannot
    fabric_host: Annotated[str, Field(max_length=128)] | None = None  # see `NetworkCapabilities`
    physical_networks: Annotated[tuple[Annotated[str, Field(max_length=63)], ...], Field(max_length=64)] = ()
    gpus: Annotated[tuple[Gpu, ...], Field(max_length=MOST_GPUS)] = ()
    cells: Annotated[tuple[HostCell, ...], Field(max_length=64)] = ()
    gpu_board: str = ""  # see `pextra.drivers.gpu.boards.recognise`
    sriov: Annotated[tuple[Divided, ...], Field(max_length=MOST_DIVIDED)] | None = None  # None: it divides nothing
    bgp: Annotated[str, Field(max_length=63)] = ""  # what speaks BGP there; empty: nothing, and no peer is assigned


FAMILIES: Final[dict[str, type[DriverError]]] = {
    "retryable": Retryable,
    "permanent": Permanent,
    "not_found": NotFound,
    "unknown": Unknown,
}
_LONGEST_MESSAGE: Final = 2000


@cache
def _adapter(kind: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(kind)


def write(document: object) -> dict[str, Any]:
    """A document as JSON's own types."""
    return _adapter(type(document)).dump_python(document, mode="json")


def read(kind: type[T], written: dict[str, Any]) -> T:
    """The document of that kind.

    Raises:
        ValueError: it is none.
    """
    try:
        return _adapter(kind).validate_python(written, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{kind.__name__}: {place}: {first['msg']}") from error


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of every document, by its name."""
    kinds: tuple[type[Any], ...] = (DesiredGuest, Volume, ImageSource, Act, BgpPeer, Report, Inventory)
    return {kind.__name__: _adapter(kind).json_schema() for kind in kinds}


def failure_of(error: DriverError) -> Failure:
    """A driver's failure as it travels."""
    family = next(name for name, kind in FAMILIES.items() if isinstance(error, kind))
    return Failure(family, error.reason, error.message[:_LONGEST_MESSAGE])


def error_of(failure: Failure) -> DriverError:
    """The failure as a driver raised it; a family that is not known is `Unknown`."""
    return FAMILIES.get(failure.family, Unknown)(failure.reason[:63], failure.message[:_LONGEST_MESSAGE])
