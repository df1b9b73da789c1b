"""Fixtures of the drivers' own tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.drivers.hypervisor import Hypervisor, shared_hypervisor
from tests.drivers.netlab import NetLab, reason_unavailable


@pytest.fixture
def hypervisor(request: pytest.FixtureRequest) -> Hypervisor:
    """The hypervisor that all tests share; a test removes the guests that it made or leaves them."""
    return shared_hypervisor(request.config)


@pytest.fixture
def lab() -> Iterator[NetLab]:
    """A host's network of the test's own."""
    if reason := reason_unavailable():
        pytest.skip(reason)
    with NetLab() as made:
        yield made
