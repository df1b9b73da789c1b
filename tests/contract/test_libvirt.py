"""The libvirt driver keeps the contract of compute drivers, with guests that really boot."""

from __future__ import annotations

import pytest

from pextra.drivers.interface import GuestSpec
from pextra.drivers.libvirt.driver import LibvirtCompute
from tests.contract.compute_contract import ComputeContract
from tests.drivers.hypervisor import BOOT_TIMEOUT_S, Hypervisor, shared_hypervisor


class LibvirtHarness:
    """A private libvirtd whose guests are emulated."""

    patience_s = BOOT_TIMEOUT_S

    def __init__(self, hypervisor: Hypervisor) -> None:
        self._hypervisor = hypervisor
        self.guest_crashes = hypervisor.kill_qemu
        self.new_disk = hypervisor.new_disk
        self.new_nic = hypervisor.new_nic

    def driver(self) -> LibvirtCompute:
        """A new driver object on the same libvirtd."""
        return self._hypervisor.driver()

    def new_guest(self, name: str) -> GuestSpec:
        """The tiny guest."""
        return self._hypervisor.new_guest(name)

    def volume_exists(self, volume_uid: str) -> bool:
        """Whether the pool still has the volume."""
        return volume_uid in self._hypervisor.storage.observe_volumes()

    def guest_powers_off(self, uid: str) -> None:
        """Somebody types `poweroff` on the guest's console."""
        self._hypervisor.type_until_off(uid, "poweroff -f")

    def guest_panics(self, uid: str) -> None:
        """Somebody asks the guest's kernel to."""
        self._hypervisor.type_until_off(uid, "echo c >/proc/sysrq-trigger")


class TestLibvirtCompute(ComputeContract):
    @pytest.fixture(scope="class")
    @classmethod
    def harness(cls, request: pytest.FixtureRequest) -> LibvirtHarness:
        return LibvirtHarness(shared_hypervisor(request.config))
