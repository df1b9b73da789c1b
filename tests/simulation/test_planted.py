"""The simulation bites: each planted bug is found within a few seeds."""

from __future__ import annotations

import pytest

from pextra.simulation.run import run
from tests.simulation.planted import BUGS

SEEDS = range(1, 6)
STEPS = 1500


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[bug](monkeypatch)
    assert any(run(seed, steps=STEPS).violation for seed in SEEDS)
