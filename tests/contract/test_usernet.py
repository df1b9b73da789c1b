"""The user-mode driver keeps the contract of network drivers."""

from __future__ import annotations

from pathlib import Path

import pytest

from pextra.drivers.usernet.driver import UserNetwork
from tests.contract.network_contract import NetworkContract


class UserNetworkHarness:
    """A state directory."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir

    def driver(self) -> UserNetwork:
        """A new driver object on the same directory."""
        return UserNetwork(self._state_dir)


class TestUserNetwork(NetworkContract):
    @pytest.fixture(scope="class")
    @classmethod
    def harness(cls, tmp_path_factory: pytest.TempPathFactory) -> UserNetworkHarness:
        return UserNetworkHarness(tmp_path_factory.mktemp("networks") / "state")
