"""Why a guest is off is told from what the driver did and what the host kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from pextra.drivers.interface import StopCause
from pextra.drivers.libvirt.ending import Ending, logged_ending, stop_cause
from pextra.drivers.libvirt.record import History

STARTED = "2026-01-01 00:00:00.000+0000: starting up libvirt version: 9.0.0\n"
POWERED_OFF = STARTED + (
    "2026-01-01T00:01:00.0Z qemu-system-x86_64: terminating on signal 15 from pid 42 (/usr/sbin/libvirtd)\n"
    "2026-01-01 00:01:00.000+0000: shutting down, reason=shutdown\n"
)
KILLED_BY_INIT = STARTED + (
    "2026-01-01T00:01:00.0Z qemu-system-x86_64: terminating on signal 15 from pid 1 (/sbin/init)\n"
    "2026-01-01 00:01:00.000+0000: shutting down, reason=shutdown\n"
)
CRASHED = STARTED + "2026-01-01 00:01:00.000+0000: shutting down, reason=crashed\n"
FORGOTTEN = "2026-01-01 00:02:00.000+0000: shutting down, reason=unknown\n"


@pytest.mark.parametrize(
    ("log", "ending"),
    [
        ("", Ending.UNKNOWN),
        (STARTED, Ending.UNKNOWN),
        (POWERED_OFF, Ending.SHUTDOWN),
        (KILLED_BY_INIT, Ending.BROKEN),
        (CRASHED, Ending.BROKEN),
        (POWERED_OFF + FORGOTTEN, Ending.SHUTDOWN),
        (CRASHED + POWERED_OFF, Ending.SHUTDOWN),
        (POWERED_OFF + STARTED, Ending.UNKNOWN),
        ("x" * 100_000 + "\n" + POWERED_OFF, Ending.SHUTDOWN),
    ],
)
def test_last_run_s_ending_is_read_from_the_log(tmp_path: Path, log: str, ending: Ending) -> None:
    path = tmp_path / "guest.log"
    path.write_text(log)
    assert logged_ending(path) is ending


def test_missing_log_and_link_to_another_file_tell_nothing(tmp_path: Path) -> None:
    assert logged_ending(tmp_path / "none.log") is Ending.UNKNOWN
    real, link = tmp_path / "real.log", tmp_path / "link.log"
    real.write_text(POWERED_OFF)
    link.symlink_to(real)
    assert logged_ending(link) is Ending.UNKNOWN


RAN = History(boots=1, host_boot="now")


@pytest.mark.parametrize(
    ("history", "ending", "cause"),
    [
        (History(), Ending.UNKNOWN, StopCause.NEVER_STARTED),
        (History(boots=1, starting=True, host_boot="now"), Ending.UNKNOWN, StopCause.NEVER_STARTED),
        (RAN, Ending.SHUTDOWN, StopCause.GUEST_SHUTDOWN),
        (RAN, Ending.BROKEN, StopCause.CRASHED),
        (RAN, Ending.UNKNOWN, StopCause.CRASHED),
        (RAN.request_stop(), Ending.SHUTDOWN, StopCause.REQUESTED),
        (RAN.request_stop(), Ending.BROKEN, StopCause.REQUESTED),
        (RAN.begin_reboot("act"), Ending.BROKEN, StopCause.REQUESTED),
        (History(boots=1, host_boot="before"), Ending.BROKEN, StopCause.HOST_LOST),
        (History(boots=1, host_boot="before"), Ending.SHUTDOWN, StopCause.GUEST_SHUTDOWN),
    ],
)
def test_cause_of_being_off(history: History, ending: Ending, cause: StopCause) -> None:
    assert stop_cause(history, ending, host_boot="now") is cause


def test_start_forgets_the_request_to_stop() -> None:
    again = RAN.request_stop().begin_start("now", panicked_boot=0).started()
    assert (again.boots, again.stop_requested) == (2, False)


def test_only_the_latest_reboots_are_remembered() -> None:
    history = History()
    for number in range(40):
        history = history.begin_reboot(str(number))
    assert history.acts[-1] == "39"
    assert len(history.acts) == 16
