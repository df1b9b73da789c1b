"""The simulation bites: each planted bug is found within a few seeds."""

from __future__ import annotations

import pytest

from pextra.simulation.run import run
from tests.simulation import planted, planted_in_agents

SEEDS = range(1, 6)
STEPS = 1500
AGENT_SEEDS = (12, 2, 9, 33, 30)
"""Among them is a pool that hosts share, and many exchanges arrive twice."""


@pytest.mark.parametrize("bug", planted.BUGS)
def test_a_planted_bug_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.BUGS[bug](monkeypatch)
    assert any(run(seed, steps=STEPS, agents=False).violation for seed in SEEDS)


@pytest.mark.parametrize("bug", planted_in_agents.BUGS)
def test_a_bug_that_is_planted_in_agents_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted_in_agents.BUGS[bug](monkeypatch)
    assert any(run(seed, agents=True).violation for seed in AGENT_SEEDS)
