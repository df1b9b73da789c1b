"""What tells one stack from every other."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_MACHINE_ID: Final = Path("/etc/machine-id")


def identity(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> str:
    """The identity of the stack that is worked on: this machine, the folder and the workspace.

    It is the same in every run from there, so that what a killed run made is found again. Two machines that run the
    same configuration are two stacks: name the stack in the provider's configuration then.

    Args:
        environment: the process's own by default.
        folder: of the configuration; where Terraform started the provider by default.
    """
    known = os.environ if environment is None else environment
    here = (folder or Path.cwd()).resolve()
    parts = (_machine(), str(here), _workspace(known, here))
    return "terraform-" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _machine() -> str:
    try:
        return _MACHINE_ID.read_text("ascii").strip() or platform.node()
    except (OSError, UnicodeDecodeError):
        return platform.node()


def _workspace(environment: Mapping[str, str], folder: Path) -> str:
    if environment.get("TF_WORKSPACE"):
        return environment["TF_WORKSPACE"]
    data = folder / environment.get("TF_DATA_DIR", ".terraform")
    try:
        return (data / "environment").read_text("utf-8").strip() or "default"
    except (OSError, UnicodeDecodeError):
        return "default"
