"""Fixtures of the drivers' own tests."""

from __future__ import annotations

import pytest

from tests.drivers.hypervisor import Hypervisor, shared_hypervisor


@pytest.fixture
def hypervisor(request: pytest.FixtureRequest) -> Hypervisor:
    """The hypervisor that all tests share; a test removes the guests that it made or leaves them."""
    return shared_hypervisor(request.config)
