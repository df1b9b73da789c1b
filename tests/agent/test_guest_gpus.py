"""What guests say of their GPUs, who may say anything: nothing of it is believed but what may be, of what they have."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pextra.agent.gpus import guests
from pextra.agent.gpus.guest_lines import LONGEST_LINE, Lines, read_line
from pextra.agent.gpus.guests import FRESH_S, MOST_BYTES, MOST_CHANNELS, GuestGpus, GuestReading, matched
from pextra.agent_protocol import GuestGpuSample
from pextra.drivers.gpu.interface import MOST_GPUS, Gpu, GpuReading
from pextra.drivers.interface import GpuChannel
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.world import SimWorld
from tests.store.clock import ManualClock

FIRST, SECOND, OTHERS = "0000:1b:00.0", "0000:43:00.0", "0000:c1:00.0"
GPUS = {
    address: Gpu(address, "10de", "2330", "h100", "H100", uuid=uuid, memory_mib=81_559)
    for address, uuid in ((FIRST, "GPU-1"), (SECOND, None), (OTHERS, "GPU-3"))
}
PATHS = {"0000:00/02.0/00.0": FIRST, "0000:fa/00.0/00.0": SECOND, "0000:00/03.0/00.0": OTHERS}
SAID = {
    "utilization_percent": 93, "memory_used_mib": 1024, "memory_mib": 81_559, "power_mw": 612_500,
    "temperature_c": 71, "ecc_corrected": 3, "ecc_uncorrected": 0, "nvlink_sent_kib": 2048, "nvlink_received_kib": 9,
}  # fmt: skip


def channel(uid: str = "guest-1", addresses: Sequence[str] = (FIRST, SECOND)) -> GpuChannel:
    return GpuChannel(uid, Path(f"/run/{uid}.sock"), frozenset(addresses), PATHS)


def line(*gpus: Mapping[str, Any]) -> bytes:
    return json.dumps({"version": 1, "gpus": gpus}).encode()


def taken(*gpus: Mapping[str, Any]) -> dict[str, GpuReading]:
    """What is taken of what a guest says that has the first two, by the host's address."""
    return {reading.address: reading for reading in matched(read_line(line(*gpus)), channel(), GPUS)}


# --- lines ---

NUMBERS = st.one_of(st.integers(), st.floats(), st.text(max_size=5), st.none(), st.booleans(), st.just(10**400))
GPU_LIKE = st.dictionaries(
    st.sampled_from([*SAID, "uuid", "path", "address"]),
    st.one_of(NUMBERS, st.sampled_from(["GPU-1", "GPU-3", *PATHS]), st.lists(NUMBERS, max_size=2)),
)
LINES = st.one_of(
    st.binary(max_size=200),
    st.lists(st.one_of(GPU_LIKE, NUMBERS), max_size=MOST_GPUS + 3).map(
        lambda gpus: json.dumps({"gpus": gpus}).encode()
    ),
    st.sampled_from([b"[" * LONGEST_LINE, b'{"gpus":' * 4000, b'{"gpus":[{"power_mw":NaN}]}', b"9" * 20_000, b"\xff"]),
)


@given(LINES)
def test_of_whatever_a_guest_sends_nothing_is_taken_that_the_control_plane_would_not(sent: bytes) -> None:
    readings = matched(read_line(sent), channel(), GPUS)
    assert {reading.address for reading in readings} <= {FIRST, SECOND}
    assert len({reading.address for reading in readings}) == len(readings)
    for reading in readings:
        said = GuestGpuSample(guest_uid="0193a1b2-0000-7000-8000-0000000000aa", **asdict(reading))
        assert GuestGpuSample.model_validate_json(said.model_dump_json()) == said
        assert (reading.memory_used_mib or 0) <= 81_559
        assert reading.memory_mib == 81_559
        assert (reading.temperature_c or 0) <= 150


@given(st.lists(st.one_of(st.binary(max_size=40), st.just(b"x" * (LONGEST_LINE + 1)), st.just(b"\n")), max_size=12))
def test_the_last_whole_line_is_heard_however_it_arrives_and_little_is_kept(chunks: list[bytes]) -> None:
    lines, before = Lines(), b""
    for chunk in chunks:
        heard = lines.last_of(chunk)
        before += chunk
        last = before.rpartition(b"\n")[0].rpartition(b"\n")[2] if b"\n" in chunk else None
        assert heard == (last if last is not None and len(last) <= LONGEST_LINE else None)
        assert len(lines._begun) <= LONGEST_LINE


def test_what_cannot_be_is_as_if_it_had_not_been_said() -> None:
    absurd: dict[str, Any] = {
        "utilization_percent": 101, "memory_used_mib": 90_000, "memory_mib": 1 << 40, "power_mw": -1,
        "temperature_c": 10**9, "ecc_corrected": True, "ecc_uncorrected": 1.5, "nvlink_sent_kib": "7",
        "nvlink_received_kib": 1 << 63,
    }  # fmt: skip
    assert taken({"uuid": "GPU-1", **absurd}) == {FIRST: GpuReading(FIRST, memory_mib=81_559)}


# --- matching ---


def test_a_gpu_is_known_by_what_it_was_called_or_else_by_its_place_in_the_guest() -> None:
    by_uuid = {"uuid": "GPU-1", "path": "0000:99/00.0", **SAID}
    by_place = {"uuid": "GPU-2", "path": "0000:fa/00.0/00.0", "power_mw": 7}
    assert taken(by_uuid, by_place) == {
        FIRST: GpuReading(FIRST, **SAID),
        SECOND: GpuReading(SECOND, memory_mib=81_559, power_mw=7),
    }


@pytest.mark.parametrize(
    "gpu", [{"uuid": "GPU-3"}, {"path": "0000:00/1f.0"}, {"path": "0000:00/03.0/00.0"}, {"address": FIRST}, {}], ids=str
)
def test_a_guest_says_nothing_of_what_it_does_not_have(gpu: dict[str, Any]) -> None:
    assert taken({**gpu, **SAID}) == {}


def test_of_a_gpu_that_is_told_twice_the_first_counts() -> None:
    first, again = {"uuid": "GPU-1", "power_mw": 1}, {"path": "0000:00/02.0/00.0", "power_mw": 2}
    assert taken(first, again)[FIRST].power_mw == 1


# --- sockets ---


class Guests(SimCompute):
    """A host's guests that have channels, and the far ends of those, which QEMU has."""

    def __init__(self, *channels: GpuChannel) -> None:
        super().__init__(SimWorld(), "host")
        self.channels = channels
        self.ends: dict[str, socket.socket] = {}

    def observe_gpu_channels(self) -> Sequence[GpuChannel]:
        return self.channels

    def connect(self, path: Path) -> socket.socket:
        if path.stem in self.ends:
            self.ends[path.stem].close()
        ours, self.ends[path.stem] = socket.socketpair()
        self.ends[path.stem].setblocking(False)
        return ours


@pytest.fixture
def compute() -> Iterator[Guests]:
    made = Guests(channel())
    yield made
    for end in made.ends.values():
        end.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def listening(compute: Guests, clock: ManualClock) -> Iterator[GuestGpus]:
    made = GuestGpus(compute, clock, connect=compute.connect)
    made.know(GPUS.values())
    made.listen()
    yield made
    made.close()


def told(listening: GuestGpus) -> dict[str, int | None]:
    return {each.reading.address: each.reading.power_mw for each in listening.readings()}


def test_what_a_guest_says_is_told_with_its_name_until_it_is_old(
    compute: Guests, listening: GuestGpus, clock: ManualClock
) -> None:
    compute.ends["guest-1"].sendall(b'of": a line}\n' + line({"uuid": "GPU-1", **SAID}) + b"\n" + b'{"the next')
    listening.listen()
    assert listening.readings() == (GuestReading("guest-1", GpuReading(FIRST, **SAID)),)
    clock.advance(FRESH_S)
    listening.listen()
    assert told(listening) == {FIRST: 612_500}
    clock.advance(1)
    assert told(listening) == {}


def test_a_guest_that_sends_without_end_costs_one_bounded_piece_a_look_and_waits(
    compute: Guests, listening: GuestGpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []
    monkeypatch.setattr(guests, "read_line", lambda line: read.append(line) or [])
    end = compute.ends["guest-1"]
    sent = 0
    flood = (line({"uuid": "GPU-1"}) + b"\n") * 1000
    for _ in range(3):
        with suppress(BlockingIOError):
            while True:
                sent += end.send(flood)
        before = len(read)
        listening.listen()
        assert len(read) == before + 1
    unread = 0
    listening._heard["guest-1"].socket.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            unread += len(listening._heard["guest-1"].socket.recv(1 << 20))
    assert sent - unread <= 3 * MOST_BYTES


def test_a_guest_that_says_nothing_or_no_end_of_a_line_keeps_no_other_from_being_heard(
    compute: Guests, listening: GuestGpus
) -> None:
    compute.channels = (channel("guest-0", [OTHERS]), channel("guest-1"), channel("guest-2", [SECOND]))
    listening.listen()
    compute.ends["guest-0"].send(b"x" * 100_000)
    compute.ends["guest-1"].sendall(line({"uuid": "GPU-1", "power_mw": 5}) + b"\n")
    for _ in range(3):
        listening.listen()
    assert told(listening) == {FIRST: 5}


def test_a_guest_that_ends_is_told_of_no_more_and_heard_again_when_it_is_back(
    compute: Guests, listening: GuestGpus
) -> None:
    compute.ends["guest-1"].sendall(line({"uuid": "GPU-1", "power_mw": 5}) + b"\n")
    listening.listen()
    assert told(listening) == {FIRST: 5}
    compute.ends["guest-1"].close()
    listening.listen()
    assert told(listening) == {}
    listening.listen()
    compute.ends["guest-1"].sendall(line({"uuid": "GPU-1", "power_mw": 6}) + b"\n")
    listening.listen()
    assert told(listening) == {FIRST: 6}
    compute.channels = ()
    listening.listen()
    assert told(listening) == {}
    assert compute.ends["guest-1"].recv(1) == b""  # it is let go of


def test_a_guest_has_what_it_runs_with_and_no_more(compute: Guests, listening: GuestGpus) -> None:
    compute.channels = (channel(addresses=[SECOND]),)
    compute.ends["guest-1"].sendall(line({"uuid": "GPU-1", "power_mw": 5}) + b"\n")
    listening.listen()
    assert told(listening) == {}


def test_no_more_guests_are_listened_to_than_a_host_has_gpus_for(compute: Guests, listening: GuestGpus) -> None:
    compute.channels = tuple(channel(f"guest-{number:03}") for number in range(MOST_CHANNELS + 5))
    listening.listen()
    assert len(listening._heard) == MOST_CHANNELS
