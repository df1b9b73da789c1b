"""The reporter that runs in guests: what it says, and that it goes on whatever is missing, hangs or does not read."""

from __future__ import annotations

import ast
import base64
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pextra.agent.gpus.guest_lines import LONGEST_LINE, read_line
from pextra.drivers.gpu.interface import GpuReading
from pextra.drivers.gpu.sim import SimGpus
from pextra_client import guest
from pextra_client.guest import gpu_reporter
from tests.labs.nvml.machine import FakeMachine
from tests.labs.waiting import wait_until

WORK = ["load 93", "used 1024", "power 612500", "heat 71", "corrected 3", "ecc 1 9", "traffic 2048 4096"]
SAID = GpuReading("", 93, 1024, 81_559, 612_500, 71, 3, 1, 2048, 4096)


@pytest.fixture
def reporter(tmp_path: Path) -> Path:
    """The program as a guest has it."""
    path = tmp_path / "pextra-gpu-reporter"
    path.write_text(guest.program())
    return path


def printed(reporter: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(reporter), "--print"],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@contextmanager
def running(reporter: Path, environment: dict[str, str], *arguments: str) -> Iterator[Path]:
    """The reporter as a service; where it writes what it says to the administrator."""
    said = reporter.with_suffix(".log")
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", str(reporter), "--period", "5", *arguments], env=environment, stderr=log
        )
        try:
            yield said
            assert process.poll() is None, said.read_text()
        finally:
            process.kill()
            process.wait(10)


@pytest.fixture
def gpus(machine: FakeMachine) -> list[str]:
    """The UUIDs of GPUs that a library of the guest's shows."""
    found = SimGpus("guest", model="h100-80gb-hbm3", count=2, cells=1, cpus=8).observe_gpus().gpus
    found = [replace(gpu, memory_mib=81_559) for gpu in found]
    machine.have(found, more={found[0].address: WORK})
    return [str(gpu.uuid) for gpu in found]


def test_it_says_what_the_host_would_read_of_the_same_library(
    reporter: Path, machine: FakeMachine, gpus: list[str]
) -> None:
    done = printed(reporter, machine.environment())
    assert done.returncode == 0, done.stderr
    first, second = read_line(done.stdout.strip().encode())
    assert (first.uuid, first.reading) == (gpus[0], SAID)
    idle = GpuReading("", memory_used_mib=0, memory_mib=81_559, ecc_corrected=0, ecc_uncorrected=0)
    assert (second.uuid, second.reading) == (gpus[1], idle)


def test_a_guest_without_the_library_says_so(reporter: Path) -> None:
    done = printed(reporter, {"PATH": os.environ["PATH"]})
    assert done.returncode == 1
    assert "libnvidia-ml.so.1" in done.stdout


def test_a_driver_that_hangs_costs_the_look_alone(reporter: Path, machine: FakeMachine) -> None:
    machine.say("init hang\n")
    reporter.write_text(guest.program().replace("LOOK_S = 20.0", "LOOK_S = 0.5"))
    with running(reporter, machine.environment(), "--port", str(reporter.with_suffix(".port"))) as log:
        wait_until(lambda: "did not answer within 0.5 s" in log.read_text(), 30, "the look to be given up")


def test_a_guest_without_the_port_says_so_once_and_finds_it_when_it_comes(
    reporter: Path, machine: FakeMachine, gpus: list[str]
) -> None:
    port = reporter.with_suffix(".port")
    with running(reporter, machine.environment(), "--port", str(port)) as log:
        wait_until(lambda: "No such file" in log.read_text(), 30, "the complaint")
        os.mkfifo(port)
        reading = os.open(port, os.O_RDONLY | os.O_NONBLOCK)
        try:
            received = bytearray()
            wait_until(lambda: received.extend(_read(reading)) or b"\n" in received, 30, "a line")
        finally:
            os.close(reading)
        assert log.read_text().count("No such file") == 1
    assert [claim.uuid for claim in read_line(bytes(received).splitlines()[0])] == gpus


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except BlockingIOError:
        return b""


def test_a_host_that_does_not_read_makes_nobody_wait_and_hears_whole_lines_again(tmp_path: Path) -> None:
    path = tmp_path / "port"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    port = gpu_reporter.Port(str(path))
    line = gpu_reporter.line_of([{"uuid": "GPU-1", "power_mw": 5, "filler": "x" * 20_000}])
    try:
        for _ in range(50):  # many times what the pipe holds
            assert port.say(line) is None
        received = b""
        while piece := _read(reading):
            received += piece
        assert port.say(line) is None
        received = _read(reading)
    finally:
        port._close()
        os.close(reading)
    assert [claim.uuid for claim in read_line(received.splitlines()[-1])] == ["GPU-1"]


def test_a_line_is_no_longer_than_the_host_reads() -> None:
    many: list[dict[str, Any]] = [{"uuid": f"GPU-{number}", "path": "x" * 1000} for number in range(64)]
    line = gpu_reporter.line_of(many)
    assert len(line) + 2 <= min(LONGEST_LINE, gpu_reporter.MOST_BYTES)
    assert len(json.loads(line)["gpus"]) > 20


def test_it_is_one_file_of_the_standard_library_that_python_3_9_reads() -> None:
    tree = ast.parse(guest.program(), feature_version=(3, 9))
    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names | {"__future__"}


def test_the_user_data_holds_the_program_and_a_unit_that_runs_it() -> None:
    document = yaml.safe_load(guest.user_data())
    written = {
        each["path"]: gzip.decompress(base64.b64decode(each["content"])).decode() for each in document["write_files"]
    }
    assert written[guest.PROGRAM] == guest.program()
    unit = written[f"/etc/systemd/system/{guest.UNIT}"]
    assert f" {guest.PROGRAM}\n" in unit
    assert document["runcmd"][-1].endswith(guest.UNIT)
    assert len(guest.user_data()) < 16_384
