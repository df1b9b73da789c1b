"""What the file driver does may be killed before any step: it is done or not, is finished later, and leaks nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drivers.killing import ACTS

QUICK = ("clone an image", "snapshot a volume", "destroy a volume", "plan and finish a snapshot")


@pytest.mark.skipif(
    shutil.which("qemu-io") is None,
    reason="QEMU's tools are not installed: apt-get install --no-install-recommends qemu-utils",
)
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "act", [act if act in QUICK else pytest.param(act, marks=pytest.mark.slow) for act in sorted(ACTS)]
)
def test_act_that_is_killed_before_any_step_is_whole_and_can_be_done_again(act: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.drivers.killing", act, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, timeout=580, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["problems"] == []
    assert told["steps"] >= 3
