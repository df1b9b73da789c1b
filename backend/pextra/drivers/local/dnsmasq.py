"""DHCP and DNS of a network: one dnsmasq in its router."""

from __future__ import annotations

import hashlib
import os
import pwd
import select
import shutil
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from pextra.drivers.interface import NetworkSource, PortSource, Retryable
from pextra.drivers.local import dnsmasq_files, naming
from pextra.drivers.local.commands import Commands
from pextra.drivers.local.dnsmasq_files import Resolving
from pextra.replacing import replace_file

_USERS: Final = ("dnsmasq", "nobody")  # the package's own, where it makes one
_STOP_TIMEOUT_MS: Final = 5000


class Dnsmasq:
    """The dnsmasq of one network.

    It is a daemon of its own and outlives us. A process is known to be this one by its command line, which names a
    file of ours; pids are only ever a hint.

    Args:
        commands: what starts it.
        root: directory with one directory a network; others may pass through it and what is above.
        network_uid: whose.
    """

    def __init__(self, commands: Commands, root: Path, network_uid: str) -> None:
        self._commands = commands
        self._directory = root / naming.digest(network_uid)
        self._namespace = naming.router(network_uid)

    def ensure(self, network: NetworkSource, ports: Iterable[PortSource], resolving: Resolving) -> None:
        """Have it run, and know these ports.

        Raises:
            Retryable: `CommandFailed`, it does not start; `StateUnwritable`.
        """
        listed = list(ports)
        self._directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        content = dnsmasq_files.configuration(network, resolving, self._directory, _user())
        wanted = self._path_of(content)
        known = dnsmasq_files.hosts(listed), dnsmasq_files.names(listed)
        mark = "\0".join(known)
        before = self._read("read")
        changed = before != mark
        # dnsmasq keeps an address that it lent from the next who is given it, until it is started anew.
        taken_back = set(before.partition("\0")[0].splitlines()) - set(known[0].splitlines())
        if changed:
            for name, text in zip(("hosts", "names"), known, strict=True):
                _keep(self._directory / name, text)
        running = self._running()
        if wanted in running.values() and not taken_back:
            if changed:
                for pid in running:
                    _signal(pid, signal.SIGHUP, self._owns)
        else:
            self._stop(running)
            _keep(wanted, content)
            self._commands.run(("dnsmasq", f"--conf-file={wanted}"), namespace=self._namespace)
            for old in self._directory.glob("conf-*"):
                if old != wanted:
                    old.unlink(missing_ok=True)
        if changed:
            # Only now: had we died before, the next one would have told it again.
            _keep(self._directory / "read", mark)

    def ensure_absent(self) -> None:
        """Have it stopped, and its files gone.

        Raises:
            Retryable: `ProcessStays`.
        """
        self._stop(self._running())
        if self._directory.exists():
            shutil.rmtree(self._directory)

    def _stop(self, running: Iterable[int]) -> None:
        for pid in running:
            if not (
                _signal(pid, signal.SIGTERM, self._owns, _STOP_TIMEOUT_MS)
                or _signal(pid, signal.SIGKILL, self._owns, _STOP_TIMEOUT_MS)
            ):
                raise Retryable("ProcessStays", f"dnsmasq {pid} of {self._directory} does not end: try again")

    def _running(self) -> dict[int, Path]:
        """Every process of ours, with the configuration that it has."""
        with suppress(ValueError):
            pid = int(self._read("pid"))
            if found := self._configuration_of(pid):
                return {pid: found}
        pids = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]  # noqa: PTH208 (only names)
        return {pid: found for pid in pids if (found := self._configuration_of(pid))}

    def _owns(self, pid: int) -> bool:
        return self._configuration_of(pid) is not None

    def _configuration_of(self, pid: int) -> Path | None:
        """The file of ours on a process's command line."""
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            prefix = os.fsencode(f"--conf-file={self._directory}/conf-")
            # nsenter turns into dnsmasq, so it is dnsmasq that must come first.
            if os.path.basename(words[0]) == b"dnsmasq":  # noqa: PTH119 (bytes)
                for word in words[1:]:
                    if word.startswith(prefix):
                        return Path(os.fsdecode(word.removeprefix(b"--conf-file=")))
        return None

    def _path_of(self, content: str) -> Path:
        return self._directory / f"conf-{hashlib.sha256(content.encode()).hexdigest()[:16]}"

    def _read(self, name: str) -> str:
        with suppress(FileNotFoundError):
            return (self._directory / name).read_text()
        return ""


def _user() -> str:
    for name in _USERS:
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return "root"


def _keep(path: Path, text: str) -> None:
    """Write a file that dnsmasq, as another account, reads."""
    replace_file(path, text.encode(), mode=0o644)


def _signal(pid: int, number: signal.Signals, is_ours: Callable[[int], bool], end_timeout_ms: int = 0) -> bool:
    """Send a signal to a process if it is still ours; whether it has ended, at the latest after the timeout."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        # The descriptor stands for one process: its pid may have become another's before this, not after.
        if not is_ours(pid):
            return True
        signal.pidfd_send_signal(descriptor, number)
        ended = select.poll()
        ended.register(descriptor, select.POLLIN)
        return bool(ended.poll(end_timeout_ms))
    except ProcessLookupError:
        return True
    finally:
        os.close(descriptor)
