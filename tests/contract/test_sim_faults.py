"""The simulated world fails when it is told to."""

from __future__ import annotations

import pytest

from pextra.drivers.interface import Permanent, Power, Retryable, StopCause, Unknown, VolumeSource
from pextra.drivers.sim.storage import SimStorage
from pextra.drivers.sim.world import SimWorld
from tests.contract.simulated import GIB, TENANT, Clock, furnished, guest_on, power

RESET = Retryable("ConnectionReset", "the hypervisor hung up")
LOST = Unknown("AnswerLost", "the hypervisor may have done it")


@pytest.fixture
def world() -> SimWorld:
    """A furnished world in which everything happens at once."""
    return furnished(SimWorld(clock=Clock()))


@pytest.mark.parametrize("error", [RESET, Permanent("Broken", "for good"), LOST])
def test_ordered_failure_comes_once_and_nothing_happened(
    world: SimWorld, error: Retryable | Permanent | Unknown
) -> None:
    compute = guest_on(world, "h1", "g1")
    world.fail_next("ensure_running", error)
    with pytest.raises(type(error)) as caught:
        compute.ensure_running("g1")
    assert caught.value is error
    assert power(compute, "g1") == (Power.OFF, StopCause.NEVER_STARTED)
    compute.ensure_running("g1")
    assert power(compute, "g1") == (Power.RUNNING, None)


def test_unknown_failure_may_have_happened(world: SimWorld) -> None:
    compute = guest_on(world, "h1", "g1")
    world.fail_next("ensure_running", LOST, happened=True)
    with pytest.raises(Unknown):
        compute.ensure_running("g1")
    assert power(compute, "g1") == (Power.RUNNING, None)


def test_failure_ordered_for_one_place_waits_for_it(world: SimWorld) -> None:
    compute, elsewhere = guest_on(world, "h1", "g1"), guest_on(world, "h2", "g2")
    world.fail_next("ensure_running", RESET, place="h1")
    elsewhere.ensure_running("g2")
    with pytest.raises(Retryable):
        compute.ensure_running("g1")
    world.fail_next("ensure_volume", RESET, place="shared")
    with pytest.raises(Retryable):
        SimStorage(world, "shared").ensure_volume(VolumeSource("v1", TENANT, GIB))


def test_failure_that_could_never_come_is_refused(world: SimWorld) -> None:
    with pytest.raises(ValueError, match="no driver has an operation 'ensure_happiness'"):
        world.fail_next("ensure_happiness", RESET)
    with pytest.raises(ValueError, match="means that it did not happen"):
        world.fail_next("ensure_running", RESET, happened=True)
