"""What a host agent and the control plane say to each other, version 1.

The agent always asks. One exchange, `sync`, carries everything that repeats: the agent says which revision of its
assignments it knows and what came of them, the control plane answers with what is newer. What an assignment asks for
and what a report says of it are documents of `pextra.drivers.documents`; here they are opaque. What was uploaded of an
image that is assigned comes from `content_path`, from any byte on (`Range`, `If-Range`).

Within version 1 messages grow only by optional fields; both sides ignore fields that they do not know.
`docs/agent-protocol.json` is its schema, and a recorded conversation is held by `tests/agent/protocol`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

VERSION: Final = 1
PREFIX: Final = "/agent/v1"

MOST_REPORTS: Final = 100
"""How many reports one exchange may carry."""
MOST_ASSIGNMENTS: Final = 100
"""How many assignments one answer carries at most."""
MOST_STRANGERS: Final = 1000
MOST_SAMPLES: Final = 1000
"""How many guests' samples one exchange carries at most."""
MOST_GPU_SAMPLES: Final = 64
"""How many GPUs' samples one exchange carries at most."""
MOST_DEVICES: Final = 64
"""Of how many disks, and of how many cards, one sample tells at most."""
MOST_DIVISIONS: Final = 64
LONGEST_PEM: Final = 16_384


def content_path(image_uid: str) -> str:
    """Where the content of an uploaded image is, for agents of hosts that are assigned what needs it."""
    return f"{PREFIX}/images/{image_uid}/content"


def images_of(document: dict[str, Any]) -> set[str]:
    """The images that an assignment's document names as what something is made from, by their uids."""
    named = (document.get(name) for name in ("image", "rescue_image"))
    return {image["uid"] for image in named if image is not None}


Uid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Pem = Annotated[str, Field(max_length=LONGEST_PEM)]


class Message(BaseModel):
    """Base of every message."""

    model_config = ConfigDict(extra="ignore", use_attribute_docstrings=True)


class JoinRequest(Message):
    """`POST /join`, without a certificate: become the agent of a host."""

    token: Annotated[str, Field(max_length=200, repr=False)]
    """The join token."""
    csr: Pem
    """A certificate signing request, PEM; its names are ignored."""


class Certificate(Message):
    """The answer to `POST /join` and to `POST /certificate`."""

    host: str
    """The host's name."""
    host_uid: Uid
    """The host's uid."""
    certificate: Pem
    """The agent's certificate, PEM."""
    authority: Pem
    """The certificate that signed it and the control plane's own, PEM."""
    renew_after_s: Annotated[float, Field(gt=0)]
    """When to ask for the next one."""


class CertificateRequest(Message):
    """`POST /certificate`: renew the certificate that this request is made with."""

    csr: Pem
    """A certificate signing request, PEM."""


class Assignment(Message):
    """One thing that the agent is to make true, or to take away."""

    kind: Literal["guest", "volume", "image", "act", "bgp_peer"]
    """What it is; `bgp_peer` only where the inventory says that something speaks BGP."""
    uid: Uid
    """The uid of the object that it is made for."""
    tenant_uid: Uid
    """Whose it is."""
    revision: Annotated[int, Field(ge=1)]
    """The host's revision at which it last changed."""
    removed: bool = False
    """It is to be taken away."""
    document: dict[str, Any] = {}
    """What is desired."""
    secrets: dict[str, str] = Field(default={}, repr=False)
    """The secrets that it needs, by path."""


class Report(Message):
    """What came of an assignment."""

    uid: Uid
    """The assignment's uid."""
    revision: Annotated[int, Field(ge=1)]
    """The revision that was looked at."""
    gone: bool = False
    """It was taken away, as the assignment asks; `content` says nothing."""
    content: dict[str, Any] = {}
    """A document of `pextra.drivers.documents.Report`."""


Counter = Annotated[int, Field(ge=0, le=2**63 - 1)]


class DiskSample(Message):
    """What a guest did with one disk since it was started."""

    volume_uid: Annotated[str, Field(max_length=63)]
    """The volume's uid; the root disk's is the instance's own."""
    read_bytes: Counter = 0
    """Bytes read."""
    read_operations: Counter = 0
    """Requests to read."""
    written_bytes: Counter = 0
    """Bytes written."""
    write_operations: Counter = 0
    """Requests to write."""


class CardSample(Message):
    """What went through one network card since the guest was started, as the guest sees it."""

    card: Annotated[int, Field(ge=0, le=63)]
    """Which of the instance's cards, counted from 0."""
    received_bytes: Counter = 0
    """Bytes received."""
    received_packets: Counter = 0
    """Packets received."""
    sent_bytes: Counter = 0
    """Bytes sent."""
    sent_packets: Counter = 0
    """Packets sent."""


class GuestSample(Message):
    """What a running guest has counted since it was started."""

    uid: Uid
    """The guest's uid."""
    cpu_ns: Counter = 0
    """Time that it spent on processors."""
    memory_mib: Counter = 0
    """Memory that it may use."""
    resident_mib: Counter = 0
    """What the host's memory holds of it."""
    disks: Annotated[list[DiskSample], Field(max_length=MOST_DEVICES)] = []
    """Its disks."""
    cards: Annotated[list[CardSample], Field(max_length=MOST_DEVICES)] = []
    """Its network cards, as far as the host can count."""

    def counters(self) -> dict[str, Any]:
        """All but whose they are, as it is kept."""
        return self.model_dump(mode="json", exclude={"uid"})


Count = Annotated[int, Field(ge=0, le=2**63 - 1)] | None


class GpuSample(Message):
    """What a GPU of the host said of its work; absent: it does not say, as those that guests have."""

    address: Annotated[str, Field(max_length=31)]
    """The GPU's PCI address."""
    utilization_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    """In how much of the last moments it worked on something."""
    memory_used_mib: Count = None
    """What is in use of its own memory."""
    memory_mib: Count = None
    """All of that."""
    power_mw: Count = None
    """What it draws."""
    temperature_c: Annotated[int, Field(ge=0, le=300)] | None = None
    """Of its processor."""
    ecc_corrected: Count = None
    """Memory errors that were corrected since its driver was loaded."""
    ecc_uncorrected: Count = None
    """Those that could not be."""
    nvlink_sent_kib: Count = None
    """Through all of its NVLinks since they were reset."""
    nvlink_received_kib: Count = None
    """See `nvlink_sent_kib`."""


class GuestGpuSample(GpuSample):
    """What a guest says of a GPU that it has whole. It is the guest's word, which the agent has cut to bounds."""

    guest_uid: Uid
    """Which guest says so."""


class SyncRequest(Message):
    """`POST /sync`: the exchange that repeats."""

    boot_id: Annotated[str, Field(max_length=63)]
    """The host's boot id."""
    version: Annotated[str, Field(max_length=63)]
    """The agent's version."""
    revision: Annotated[int, Field(ge=0)] = 0
    """The newest revision that the agent knows; 0 after its start."""
    exchange: Annotated[int, Field(ge=0)] | None = None
    """The number of the last exchange that was taken, as far as the agent knows; 0 after its start.

    Of a request that names another one nothing is taken: it was overtaken on its way, or its answer was lost."""
    reports: Annotated[list[Report], Field(max_length=MOST_REPORTS)] = []
    """What is new."""
    strangers: Annotated[list[Uid], Field(max_length=MOST_STRANGERS)] = []
    """What the host has and the agent knows no assignment for."""
    inventory: dict[str, Any] | None = None
    """What the host has, when it changed: `pextra.drivers.documents.Inventory`."""
    samples: Annotated[list[GuestSample], Field(max_length=MOST_SAMPLES)] | None = None
    """What every guest that runs has counted, when it is time to tell: see `sample_s` of the answer."""
    gpu_samples: Annotated[list[GpuSample], Field(max_length=MOST_GPU_SAMPLES)] = []
    """What the host's GPUs said, together with `samples`."""
    guest_gpu_samples: Annotated[list[GuestGpuSample], Field(max_length=MOST_GPU_SAMPLES)] = []
    """What guests said of those that they have, which the host cannot ask, together with `samples`."""


class Division(Message):
    """How many virtual functions some of the host's PCI devices are to have; one of the first three names them."""

    address: Annotated[str, Field(max_length=20)] = ""
    """Of one device."""
    device: Annotated[str, Field(max_length=9)] = ""
    """Vendor and device, `8086:1572`: all like it."""
    model: Annotated[str, Field(max_length=63)] = ""
    """All GPUs of this model."""
    functions: Annotated[int, Field(ge=0)] = 0
    """How many; 0: the device is to be whole."""


class HostSettings(Message):
    """What the host itself is to be like."""

    sriov: Annotated[list[Division], Field(max_length=MOST_DIVISIONS)] = []
    """How its devices are to be divided, of which the first that names a device counts; others stay as they are."""


class SyncAnswer(Message):
    """The answer to `POST /sync`."""

    revision: Annotated[int, Field(ge=0)]
    """The newest revision among `assignments`, or the one that the agent knows."""
    assignments: Annotated[list[Assignment], Field(max_length=MOST_ASSIGNMENTS)] = []
    """What is newer, in the order of its revisions."""
    more: bool = False
    """There is more: ask again at once."""
    exchange: Annotated[int, Field(ge=0)] | None = None
    """The number of the last exchange that was taken; absent when it is the one that the agent named."""
    refused: bool = False
    """Nothing of the request was taken, for it named another exchange than the last: say it again."""
    remove: list[Uid] = []
    """Those of the strangers that are nobody's on this host."""
    poll_s: Annotated[float, Field(gt=0)]
    """When to ask again, if nothing happens before."""

    relay: Annotated[str, Field(max_length=300)] | None = None
    """Where the relay answers, `wss://…`; None: there is none."""
    sample_s: Annotated[float, Field(gt=0)] | None = None
    """How often samples are wanted; None: never."""
    settings: HostSettings | None = None
    """What the host is to be like, when that is newer than the revision that the agent knows."""


# --- the relay: a websocket that the agent holds open at `RELAY`, and one for each stream at `STREAMS` and its id ---

RELAY: Final = f"{PREFIX}/relay"
STREAMS: Final = f"{RELAY}/streams/"
LONGEST_ORDER: Final = 65_536
"""How many characters one message of the relay may have."""
MOST_STREAM_BYTES: Final = 65_536
"""How many bytes one message of a stream may have."""

StreamId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Device = Literal["serial", "display"]


class Wake(Message):
    """There is something new: sync at once."""

    revision: Annotated[int, Field(ge=0)]
    """The host's newest revision."""


class OpenStream(Message):
    """Connect to a guest's console, and open the stream of that id; what the two say is passed on unchanged."""

    stream: StreamId
    """The stream's id, which is good once."""
    guest_uid: Uid
    """Whose console."""
    device: Device
    """Which one."""


class Order(Message):
    """What the relay says to the agent: one of its fields."""

    wake: Wake | None = None
    """See there."""
    open: OpenStream | None = None
    """See there."""


class StreamFailed(Message):
    """A stream cannot be opened."""

    stream: StreamId
    """The stream's id."""
    message: Annotated[str, Field(max_length=1000)]
    """Why not."""


class Note(Message):
    """What the agent says to the relay: one of its fields."""

    failed: StreamFailed | None = None
    """See there."""


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of every message, by its name."""
    messages: tuple[type[Message], ...] = (
        JoinRequest, CertificateRequest, Certificate, SyncRequest, SyncAnswer, Order, Note,
    )  # fmt: skip
    return {message.__name__: message.model_json_schema() for message in messages}
