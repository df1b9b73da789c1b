"""Hosts: what they have is made known to placement; a deleted one goes when its guests have gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import Any, Final

from pextra.controllers import host_division, host_gpus, remote
from pextra.controllers.fleet import Fleet
from pextra.controllers.outcome import Next, Outcome, failed, gone, waiting
from pextra.declaration import conditions
from pextra.drivers import dividing, documents
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.gpu.boards import summary
from pextra.drivers.gpu.interface import HostGpus
from pextra.drivers.interface import DriverError, HostFeature, HostInventory
from pextra.services.agents import is_silent
from pextra.services.cloud import Cloud
from pextra.services.placement import HUGEPAGE_1G_KIB, HUGEPAGE_2M_KIB
from pextra.store import agents, allocations, assignments, gpus, objects, samples, work
from pextra.store.allocations import Amounts, Boarded
from pextra.store.cells import COUNTED
from pextra.store.database import Tx
from pextra.store.records import Record, timestamp
from pextra.store.work import Item

_DIVIDE_AGAIN_S: Final = 15.0


class HostController:
    """See the module."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def look(self, cloud: Cloud, items: Sequence[Item]) -> list[Outcome]:
        """See `Controller.look`."""
        found = cloud.database.read(lambda tx: objects.by_uids(tx, [(i.tenant_uid, i.uid) for i in items]))
        return [self._look_one(cloud, item, found.get(item.uid)) for item in items]

    def _look_one(self, cloud: Cloud, item: Item, record: Record | None) -> Outcome:
        if record is None:
            return gone(item)
        spec = cloud.registry["host"].effective(record.spec, record.spec_version)
        if record.deleting:
            return self._retire(cloud, item, record)
        if remote.has_agent(record):
            outcome = _with_agent(cloud, item, record, spec, has_fabric=self._fleet.fabric is not None)
            return _telling_pools(cloud, outcome, record)
        drivers = self._fleet.drivers(record)
        if drivers is None:
            message = f"This control plane has no {spec['driver']} driver for the host: start it where the host is."
            return waiting(item, record, "NoDriver", message)
        try:
            inventory = drivers.compute.observe_host()
        except DriverError as error:
            outcome = failed(item, record, error)
            return Outcome(
                item,
                record,
                outcome.next,
                outcome.conditions,
                delay_s=5.0,
                also=lambda tx: _state(tx, record, spec, _pool(drivers), None),
            )
        divided = host_division.divide(drivers, drivers.gpus.observe_gpus().gpus, spec)
        problems = dividing.problems_of(divided)
        found = drivers.gpus.observe_gpus()
        offered = host_gpus.offered(
            record.uid,
            found.gpus,
            found.board,
            simulated=spec["driver"] == "sim",
            features=inventory.features,
            to_be_divided=host_division.to_be_divided(divided),
        )
        return Outcome(
            item,
            record,
            Next.LATER if problems else Next.DONE,
            [conditions.ready(True, "Ready", "; ".join(problems)[:1000])],
            {
                **_shown(inventory),
                **_gpus(found),
                "forward_address": drivers.network.capabilities().forward_address,
                "sriov": host_division.said(divided),
                "problems": list(problems),
            },
            delay_s=_DIVIDE_AGAIN_S,
            also=lambda tx: _state(tx, record, spec, _pool(drivers), inventory, offered),
        )

    @staticmethod
    def _retire(cloud: Cloud, item: Item, record: Record) -> Outcome:
        def read(tx: Tx) -> tuple[int, list[tuple[str, str, bool]], bool]:
            agent = agents.pulse(tx, record.uid)
            silent = agent is None or is_silent(agent.seen_us, tx.now_us)
            return len(allocations.on(tx, record.uid)), assignments.on(tx, record.uid), silent

        guests, assigned, silent = cloud.database.read(read)
        volumes = sum(kind == assignments.VOLUME for kind, _, _ in assigned)
        if guests or volumes:
            message = f"{guests} guests and {volumes} volumes are on the host: delete or move them."
            return _retiring(item, record, message, images=False)  # its guests would fetch them again
        if assigned and not silent:  # a machine that is not there takes what is left with it
            return _retiring(item, record, "Its agent takes away what is left there.", images=True)

        def also(tx: Tx) -> None:
            allocations.remove_host(tx, record.uid)
            agents.forget(tx, record.uid)
            samples.forget(tx, record.uid)
            _ask_pools(cloud, tx)

        return Outcome(item, record, Next.REMOVE, also=also)


def _telling_pools(cloud: Cloud, outcome: Outcome, record: Record) -> Outcome:
    """Have address pools looked at when the host reaches other networks outside than before."""
    known = ("fabric_host", "physical_networks", "bgp")
    if all((outcome.facts.get(name) or None) == (record.status.get(name) or None) for name in known):
        return outcome

    def also(tx: Tx) -> None:
        if outcome.also is not None:
            outcome.also(tx)
        _ask_pools(cloud, tx)

    return replace(outcome, also=also)


def _ask_pools(cloud: Cloud, tx: Tx) -> None:
    for kind in ("address_pool", "bgp_peer"):
        found = objects.of_kind(tx, cloud.site.uid, kind)
        work.ask_many(tx, ((each.tenant_uid, each.uid, each.kind) for each in found))


def _retiring(item: Item, record: Record, message: str, *, images: bool) -> Outcome:
    """The host takes no new guests, and with `images` has its copies of them taken away."""

    def also(tx: Tx) -> None:
        allocations.close_host(tx, record.uid)
        for kind, uid, removed in assignments.on(tx, record.uid):
            if images and kind in (assignments.IMAGE, assignments.BGP_PEER) and not removed:
                assignments.remove(tx, record.uid, uid)

    return Outcome(item, record, Next.LATER, [conditions.ready(False, "InUse", message)], delay_s=5.0, also=also)


@dataclass(frozen=True, slots=True)
class Pool:
    """The storage pool of a host."""

    name: str
    shared: bool


def _pool(drivers: HostDrivers) -> Pool:
    return Pool(drivers.pool, drivers.storage.capabilities().shared)


def _with_agent(cloud: Cloud, item: Item, record: Record, spec: dict[str, Any], *, has_fabric: bool) -> Outcome:
    """A host that its own agent speaks for."""
    agent = cloud.database.read(lambda tx: agents.find(tx, record.uid))
    if agent is None or agent.seen_us is None:
        message = (
            "No agent has joined for it: make a join token (`pextra apply` of a join_token for this host) and run "
            "`pextra-agent join` on the machine."
        )
        return waiting(item, record, "NoAgent", message)
    try:
        told = documents.read(documents.Inventory, agent.inventory) if agent.inventory is not None else None
    except ValueError as error:
        return waiting(item, record, "DriverFailed", f"What its agent says of it cannot be read: {error}")
    if told is None:
        return waiting(item, record, "Converging", "Its agent has yet to say what it has.")
    pool = Pool(told.pool, told.pool_shared)
    divided, problems = told.sriov or (), (*told.problems, *host_division.problems_of_agent(spec, told))
    facts = {
        **_shown(told),
        "sriov": host_division.said(divided),
        "problems": list(problems),
        "gpu_summary": summary(told.gpus, told.gpu_board),
        "fabric_host": told.fabric_host or "",
        "physical_networks": list(told.physical_networks),
        "bgp": told.bgp,
        "agent_version": agent.version,
        "boot_id": agent.boot_id,
    }
    now_us = int(cloud.database.clock.now() * 1_000_000)
    if is_silent(agent.seen_us, now_us):
        seen = timestamp(agent.seen_us)
        condition = conditions.ready(
            False, "AgentSilent", f"Its agent was last heard at {seen}. Guests there run on; look after the machine."
        )
        also = partial(_state, record=record, spec=spec, pool=pool, inventory=None)
        return Outcome(item, record, Next.DONE, [condition], facts, also=also)
    if told.fabric_host is not None and (lack := _lacks_of_fabric(told.fabric_host, has_fabric=has_fabric)):
        also = partial(_state, record=record, spec=spec, pool=pool, inventory=None)
        return Outcome(item, record, Next.DONE, [conditions.ready(False, "FabricUnready", lack)], facts, also=also)
    inventory = _inventory(told)

    def ready(tx: Tx) -> None:
        offered = host_gpus.offered(
            record.uid,
            told.gpus,
            told.gpu_board,
            simulated=spec["driver"] == "sim",
            features=told.features,
            to_be_divided=host_division.to_be_divided(divided),
            given=gpus.of_host(tx, record.uid) if any(gpu.vgpu_interface for gpu in told.gpus) else (),
        )
        _state(tx, record, spec, pool, inventory, offered)
        if spec["sriov"] or agent.settings is not None:
            assignments.put_settings(tx, record.uid, host_division.settings_of(spec))
        if not record.ready:  # images may be wanted here too
            work.ask_many(tx, (each for each in objects.everywhere(tx, ["image"])))

    return Outcome(
        item,
        record,
        Next.DONE,
        [conditions.ready(True, "Ready", "; ".join(problems)[:1000])],
        facts,
        also=ready,
    )


def _lacks_of_fabric(name: str, *, has_fabric: bool) -> str:
    """What keeps a host that plugs its guests into a fabric from having some; empty when nothing does."""
    if not has_fabric:
        return (
            "Its agent plugs guests into OVN, and this control plane has none: start it with --ovn-northbound, or the "
            "agent with --network local."
        )
    return "" if name else "Its Open vSwitch has no name in OVN yet: see `status.problems`."


def _state(
    tx: Tx,
    record: Record,
    spec: dict[str, Any],
    pool: Pool,
    inventory: HostInventory | None,
    offered: Boarded | None = None,
) -> None:
    """Make the host's capacity known; without an inventory the last known one stands and the host is not ready."""
    ready = inventory is not None
    if inventory is None:
        names = (f.name for f in fields(HostInventory))
        known = {"vcpus": 0, "memory_mib": 0, "disk_gib": 0, "hypervisor": "", "accelerated": False}
        known |= {name: record.status[name] for name in names if name in record.status}
        inventory = documents.read(HostInventory, known)
    allocations.set_host(
        tx,
        record.uid,
        name=record.name,
        zone=spec["zone"],
        rack=spec["rack"],
        taints=spec["taints"],
        pool=pool.name,
        pool_shared=pool.shared,
        labels=record.labels,
        ready=ready,
        schedulable=spec["schedulable"],
        capacity=_capacity(
            inventory, cpu_overcommit=spec["cpu_overcommit"], reserved_memory_mib=spec["reserved_memory_mib"]
        ),
        features=[feature.value for feature in inventory.features],
        gpus=offered,
        cells=_cell_capacities(inventory, spec) if ready else None,
    )
    if ready and not record.ready:
        work.wake_first_waiter(tx)


def _cell_capacities(inventory: HostInventory, spec: dict[str, Any]) -> dict[int, dict[str, int]]:
    """What each NUMA cell can give out, as `_capacity` has it; each keeps its part of what the host keeps."""
    own = frozenset(inventory.dedicated_cpus)
    memory_mib = max(1, sum(cell.memory_mib for cell in inventory.cells))
    found: dict[int, dict[str, int]] = {}
    for cell in inventory.cells:
        alone = replace(
            inventory,
            vcpus=len(cell.cpus),
            memory_mib=cell.memory_mib,
            dedicated_cpus=tuple(cpu for cpu in cell.cpus if cpu in own),
            hugepages=cell.hugepages,
        )
        kept_mib = -(-spec["reserved_memory_mib"] * cell.memory_mib // memory_mib)
        capacity = asdict(_capacity(alone, cpu_overcommit=spec["cpu_overcommit"], reserved_memory_mib=kept_mib))
        found[cell.number] = {name: capacity[name] for name in COUNTED}
    return found


def _capacity(inventory: HostInventory, *, cpu_overcommit: float, reserved_memory_mib: int) -> Amounts:
    """What a host can give out. Threads and pages that are set aside are not shared, overcommitted or reserved."""
    pages = {pool.size_kib: pool.total for pool in inventory.hugepages}
    set_aside_mib = sum(pool.size_kib * pool.total for pool in inventory.hugepages) >> 10
    dedicated = len(inventory.dedicated_cpus)
    return Amounts(
        vcpus=int(max(0, inventory.vcpus - dedicated) * cpu_overcommit),
        memory_mib=max(0, inventory.memory_mib - set_aside_mib - reserved_memory_mib),
        disk_gib=inventory.disk_gib,
        dedicated_threads=dedicated,
        hugepages_2m=pages.get(HUGEPAGE_2M_KIB, 0),
        hugepages_1g=pages.get(HUGEPAGE_1G_KIB, 0),
    )


def _shown(inventory: HostInventory | documents.Inventory) -> dict[str, Any]:
    """What is told of a host; its cells are told with its other hardware, and counted by placement."""
    shown = documents.write(inventory)
    del shown["cells"]
    return shown


def _gpus(found: HostGpus) -> dict[str, Any]:
    """What is said of a host's GPUs."""
    return {
        "gpus": documents.write(found)["gpus"],
        "gpu_board": found.board,
        "gpu_summary": summary(found.gpus, found.board),
    }


def _inventory(told: documents.Inventory) -> HostInventory:
    """What an agent told, as the driver contract has it; a feature that only a newer version knows is left out."""
    return HostInventory(
        told.vcpus,
        told.memory_mib,
        told.disk_gib,
        told.hypervisor,
        told.accelerated,
        dedicated_cpus=told.dedicated_cpus,
        hugepages=told.hugepages,
        numa_cells=told.numa_cells,
        features=tuple(feature for feature in HostFeature if feature in told.features),
        cpu_model=told.cpu_model,
        cells=told.cells,
    )
