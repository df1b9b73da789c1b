"""Fixtures of the relay's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.caller import Caller
from tests.relay.world import RelayCloud


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[RelayCloud]:
    """A cloud with a relay and no host."""
    made = RelayCloud(tmp_path)
    yield made
    made.close()


@pytest.fixture
def cloud(bare: RelayCloud) -> RelayCloud:
    """A cloud with a relay, a host whose agent holds its channel, and the running instance `web` of tenant `acme`."""
    bare.furnish_one()
    return bare


@pytest.fixture
def ada(cloud: RelayCloud) -> Caller:
    """A user of `acme`."""
    return cloud.user("ada", "acme")
