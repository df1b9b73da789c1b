"""Whatever is done to the simulated drivers, in any order, they agree with a tiny model."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pextra.drivers.interface import (
    DiskSource,
    GuestDisk,
    GuestSpec,
    HostInventory,
    NetworkSource,
    NotFound,
    Permanent,
    PortSource,
    Power,
    Retryable,
    StopCause,
    VolumeSource,
)
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.network import SimNetwork
from pextra.drivers.sim.storage import SimStorage
from pextra.drivers.sim.world import SimWorld

TENANT = "tenant-a"
MIB = 1 << 20
GUESTS = st.sampled_from(["g1", "g2", "g3"])
NETWORKS = st.sampled_from(["n1", "n2"])
PORTS = st.sampled_from(["p1", "p2"])


@dataclass
class ModelGuest:
    """A guest that is defined; `runs_with` is its memory while it runs."""

    memory_mib: int
    runs_with: int | None = None
    cause: StopCause | None = StopCause.NEVER_STARTED
    boots: int = 0
    acts: set[str] = field(default_factory=set[str])

    def start(self) -> None:
        """Run unless it runs."""
        if self.runs_with is None:
            self.runs_with, self.cause, self.boots = self.memory_mib, None, self.boots + 1

    def stop(self, cause: StopCause) -> None:
        """Be off unless it is."""
        if self.runs_with is not None:
            self.runs_with, self.cause = None, cause


class SimDrivers(RuleBasedStateMachine):
    """One host and one pool; guest `gN` boots from volume `gN`. The world restarts from its file at times."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.up = True
        self.guests: dict[str, ModelGuest] = {}
        self.volumes: dict[str, int] = {}
        self.networks: dict[str, int] = {}
        self.ports: dict[str, str] = {}
        self.open()
        self.world.ensure_host("h1", HostInventory(8, 4096, 100, "sim", accelerated=False))
        self.world.ensure_pool("p", capacity_bytes=1 << 40)

    def open(self) -> None:
        """Read the world from its file, with drivers of its own."""
        self.world = SimWorld.load(self.folder / "world.json", save_delay_s=3600)
        self.compute = SimCompute(self.world, "h1")
        self.storage = SimStorage(self.world, "p")
        self.network = SimNetwork(self.world, "h1")

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.world.close()
        shutil.rmtree(self.folder)

    @rule()
    def restart(self) -> None:
        """The process ends and begins again."""
        self.world.close()
        self.open()

    # --- guests ---

    @precondition(lambda self: self.up)
    @rule(uid=GUESTS, memory_mib=st.sampled_from([256, 512]))
    def define(self, uid: str, memory_mib: int) -> None:
        """A definition replaces the one before and touches nothing that runs."""
        disk = GuestDisk(uid, DiskSource("sim", f"p/{uid}", "raw"))
        self.compute.ensure_defined(GuestSpec(uid, TENANT, uid, 1, memory_mib, (disk,)))
        self.guests.setdefault(uid, ModelGuest(memory_mib)).memory_mib = memory_mib

    @precondition(lambda self: self.up)
    @rule(uid=GUESTS)
    def start(self, uid: str) -> None:
        """Starting needs the definition and the disk."""
        guest = self.guests.get(uid)
        if guest is None:
            with pytest.raises(NotFound):
                self.compute.ensure_running(uid)
        elif guest.runs_with is None and uid not in self.volumes:
            with pytest.raises(Permanent):
                self.compute.ensure_running(uid)
        else:
            self.compute.ensure_running(uid)
            guest.start()

    @precondition(lambda self: self.up)
    @rule(uid=GUESTS, force=st.booleans())
    def stop(self, uid: str, *, force: bool) -> None:
        """Stopping is remembered as requested only when there was something to stop."""
        if uid not in self.guests:
            with pytest.raises(NotFound):
                self.compute.ensure_stopped(uid, force=force)
        else:
            self.compute.ensure_stopped(uid, force=force)
            self.guests[uid].stop(StopCause.REQUESTED)

    @precondition(lambda self: self.up)
    @rule(uid=GUESTS, act=st.sampled_from(["a", "b"]))
    def reboot(self, uid: str, act: str) -> None:
        """An act reboots once, and only what runs."""
        guest = self.guests.get(uid)
        if guest is None:
            with pytest.raises(NotFound):
                self.compute.reboot(uid, act=act)
        elif act in guest.acts:
            self.compute.reboot(uid, act=act)
        elif guest.runs_with is None:
            with pytest.raises(Permanent):
                self.compute.reboot(uid, act=act)
        else:
            self.compute.reboot(uid, act=act)
            guest.acts.add(act)
            guest.stop(StopCause.REQUESTED)
            guest.start()

    @precondition(lambda self: self.up)
    @rule(uid=GUESTS)
    def remove(self, uid: str) -> None:
        """Removing always succeeds."""
        self.compute.ensure_absent(uid)
        self.guests.pop(uid, None)

    @rule(uid=GUESTS, crash=st.booleans())
    def end_by_itself(self, uid: str, *, crash: bool) -> None:
        """Only a guest that runs can power itself off or crash."""
        act = self.world.guest_crashes if crash else self.world.guest_powers_off
        guest = self.guests.get(uid)
        if guest is None or guest.runs_with is None:
            with pytest.raises(LookupError):
                act(uid)
        else:
            act(uid)
            guest.stop(StopCause.CRASHED if crash else StopCause.GUEST_SHUTDOWN)

    @rule()
    def lose_power(self) -> None:
        """Every guest of a host that goes down is lost."""
        self.world.host_down("h1")
        self.up = False
        for guest in self.guests.values():
            guest.stop(StopCause.HOST_LOST)

    @rule()
    def regain_power(self) -> None:
        """A host that comes up has its definitions."""
        self.world.host_up("h1")
        self.up = True

    # --- volumes ---

    @rule(uid=GUESTS, size_mib=st.integers(1, 16))
    def make_volume(self, uid: str, size_mib: int) -> None:
        """A volume only grows."""
        source = VolumeSource(uid, TENANT, size_mib * MIB)
        if size_mib < self.volumes.get(uid, 0):
            with pytest.raises(Permanent):
                self.storage.ensure_volume(source)
        else:
            self.storage.ensure_volume(source)
            self.volumes[uid] = size_mib

    @rule(uid=GUESTS)
    def remove_volume(self, uid: str) -> None:
        """A volume goes unless its guest runs."""
        guest = self.guests.get(uid)
        if guest is not None and guest.runs_with is not None:
            with pytest.raises(Retryable):
                self.storage.ensure_volume_absent(TENANT, uid)
        else:
            self.storage.ensure_volume_absent(TENANT, uid)
            self.volumes.pop(uid, None)

    # --- networks ---

    @precondition(lambda self: self.up)
    @rule(uid=NETWORKS, mtu=st.sampled_from([1400, 1450]))
    def make_network(self, uid: str, mtu: int) -> None:
        """A network becomes what is described."""
        self.network.ensure_network(NetworkSource(uid, TENANT, mtu, ()))
        self.networks[uid] = mtu

    @precondition(lambda self: self.up)
    @rule(uid=NETWORKS)
    def remove_network(self, uid: str) -> None:
        """A network goes unless it has ports."""
        if uid in self.ports.values():
            with pytest.raises(Retryable):
                self.network.ensure_network_absent(uid)
        else:
            self.network.ensure_network_absent(uid)
            self.networks.pop(uid, None)

    @precondition(lambda self: self.up)
    @rule(uid=PORTS, network=NETWORKS)
    def make_port(self, uid: str, network: str) -> None:
        """A port needs its network, and may move to another one."""
        port = PortSource(uid, TENANT, network, f"52:54:00:00:00:0{uid[1]}", (f"10.0.0.{uid[1]}",))
        if network not in self.networks:
            with pytest.raises(NotFound):
                self.network.ensure_port(port)
        else:
            self.network.ensure_port(port)
            self.ports[uid] = network

    @precondition(lambda self: self.up)
    @rule(uid=PORTS)
    def remove_port(self, uid: str) -> None:
        """Removing always succeeds."""
        self.network.ensure_port_absent(uid)
        self.ports.pop(uid, None)

    # --- agreement ---

    @invariant()
    def pool_agrees(self) -> None:
        """The pool has the model's volumes."""
        seen = {uid: volume.size_bytes // MIB for uid, volume in self.storage.observe_volumes().items()}
        assert seen == self.volumes

    @precondition(lambda self: self.up)
    @invariant()
    def host_agrees(self) -> None:
        """The host has the model's guests, networks and ports."""
        guests = {
            uid: (seen.power, seen.stop_cause, seen.boots, seen.memory_mib)
            for uid, seen in self.compute.observe_guests().items()
        }
        assert guests == {
            uid: (
                Power.OFF if guest.runs_with is None else Power.RUNNING,
                guest.cause,
                guest.boots,
                guest.memory_mib if guest.runs_with is None else guest.runs_with,
            )
            for uid, guest in self.guests.items()
        }
        networks = self.network.observe_networks()
        assert {uid: network.mtu for uid, network in networks.items()} == self.networks
        ports = self.network.observe_ports()
        assert {uid: port.network_uid for uid, port in ports.items()} == self.ports

    @invariant()
    def nothing_is_broken(self) -> None:
        """One host, a disk for each guest and a MAC for each port cannot break a promise."""
        assert self.world.violations() == []


class TestSimDrivers(SimDrivers.TestCase):
    """Runs the machine."""

    settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
