"""Machines with GPUs that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.labs import nvml
from tests.labs.nvml.machine import FakeMachine


@pytest.fixture(scope="session")
def nvml_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the fake library."""
    if reason := nvml.reason_unavailable():
        pytest.skip(reason)
    return nvml.build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def machine(tmp_path: Path, nvml_library: Path) -> FakeMachine:
    """A machine with NVIDIA's driver; a test gives it GPUs."""
    return FakeMachine(tmp_path, nvml_library)
