"""Runs the system's network programs, in the host's network namespace or in a router's."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from typing import Any, Final

from pextra.drivers.interface import Permanent, Retryable, Unknown

NAMESPACES: Final = "/run/netns"
_TIMEOUT_S: Final = 60
# An ordinary user's PATH, and some services', lacks the folders of the programs that we need.
_SYSTEM_PATH: Final = "/usr/local/sbin:/usr/sbin:/sbin"


def program_path() -> str:
    """Where programs are looked for, as `PATH` would have it."""
    return f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_PATH}"


class CommandFailed(Retryable):
    """A program said no; reason `CommandFailed`.

    Args:
        argv: the program with its arguments.
        stderr: what it said.
    """

    def __init__(self, argv: Sequence[str], stderr: str) -> None:
        self.stderr = stderr.strip()
        super().__init__("CommandFailed", f"`{' '.join(argv)}` failed: {self.stderr[:500] or 'it did not say why'}")


class Commands:
    """Programs by argument list, one at a time, with a bound on their time.

    Args:
        enter: what to put before every command, to act in a network namespace (and the mount namespace
            that belongs to it) other than our own: `("nsenter", "--target", pid, "--net", "--mount", "--")`.
    """

    def __init__(self, enter: Sequence[str] = ()) -> None:
        self._enter = tuple(enter)

    def run(self, argv: Sequence[str], *, stdin: str = "", namespace: str | None = None) -> str:
        """Run a program to its end and answer what it printed.

        Args:
            argv: program and arguments.
            stdin: what it reads.
            namespace: the named network namespace that it runs in; the host's by default.

        Raises:
            CommandFailed: it failed.
            Permanent: `ProgramMissing`.
            Unknown: `CommandHung`, it was ended after a minute.
        """
        # `ip netns exec` would mount a new /sys for each command, which costs and which some containers forbid.
        inside = () if namespace is None else ("nsenter", f"--net={NAMESPACES}/{namespace}", "--")
        whole = (*self._enter, *inside, *argv)
        try:
            done = subprocess.run(
                whole,
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
                timeout=_TIMEOUT_S,
                cwd="/",
                # Nothing else of ours: a daemon keeps what it was started with.
                env={"LC_ALL": "C", "PATH": program_path()},
            )
        except FileNotFoundError as error:
            raise Permanent("ProgramMissing", f"`{error.filename}` is not installed: see preflight") from error
        except subprocess.TimeoutExpired as error:
            raise Unknown("CommandHung", f"`{' '.join(argv)}` did not end within {_TIMEOUT_S} s") from error
        if done.returncode != 0:
            raise CommandFailed(argv, done.stderr)
        return done.stdout

    def look(self, *argv: str, namespace: str | None = None) -> list[dict[str, Any]]:
        """What `ip` or `bridge`, told to answer in JSON, lists.

        Raises:
            CommandFailed: it failed, also where the thing asked about is not there.
        """
        found: list[dict[str, Any]] = json.loads(self.run(argv, namespace=namespace) or "[]")
        return [entry for entry in found if entry]  # what a filter left out is shown as {}

    def batch(self, program: str, lines: Sequence[str], *, namespace: str | None = None) -> None:
        """Let `ip` or `bridge` do several things in one process; it stops at the first that fails.

        Raises:
            CommandFailed: one of them failed; those before it are done.
        """
        if lines:
            self.run((program, "-batch", "-"), stdin="\n".join(lines) + "\n", namespace=namespace)
