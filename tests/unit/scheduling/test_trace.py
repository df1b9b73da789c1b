"""On a production trace the scheduler hands out more of the GPUs than the best that is published."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.benchmarks.gpu_packing import FIRST_SEED, PUBLISHED, hosts, run, tasks


@pytest.mark.slow
@pytest.mark.skipif("OPENB_DATA" not in os.environ, reason="no trace: OPENB_DATA names no folder with openb's files")
def test_more_is_handed_out_than_by_fgd_whatever_the_hosts_are_called() -> None:
    folder = Path(os.environ["OPENB_DATA"])
    given = tasks(folder / "openb_pod_list_default.csv")
    for chance in (None, random.Random(1)):
        unused, _, _ = run(hosts(folder, chance), given, FIRST_SEED, known=True)
        assert unused < PUBLISHED["FGD"]
