"""The one way in which building the image fails, and the one way in which it runs programs."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class ImageBuildError(Exception):
    """The image could not be built; the message says what to install or to change."""


def run_tool(
    command: Sequence[str],
    *,
    package: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 300,
) -> str:
    """Run a program to its end and return what it printed.

    Args:
        command: program and arguments.
        package: the Debian package that the program comes from.
        cwd: where it runs.
        env: its whole environment; None passes on ours.
        timeout_s: how long it may take.

    Raises:
        ImageBuildError: it is not installed, failed, or took too long.
    """
    try:
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout_s, check=True)
    except FileNotFoundError as error:
        raise ImageBuildError(
            f"{command[0]} is not installed: apt-get install --no-install-recommends {package}"
        ) from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip()[-800:]
        raise ImageBuildError(f"{' '.join(command)} failed with status {error.returncode}: {said}") from error
    except subprocess.TimeoutExpired as error:
        raise ImageBuildError(f"{' '.join(command)} was still running after {timeout_s:g} s") from error
    return done.stdout
