"""The version of the installed distribution."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Final


def _installed_version() -> str:
    try:
        return version("pextra")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0+source"


VERSION: Final = _installed_version()
