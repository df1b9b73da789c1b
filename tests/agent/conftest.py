"""Fixtures of the tests of agents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.world import AgentCloud


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[AgentCloud]:
    """A cloud without hosts."""
    made = AgentCloud(f"sqlite:///{tmp_path / 'pextra.db'}", depot=tmp_path / "depot")
    yield made
    made.close()


@pytest.fixture
def cloud(bare: AgentCloud) -> AgentCloud:
    """A cloud with one host and its agent, and what instances need."""
    bare.furnish()
    return bare
