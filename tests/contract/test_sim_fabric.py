"""The simulated fabric keeps the contract, and remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from pextra.drivers.interface import Retryable
from pextra.drivers.interface.fabric import Fabric
from pextra.drivers.sim.fabric import SimFabric
from pextra.drivers.sim.world import SimWorld
from tests.contract.fabric_contract import FabricContract, everything


class TestSimFabric(FabricContract):
    @pytest.fixture
    def fabric(self) -> Fabric:
        return SimFabric(SimWorld())


def test_it_is_as_it_was_after_a_restart(tmp_path: Path) -> None:
    parts = everything("h1")
    world = SimWorld.load(tmp_path / "world.json")
    assert not SimFabric(world).ensure(parts)
    world.close()
    again = SimWorld.load(tmp_path / "world.json")
    assert not SimFabric(again).differences(parts)
    again.close()


def test_a_failure_that_is_ordered_is_that_of_every_part() -> None:
    world = SimWorld()
    fabric, parts = SimFabric(world), everything("h1")
    world.fail_next("ensure", Retryable("FabricUnreachable", "it does not answer"))
    assert {error.reason for error in fabric.ensure(parts).values()} == {"FabricUnreachable"}
    assert not fabric.owners()
    assert not fabric.ensure(parts)
