"""The console's log is read by offset and cannot fill the disk."""

from __future__ import annotations

from pathlib import Path

from pextra.drivers.libvirt.console import ensure_console, read_console, trim_console

MIB = 1 << 20


def test_long_log_loses_its_beginning_and_keeps_its_offsets(tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    ensure_console(log, None)
    with log.open("ab") as file:
        file.write(b"x" * (3 * MIB) + b"the end")
    trim_console(log, limit_bytes=4 * MIB)
    assert read_console(log, offset=0, limit=5) == b"xxxxx"
    trim_console(log, limit_bytes=2 * MIB)
    assert log.stat().st_blocks * 512 <= 2 * MIB
    assert read_console(log, offset=0, limit=5) == bytes(5)
    assert read_console(log, offset=3 * MIB, limit=100) == b"the end"


def test_link_in_the_place_of_the_log_is_not_followed(tmp_path: Path) -> None:
    secret, log = tmp_path / "secret", tmp_path / "console.log"
    secret.write_text("not for guests")
    log.symlink_to(secret)
    assert read_console(log, offset=0, limit=100) == b""
