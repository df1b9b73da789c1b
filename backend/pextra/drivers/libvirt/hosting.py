"""A libvirtd of our own, so that guests run without a configured system libvirtd and without root.

It is libvirtd in its unprivileged mode with every directory below one root: no TCP, no shared state with
other libvirtds of the machine, one UNIX socket. When we are root it runs, with its guests, as the
dedicated account of the distribution's libvirt packages. It is a daemon: it and the guests outlive us,
and libvirtd's end does not end a guest; whoever comes next finds both again.

A service manager that kills all processes of a unit kills guests too: units need `KillMode=process`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from pextra.drivers.account import DEDICATED_USER, Account, guest_account, run_as
from pextra.drivers.interface import Permanent, Retryable

_START_TIMEOUT_S: Final = 30
_STOP_TIMEOUT_S: Final = 10
_LOCKED_BESIDE_BYTES: Final = 4 << 30
# QEMU's monitor socket below the root; the kernel takes 107 characters for the whole path.
_LONGEST_SOCKET: Final = "/etc/libvirt/qemu/lib/domain-99999-12345678901234567890/monitor.sock"
_LONGEST_ROOT: Final = 107 - len(_LONGEST_SOCKET)
# QEMU writes its own logs: virtlogd would be one more daemon. Its sandbox is not left to a default.
_QEMU_CONF: Final = 'stdio_handler = "file"\nseccomp_sandbox = 1\n'


class Endpoint(Protocol):
    """A libvirtd, and where files for its guests go."""

    @property
    def uri(self) -> str:
        """What libvirt connects to."""
        ...

    @property
    def guests_dir(self) -> Path:
        """Directory with one directory per guest; its parents let the guests' account pass."""
        ...

    @property
    def qemu_log_dir(self) -> Path:
        """Where libvirtd writes one log per guest."""
        ...

    @property
    def account(self) -> Account | None:
        """Whom to give the guests' files; None keeps them ours."""
        ...

    @property
    def is_private(self) -> bool:
        """Whether it and its logs are ours alone."""
        ...

    def ensure_up(self) -> None:
        """Start the libvirtd where that is ours to do."""
        ...

    def ensure_may_lock(self) -> None:
        """Let guests keep all their memory in place, as those with devices of the host do."""
        ...


@dataclass(frozen=True, slots=True)
class SystemLibvirtd:
    """A libvirtd that the machine's administrator runs."""

    uri: str
    guests_dir: Path
    qemu_log_dir: Path = Path("/var/log/libvirt/qemu")
    account: Account | None = None

    @property
    def is_private(self) -> bool:
        """False: it is the machine's."""
        return False

    def ensure_up(self) -> None:
        """Nothing: it is not ours to start."""

    def ensure_may_lock(self) -> None:
        """Nothing: it is root's, and raises the limit of each guest itself."""


class PrivateLibvirtd:
    """A libvirtd of our own below one directory.

    Args:
        root: its directory, made when absent. UNIX sockets lie deep below it: where its name is longer than
            39 characters it is reached by a link in the run-time directory.

    Raises:
        Permanent: `AccountMissing`: we are root and the dedicated account does not exist; `RootTooLong`:
            there is no run-time directory.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._reach = self._root if len(str(self._root)) <= _LONGEST_ROOT else _short_link(self._root)
        try:
            self._account = guest_account()
        except LookupError as error:
            raise Permanent(
                "AccountMissing",
                f"guests must not run as root, and the user {DEDICATED_USER} does not exist: "
                f"useradd --system --no-create-home --shell /usr/sbin/nologin {DEDICATED_USER}",
            ) from error

    @property
    def uri(self) -> str:
        """The socket in libvirt's terms."""
        return f"qemu+unix:///session?socket={self._socket}"

    @property
    def guests_dir(self) -> Path:
        """Directory with one directory per guest."""
        return self._root / "guests"

    @property
    def qemu_log_dir(self) -> Path:
        """Where libvirtd writes one log per guest."""
        return self._root / "cache" / "libvirt" / "qemu" / "log"

    @property
    def account(self) -> Account | None:
        """Whom libvirtd and guests run as; None when it is ourselves."""
        return self._account

    @property
    def is_private(self) -> bool:
        """True."""
        return True

    def ensure_up(self) -> None:
        """Start libvirtd unless it answers. Guests that run already are found again.

        Raises:
            Permanent: `LibvirtdMissing`, or `RootUnreachable` for its account.
            Retryable: `LibvirtdFailed`.
        """
        if self._answers():
            return
        try:
            self._make_directories()
            with self._locked():
                if not self._answers():
                    self._start()
        except OSError as error:
            raise Retryable("LibvirtdFailed", f"libvirtd below {self._root} cannot be started: {error}") from error

    def ensure_may_lock(self) -> None:
        """Raise the most that guests may lock to what the machine has; each gets what it needs from libvirtd.

        libvirtd lets a guest with devices lock its memory and a GiB more, and may itself raise no limit.

        Raises:
            Permanent: `LockingForbidden`.
            Retryable: `LibvirtdFailed`: it does not run.
        """
        pid = self.pid()
        if pid is None:
            raise Retryable("LibvirtdFailed", f"libvirtd below {self._root} does not run")
        wanted = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") + _LOCKED_BESIDE_BYTES
        soft, hard = _locking_limits(pid)
        if hard >= wanted:
            return
        try:
            resource.prlimit(pid, resource.RLIMIT_MEMLOCK, (int(min(soft, wanted)), wanted))
        except ProcessLookupError as error:
            raise Retryable("LibvirtdFailed", f"libvirtd below {self._root} has just ended") from error
        except (PermissionError, ValueError) as error:
            raise Permanent(
                "LockingForbidden",
                f"guests with devices lock their memory, and we may not raise their limit of {int(hard) >> 20} MiB "
                f"({error}): run as root with CAP_SYS_RESOURCE, or with the limit raised (LimitMEMLOCK=infinity)",
            ) from error

    def stop(self) -> None:
        """End libvirtd and wait for its end; its guests keep running."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while self.pid() == pid or self._accepts():
            if time.monotonic() > deadline:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        if self._reach != self._root:
            self._reach.unlink(missing_ok=True)

    def pid(self) -> int | None:
        """The process id of this libvirtd, or None when it does not run."""
        try:
            pid = int(self._pid_file.read_text())
            # The number may belong to another process by now: ours has the file's name in its arguments.
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if os.fsencode(self._pid_file) in arguments else None

    @property
    def _socket(self) -> Path:
        return self._reach / "run" / "libvirt" / "libvirt-sock"

    @property
    def _pid_file(self) -> Path:
        return self._reach / "run" / "libvirtd.pid"

    def _answers(self) -> bool:
        return self.pid() is not None and self._accepts()

    def _accepts(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            try:
                client.connect(str(self._socket))
            except OSError:
                return False
        return True

    def _make_directories(self) -> None:
        """The root and the guests' directory stay ours; the account owns what libvirtd writes."""
        ours = 0o700 if self._account is None else 0o711
        self._root.parent.mkdir(parents=True, exist_ok=True)
        for path in (self._root, self.guests_dir):
            path.mkdir(mode=ours, exist_ok=True)
            path.chmod(ours)
        for name in ("etc", "run", "cache"):
            path = self._root / name
            path.mkdir(mode=0o700, exist_ok=True)
            if self._account is not None:
                self._account.own(path)
        if self._reach != self._root and not self._reach.exists():
            self._reach.unlink(missing_ok=True)
            self._reach.symlink_to(self._root)
        config_dir = self._root / "etc" / "libvirt"
        written = subprocess.run(
            ["sh", "-c", 'mkdir -p "$0" && cat >"$0/qemu.conf"', str(config_dir)],
            input=_QEMU_CONF, text=True, cwd="/", capture_output=True, timeout=_START_TIMEOUT_S, check=False,
            umask=0o077, **run_as(self._account),
        )  # fmt: skip
        if written.returncode != 0:
            raise Permanent(
                "RootUnreachable",
                f"the user that guests run as cannot write below {self._root}: choose a directory whose "
                f"parents everyone may pass, such as /var/lib/pextra/hypervisor ({written.stderr.strip()})",
            )

    @contextmanager
    def _locked(self) -> Generator[None]:
        with (self._root / "start.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _start(self) -> None:
        program = libvirtd_program()
        if program is None:
            raise Permanent(
                "LibvirtdMissing",
                "libvirtd is not installed: apt-get install --no-install-recommends "
                "libvirt-daemon libvirt-daemon-driver-qemu",
            )
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self._root),
            "XDG_CONFIG_HOME": str(self._reach / "etc"),
            "XDG_RUNTIME_DIR": str(self._reach / "run"),
            "XDG_CACHE_HOME": str(self._reach / "cache"),
        }
        try:
            done = subprocess.run(
                [program, "--daemon", "--timeout", "0", "--pid-file", str(self._pid_file)],
                cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True, timeout=_START_TIMEOUT_S, check=False,
                umask=0o077, **run_as(self._account),
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise Retryable("LibvirtdFailed", f"libvirtd was not up after {_START_TIMEOUT_S} s") from error
        if done.returncode != 0:
            log = self._root / "cache" / "libvirt" / "libvirtd.log"
            raise Retryable(
                "LibvirtdFailed",
                f"libvirtd ended with status {done.returncode} (see {log}): {done.stderr[-400:]}",
            )


def _locking_limits(pid: int) -> tuple[float, float]:
    """How many bytes a process may lock, and how far it may raise that itself; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    except OSError:
        return 0, 0
    soft, hard = next(line for line in lines if line.startswith("Max locked memory")).split()[3:5]
    return float(soft.replace("unlimited", "inf")), float(hard.replace("unlimited", "inf"))


def _short_link(root: Path) -> Path:
    """Where a link to the root lies, in a directory that nobody else can write to."""
    runtime = Path("/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"))
    link = runtime / f"pextra-{hashlib.sha256(os.fsencode(root)).hexdigest()[:12]}"
    if not runtime.is_dir() or len(str(link)) > _LONGEST_ROOT:
        raise Permanent(
            "RootTooLong",
            f"{root} is too long for UNIX sockets below it, and XDG_RUNTIME_DIR names no directory for a short "
            f"link: choose a directory of at most {_LONGEST_ROOT} characters",
        )
    return link


def libvirtd_program() -> str | None:
    """The path of libvirtd, or None when it is not installed; /usr/sbin need not be on our PATH."""
    return shutil.which("libvirtd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
