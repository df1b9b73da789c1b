"""Server processes that outlive the test process which started them.

A shared server is started by whichever test process needs it first and stopped by another one, so a
process is known by its pid together with the lab's directory on its command line: a pid that was reused
by a stranger is never signalled. Linux only (`/proc`).
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.labs.waiting import wait_until

# A Popen that is collected while its process runs warns, and only a parent can reap its children.
_children: dict[int, subprocess.Popen[bytes]] = {}


def spawn(argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> int:
    """Starts a server in a session of its own, so that Ctrl-C at a terminal ends the tests first.

    Args:
        argv: the command; the lab's directory should be on it (see `is_running`).
        log: receives standard output and error, appended.
        env: the whole environment; this process's by default.

    Returns:
        The pid.

    Raises:
        FileNotFoundError: there is no such program.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv,
            cwd="/",  # the tests' own folder may be closed to the user whom the server runs as
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[process.pid] = process
    return process.pid


def is_running(pid: int, directory: Path) -> bool:
    """Whether `pid` is a live process with `directory` on its command line.

    While a process turns into its program (exec) its command line is empty: ask only about one that has
    shown to be up, and `has_ended` about one that was just started.
    """
    try:
        # A zombie's command line is empty.
        return os.fsencode(directory) in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def has_ended(pid: int) -> bool:
    """Whether a process is gone; a zombie is, once the last of its threads has let go of their files."""
    return _parent_of(pid) is None


def children_of(pid: int) -> list[int]:
    """The pids of a process's live children."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [child for child in pids if _parent_of(child) == pid]


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    """Sends a signal to each process that is still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def wait_gone(pids: Iterable[int], timeout_s: float) -> None:
    """Waits until none of the processes runs; one that ended and was not reaped counts as gone.

    Raises:
        TimeoutError: one of them still runs.
    """
    awaited = list(pids)
    wait_until(lambda: all(has_ended(pid) for pid in awaited), timeout_s, f"the end of processes {awaited}")
    for pid in awaited:
        if child := _children.pop(pid, None):
            child.wait()


def _parent_of(pid: int) -> int | None:
    """The parent of a live process; None for one that is gone or a zombie."""
    process = Path(f"/proc/{pid}")
    try:
        # pid (name) state parent …; the name may hold anything, spaces and parentheses too.
        state, parent = (process / "stat").read_text().rpartition(")")[2].split()[:2]
        threads = sum(1 for _ in (process / "task").iterdir())
    except OSError:
        return None
    return None if state in "ZX" and threads <= 1 else int(parent)
