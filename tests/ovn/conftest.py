"""A lab that the whole run shares; each test has a cloud of its own in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.ovn.lab import OvnLab, reason_unavailable
from tests.ovn.world import World


@pytest.fixture(scope="session")
def lab() -> Iterator[OvnLab]:
    """Two hosts."""
    if reason := reason_unavailable():
        pytest.skip(reason)
    with OvnLab() as made:
        yield made


@pytest.fixture
def world(lab: OvnLab, tmp_path: Path) -> Iterator[World]:
    """A cloud of the test's own."""
    with World(lab, tmp_path) as made:
        yield made
