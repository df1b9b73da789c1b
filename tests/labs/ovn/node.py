"""One namespace of a lab, and the daemons that run in it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.labs.processes import has_ended, is_running
from tests.labs.waiting import wait_until

_ENVIRONMENT = ("RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR")
_QUICKLY_S = 60


class LabError(Exception):
    """A program of the lab failed; the message is what it said."""


def run(*argv: str, env: dict[str, str] | None = None, lines: Sequence[str] = (), timeout_s: float = _QUICKLY_S) -> str:
    """Run a program and return what it printed.

    Args:
        lines: what it reads from standard input.

    Raises:
        LabError: it failed.
    """
    text = "\n".join(lines) + "\n" if lines else None
    done = subprocess.run(argv, env=env, input=text, text=True, capture_output=True, check=False, timeout=timeout_s)
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Node:
    """A namespace with daemons whose files all lie in one folder.

    Args:
        namespace: its name.
        folder: of its daemons; made by the caller before the first is started.
    """

    def __init__(self, namespace: str, folder: Path) -> None:
        self.namespace = namespace
        self.folder = folder

    @property
    def environment(self) -> dict[str, str]:
        """What has OVN's and Open vSwitch's programs keep to the folder."""
        ours = {f"{suite}_{what}": str(self.folder) for suite in ("OVS", "OVN") for what in _ENVIRONMENT}
        return {**os.environ, "LC_ALL": "C", **ours}

    def entering(self, *argv: str) -> list[str]:
        """The command line that runs a program in the namespace."""
        return ["nsenter", f"--net=/run/netns/{self.namespace}", "--", *argv]

    def run(self, *argv: str, timeout_s: float = _QUICKLY_S) -> str:
        """See `run`, in the namespace."""
        return run(*self.entering(*argv), env=self.environment, timeout_s=timeout_s)

    def succeeds(self, *argv: str, timeout_s: float = _QUICKLY_S) -> bool:
        """Whether a program succeeds in the namespace."""
        try:
            self.run(*argv, timeout_s=timeout_s)
        except LabError:
            return False
        return True

    def popen(self, *argv: str) -> subprocess.Popen[bytes]:
        """A program that goes on in the namespace; its output is kept."""
        return subprocess.Popen(
            self.entering(*argv), env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def ip(self, *lines: str) -> None:
        """Have `ip` do several things in the namespace."""
        run("ip", "-n", self.namespace, "-batch", "-", lines=lines)

    def start(self, program: str, *argv: str, name: str = "") -> None:
        """Start a daemon, which is up when this returns.

        Args:
            name: of its pid file, log and control socket; by default the program's.
        """
        name = name or program
        # ovn-controller of OVN 23.03 has no --unixctl: its socket is named after its pid
        control = () if program == "ovn-controller" else (f"--unixctl={self.folder}/{name}.ctl",)
        quiet = ("-vconsole:off", "-vsyslog:off", f"--log-file={self.folder}/{name}.log")
        self.run(program, *argv, *control, *quiet, "--detach", "--no-chdir", f"--pidfile={self.folder}/{name}.pid")

    def pid(self, name: str) -> int | None:
        """The daemon's pid while it runs."""
        try:
            pid = int((self.folder / f"{name}.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if is_running(pid, self.folder) else None

    def daemons(self) -> list[str]:
        """The daemons that run."""
        return [path.stem for path in sorted(self.folder.glob("*.pid")) if self.pid(path.stem) is not None]

    def kill(self, name: str) -> None:
        """End a daemon with SIGKILL."""
        pid = self.pid(name)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)
        # a process has lost its command line before it lets go of its files, its pid file among them
        wait_until(lambda: has_ended(pid), 10, f"the end of {name}")

    def control(self, name: str, *argv: str) -> str:
        """Ask a daemon something over its control socket."""
        socket = self.folder / f"{name}.ctl"
        if name == "ovn-controller":
            socket = self.folder / f"{name}.{self.pid(name)}.ctl"
        return run("ovs-appctl", "-t", str(socket), *argv, env=self.environment)


def end_everything_in(namespaces: Sequence[str]) -> None:
    """End every process that is in one of the namespaces: a lab's state is thrown away, so without grace."""
    inodes: set[int] = set()
    for name in namespaces:
        with suppress(OSError):
            inodes.add(Path(f"/run/netns/{name}").stat().st_ino)

    def inside() -> set[int]:
        found: set[int] = set()
        for entry in Path("/proc").iterdir():
            if not re.fullmatch(r"\d+", entry.name):
                continue
            with suppress(OSError):
                # a zombie has no namespace any more
                if (entry / "ns" / "net").stat().st_ino in inodes:
                    found.add(int(entry.name))
        return found - {os.getpid()}

    for pid in inside():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not inside(), 10, "the end of the lab's processes")
