"""Runs from fixed seeds keep every promise, and are the same whenever they are run.

A failure names its seed: `python -m pextra.simulation --seed N` shows it again, with the lines that led to it.
"""

from __future__ import annotations

import pytest

from pextra.simulation.run import run

CHUNK = 10


@pytest.mark.parametrize(("seed", "agents"), [(1, False), (2, True)])
def test_a_seed_keeps_every_promise(seed: int, agents: bool) -> None:
    report = run(seed, agents=agents)
    assert report.violation is None, f"{report.violation}\n" + "\n".join(report.trace)


def test_a_seed_runs_the_same_way_again() -> None:
    assert run(7, steps=400, agents=True) == run(7, steps=400, agents=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(100, 500, CHUNK))
def test_many_seeds_keep_every_promise(first: int) -> None:
    for seed in range(first, first + CHUNK):
        report = run(seed)
        assert report.violation is None, f"seed {seed}: {report.violation}\n" + "\n".join(report.trace)
