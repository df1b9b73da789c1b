"""The fixture of this folder: `cloud`, furnished with two hosts and a tenant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controllers.cloud import LoopedCloud


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LoopedCloud]:
    """A cloud of two hosts with a tenant, an image and a network of five free addresses."""
    looped = LoopedCloud(f"sqlite:///{tmp_path / 'pextra.db'}")
    try:
        looped.furnish()
        yield looped
    finally:
        looped.close()
