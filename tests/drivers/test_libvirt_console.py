"""The logs of a guest are read by offset, cannot fill the disk, and lead nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pextra.drivers.libvirt import console
from pextra.drivers.libvirt.console import end_of_console, ensure_console, read_console, trim_log
from tests.labs.waiting import wait_until

MIB = 1 << 20


def kept_bytes(log: Path) -> int:
    return log.stat().st_blocks * 512


def test_long_log_loses_its_beginning_and_keeps_its_offsets(tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    ensure_console(log, None)
    with log.open("ab") as file:
        file.write(b"x" * (3 * MIB) + b"the end")
    assert not trim_log(log, None, limit_bytes=4 * MIB)
    assert read_console(log, offset=0, limit=5) == b"xxxxx"
    assert trim_log(log, None, limit_bytes=2 * MIB)
    assert kept_bytes(log) <= 2 * MIB
    assert read_console(log, offset=0, limit=5) == bytes(5)
    assert read_console(log, offset=3 * MIB, limit=100) == b"the end"
    assert end_of_console(log) == 3 * MIB + len("the end")


def test_who_prints_for_ever_keeps_its_log_open_and_never_holds_much_more_than_the_bound(tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    ensure_console(log, None)
    # 100 MB a second, more than a serial line ever carries: what is printed between two looks has a bound
    printing = (
        "import sys, time\nwhile True: sys.stdout.buffer.write(b'all work and no play\\n' * 50_000), time.sleep(0.01)"
    )
    with log.open("ab") as file:
        writer = subprocess.Popen([sys.executable, "-c", printing], stdout=file)
    try:
        seen: list[int] = []

        def long_enough() -> bool:
            trim_log(log, None, limit_bytes=2 * MIB)
            seen.append(kept_bytes(log))
            return end_of_console(log) > 200 * MIB

        wait_until(long_enough, 60, "200 MiB of printing")
    finally:
        writer.kill()
        writer.wait()
    trim_log(log, None, limit_bytes=2 * MIB)
    assert kept_bytes(log) <= 2 * MIB
    assert max(seen) < 150 * MIB
    assert read_console(log, offset=end_of_console(log) - 2000, limit=2000).count(b"all work") > 90


def test_where_there_are_no_holes_the_log_is_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "console.log"
    with log.open("ab", buffering=0) as printing:
        printing.write(b"x" * 3 * MIB)
        (tmp_path / "fallocate").symlink_to("/bin/false")
        monkeypatch.setenv("PATH", str(tmp_path))
        assert trim_log(log, None, limit_bytes=2 * MIB)
        printing.write(b"and on")
    assert log.read_bytes() == b"and on"


def test_a_log_whose_length_nears_what_files_can_have_is_begun_anew(tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    with log.open("ab", buffering=0) as printing:
        os.truncate(log, console.LONGEST_BYTES)
        printing.write(b"x" * 3 * MIB)
        assert trim_log(log, None, limit_bytes=2 * MIB)
        printing.write(b"and on")
    assert log.read_bytes() == b"and on"


def test_link_in_the_place_of_the_log_is_not_followed(tmp_path: Path) -> None:
    secret, log, hard = tmp_path / "secret", tmp_path / "console.log", tmp_path / "hard.log"
    secret.write_bytes(b"not for guests" * MIB)
    log.symlink_to(secret)
    hard.hardlink_to(secret)
    assert read_console(log, offset=0, limit=100) == b""
    assert end_of_console(log) == 0
    assert not trim_log(log, None, limit_bytes=MIB)
    assert not trim_log(hard, None, limit_bytes=MIB)
    assert secret.read_bytes() == b"not for guests" * MIB
