"""What is read of each machine that is written down, and what holds of all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from pextra.agent.inventory.disks import DiskUse
from pextra.agent.inventory.memory import HugePages
from pextra.agent.inventory.observation import Inventory, observe
from pextra.agent.inventory.pci import IommuGroup, PciDevice, Sriov
from pextra.agent.inventory.system import Distribution
from tests.unit.inventory.machines import MACHINES, lay_out, unpack

INVENTORY = TypeAdapter(Inventory)


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Inventory]:
    return {machine: observe(unpack(machine, tmp_path_factory.mktemp(machine))) for machine in MACHINES}


def device(inventory: Inventory, address: str) -> PciDevice:
    return next(device for device in inventory.pci.devices if device.address == address)


@pytest.mark.parametrize("machine", MACHINES)
def test_an_inventory_survives_json_and_is_small(observed: dict[str, Inventory], machine: str) -> None:
    text = INVENTORY.dump_json(observed[machine])
    assert INVENTORY.validate_json(text) == observed[machine]
    assert INVENTORY.dump_python(observed[machine], mode="json") == INVENTORY.dump_python(
        INVENTORY.validate_json(text), mode="json"
    )
    assert len(text) < 64 * 1024


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_that_did_not_change_is_read_the_same_wherever_it_lies(
    observed: dict[str, Inventory], machine: str, tmp_path: Path
) -> None:
    assert observe(unpack(machine, tmp_path)) == observed[machine]


@pytest.mark.parametrize("machine", MACHINES)
def test_the_parts_of_an_inventory_agree(observed: dict[str, Inventory], machine: str) -> None:
    inventory = observed[machine]
    assert inventory.problems == ()
    cpus, cells = inventory.cpus, inventory.memory.cells
    assert sorted(cpu for cell in cells for cpu in cell.cpus) == list(cpus.online)
    assert sorted(cpu for core in cpus.siblings for cpu in core) == list(cpus.online)
    assert (cpus.threads, cpus.cores) == (len(cpus.online), len(cpus.siblings))
    assert inventory.memory.memory_mib is not None
    assert sum(cell.memory_mib for cell in cells) == pytest.approx(inventory.memory.memory_mib, rel=0.05)
    assert all(len(cell.distances) == len(cells) and cell.distances[n] == 10 for n, cell in enumerate(cells))
    of_address = {device.address: device for device in inventory.pci.devices}
    for found in of_address.values():
        if found.sriov:
            assert len(found.sriov.vfs) == found.sriov.num_vfs <= found.sriov.total_vfs
            assert all(of_address[vf].physfn == found.address for vf in found.sriov.vfs)
        if found.physfn:
            whole = of_address[found.physfn].sriov
            assert whole is not None
            assert found.address in whole.vfs
    groups = {group.id: group.members for group in inventory.pci.iommu_groups}
    assert all(found.address in groups[found.iommu_group] for found in of_address.values() if found.iommu_group)
    assert set(groups) == {found.iommu_group for found in of_address.values()} - {None}
    assert {nic.pci_address for nic in inventory.nics} <= set(of_address)


def test_a_small_virtual_machine(observed: dict[str, Inventory]) -> None:
    inventory = observed["small-vm"]
    assert inventory.system.distribution == Distribution("debian", "12", "Debian GNU/Linux 12 (bookworm)")
    assert inventory.system.kernel == "6.18.44"
    assert inventory.system.boot_id == "327a4296-928f-4f72-957c-ac890ef2fc00"
    assert (inventory.system.virtualised, inventory.system.iommu, inventory.system.apparmor) == (True, False, False)
    assert inventory.cpus.architecture == "x86_64"
    assert inventory.cpus.model == "AMD EPYC"
    assert inventory.cpus.flags == ("aes", "avx", "avx2", "constant_tsc", "hypervisor", "lm")
    assert (inventory.cpus.sockets, inventory.cpus.smt) == (1, False)
    (disk,) = inventory.disks
    assert (disk.name, disk.size_bytes, disk.serial, disk.removable) == ("vda", 256 << 30, "root", False)
    assert disk.in_use == (DiskUse("mount", "/"),)
    (nic,) = inventory.nics
    assert (nic.name, nic.mac, nic.driver, nic.mtu) == ("eth0", "02:fc:00:00:00:01", "virtio_net", 1400)
    assert (nic.speed_mbps, nic.carrier, nic.numa_node) == (None, True, None)
    assert [found.address for found in inventory.pci.devices] == ["0000:00:02.0", "0000:00:03.0"]
    assert {found.numa_node for found in inventory.pci.devices} == {None}
    assert inventory.pci.iommu_groups == ()


def test_the_only_cell_has_all_of_the_memory_also_while_the_kernel_still_prepares_it(
    observed: dict[str, Inventory],
) -> None:
    memory = observed["small-vm"].memory
    assert [cell.memory_mib for cell in memory.cells] == [memory.memory_mib] == [24_105]


def test_the_machine_id_is_what_systemd_makes_for_this_application(observed: dict[str, Inventory]) -> None:
    """Made by `systemd-id128 -u machine-id --app-specific=…` on a machine with the id that is written down."""
    assert observed["small-vm"].system.machine_id == "b0780ddc-90e9-43c5-836d-5d3f93be2da7"


def test_cells_huge_pages_and_siblings_of_two_sockets(observed: dict[str, Inventory]) -> None:
    inventory = observed["two-sockets"]
    cpus, (first, second) = inventory.cpus, inventory.memory.cells
    assert (cpus.sockets, cpus.cores, cpus.threads, cpus.smt) == (2, 32, 64, True)
    assert cpus.siblings[0] == (0, 32)
    assert cpus.siblings[-1] == (31, 63)
    assert first.cpus == (*range(16), *range(32, 48))
    assert first.hugepages == (HugePages(2048, 512, 512), HugePages(1 << 20, 64, 60))
    assert second.hugepages == (HugePages(2048, 0, 0), HugePages(1 << 20, 128, 128))
    assert (first.distances, second.distances) == ((10, 21), (21, 10))
    assert (inventory.system.virtualised, inventory.system.iommu, inventory.system.apparmor) == (False, True, True)
    assert inventory.system.distribution == Distribution("ubuntu", "24.04", "Ubuntu 24.04.1 LTS")


def test_disks_say_what_uses_them_and_only_disks_are_listed(observed: dict[str, Inventory]) -> None:
    disks = {disk.name: disk for disk in observed["two-sockets"].disks}
    assert list(disks) == ["sda", "sdb", "sdc", "nvme0n1"]
    assert disks["sda"].in_use == (
        DiskUse("partition", "sda1"),
        DiskUse("mount", "/boot/efi"),
        DiskUse("partition", "sda2"),
        DiskUse("holder", "dm-0"),
        DiskUse("mount", "/"),
        DiskUse("partition", "sda3"),
        DiskUse("swap", "sda3"),
    )
    assert disks["sdb"].in_use == (DiskUse("mount", "/srv/my data"),)
    assert disks["sdc"].in_use == disks["nvme0n1"].in_use == ()
    assert (disks["sdc"].model, disks["sdc"].serial) == ("TOSHIBA MG08ACA1", "S3456789")
    assert disks["sdc"].wwn == "naa.5000039b28d8a002"
    assert (disks["sda"].rotational, disks["sdc"].rotational) == (False, True)
    assert disks["nvme0n1"].serial == "S6CFNE0R900179"
    assert disks["nvme0n1"].size_bytes == 7_501_476_528 * 512


def test_a_divided_network_card_and_its_functions(observed: dict[str, Inventory]) -> None:
    inventory = observed["two-sockets"]
    first, function, second = inventory.nics
    assert (first.name, first.total_vfs, first.num_vfs, first.speed_mbps) == ("ens1f0", 128, 4, 25_000)
    assert (second.name, second.num_vfs, second.speed_mbps, second.carrier) == ("ens1f1", 0, None, False)
    assert second.mac == "40:a6:b7:10:00:02", "its own, not the one that the bond gave it"
    assert (function.name, function.is_vf, first.is_vf) == ("ens1f0v0", True, False)
    assert (function.driver, function.numa_node, function.pci_address) == ("iavf", 1, "0000:b1:01.0")
    card = device(inventory, "0000:b1:00.0")
    assert card.sriov == Sriov(128, 4, ("0000:b1:01.0", "0000:b1:01.1", "0000:b1:01.2", "0000:b1:01.3"))
    assert (card.vendor, card.device, card.class_code) == ("8086", "159b", "020000")
    assert (card.subsystem_vendor, card.subsystem_device) == ("8086", "0003")
    assert (card.root_complex, card.path, card.numa_node) == ("0000:b0", ("0000:b0:04.0",), 1)
    assert device(inventory, "0000:b1:01.1").driver == "vfio-pci"
    assert IommuGroup(24, ("0000:b1:01.2", "0000:b1:01.3")) in inventory.pci.iommu_groups
    assert IommuGroup(30, ("0000:65:00.0",)) in inventory.pci.iommu_groups, "the bridge in it stays with the host"


def test_what_belongs_to_the_chip_set_is_not_on_offer(observed: dict[str, Inventory]) -> None:
    addresses = {found.address for found in observed["two-sockets"].pci.devices}
    assert {address for address in addresses if address.startswith("0000:00")} == {"0000:00:14.0", "0000:00:17.0"}


def test_eight_gpus_with_their_switches_fabric_and_functions(observed: dict[str, Inventory]) -> None:
    inventory = observed["eight-gpus"]
    gpus = [found for found in inventory.pci.devices if found.class_code == "030200" and not found.physfn]
    assert len(gpus) == 8
    assert [gpu.numa_node for gpu in gpus] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert [gpu.sriov.num_vfs for gpu in gpus if gpu.sriov] == [2, 2, 0, 0, 0, 0, 0, 0]
    assert [gpu.driver for gpu in gpus].count("vfio-pci") == 2
    assert gpus[0].path == ("0000:17:01.0", "0000:18:00.0", "0000:19:00.0")
    assert len([found for found in inventory.pci.devices if found.class_code == "068000"]) == 4
    assert len({found.address for found in inventory.pci.devices}) == 8 + 4 + 8 + 4 + 1
    # Each GPU shares a switch with one card of the fabric, and only with that one.
    for gpu, nic in zip(gpus, inventory.nics, strict=True):
        assert nic.link_layer == "infiniband"
        assert nic.pci_address is not None
        assert device(inventory, nic.pci_address).path[:2] == gpu.path[:2]
    assert (inventory.cpus.sockets, inventory.cpus.cores, inventory.cpus.threads) == (2, 112, 224)
    assert [cell.hugepages for cell in inventory.memory.cells] == [
        (HugePages(1 << 20, 900, 900),),
        (HugePages(1 << 20, 900, 660),),
    ]
    assert (inventory.system.iommu, inventory.system.apparmor) == (True, False)


def test_emulated_controllers_near_each_cell(observed: dict[str, Inventory]) -> None:
    inventory = observed["emulated-sriov"]
    first, second = device(inventory, "0000:21:00.0"), device(inventory, "0000:61:00.0")
    assert (first.numa_node, second.numa_node) == (0, 1)
    assert (first.root_complex, second.root_complex) == ("0000:20", "0000:60")
    vfs = tuple(f"0000:21:00.{n}" for n in range(1, 5))
    assert first.sriov == Sriov(8, 4, vfs)
    assert second.sriov == Sriov(8, 0, ())
    assert {device(inventory, vf).driver for vf in vfs} == {"vfio-pci"}
    groups = {group.id: group.members for group in inventory.pci.iommu_groups}
    # Each function can be given to another guest, and nothing of the chip set without the rest of it.
    assert [groups[device(inventory, vf).iommu_group or 0] for vf in vfs] == [(vf,) for vf in vfs]
    assert groups[first.iommu_group or 0] == (first.address,)
    assert groups[device(inventory, "0000:00:1f.2").iommu_group or 0] == tuple(f"0000:00:1f.{n}" for n in (0, 2, 3))
    assert first.path == ("0000:20:00.0",)
    assert (inventory.system.machine_id, inventory.system.distribution) == (None, None)
    assert (inventory.system.virtualised, inventory.system.iommu, inventory.system.apparmor) == (True, True, True)


def test_of_a_machine_that_shows_nothing_nothing_is_read(tmp_path: Path) -> None:
    inventory = observe(tmp_path)
    assert inventory.problems == inventory.disks == inventory.nics == inventory.pci.devices == ()
    assert (inventory.memory.memory_mib, inventory.memory.cells) == (None, ())
    assert (inventory.cpus.threads, inventory.cpus.sockets, inventory.cpus.smt) == (0, None, None)
    assert (inventory.system.virtualised, inventory.system.iommu, inventory.system.apparmor) == (None, None, None)
    assert observe(tmp_path / "absent") == inventory


def test_a_kernel_without_numa_has_one_cell_with_everything(tmp_path: Path) -> None:
    lay_out(
        "proc/meminfo = MemTotal: 2097152 kB\nsys/devices/system/cpu/cpu{0,1,10}/uevent = x\n"
        "sys/kernel/mm/hugepages/hugepages-2048kB/{nr_hugepages|free_hugepages} = {4|3}\n",
        tmp_path,
    )
    inventory = observe(tmp_path)
    (cell,) = inventory.memory.cells
    assert (cell.id, cell.cpus, cell.memory_mib, cell.distances) == (0, (0, 1, 10), 2048, (10,))
    assert cell.hugepages == (HugePages(2048, 4, 3),)
    assert inventory.problems == ()


def test_a_device_of_any_kind_is_on_offer_once_it_is_divided_or_set_aside(tmp_path: Path) -> None:
    lay_out(
        "[sys/devices/pci0000:00/0000:00:{01.0,02.0,03.0,04.0}]\nclass = 0x088000\nvendor = 0x1\ndevice = 0x2\n"
        "driver -> /sys/bus/pci/drivers/{some|vfio-pci|some|some}\nsriov_totalvfs = {0,0,4,-1}\n",
        tmp_path,
    )
    assert [found.address for found in observe(tmp_path).pci.devices] == ["0000:00:02.0", "0000:00:03.0"]


def test_addresses_of_every_length_are_ordered_by_their_numbers(tmp_path: Path) -> None:
    lay_out(
        "[sys/devices/pci{10000:e0|0000:00|0001:00}/{10000:e1:00.0|0000:ff:00.0|0001:02:00.0}]\n"
        "class = 0x010802\nvendor = 0x1\ndevice = 0x2\n",
        tmp_path,
    )
    found = observe(tmp_path).pci.devices
    assert [device.address for device in found] == ["0000:ff:00.0", "0001:02:00.0", "10000:e1:00.0"]
    assert found[-1].root_complex == "10000:e0"


def test_groups_that_vfio_made_up_are_no_iommu(tmp_path: Path) -> None:
    lay_out("[sys/kernel/iommu_groups/0/devices]", tmp_path)
    assert observe(tmp_path).system.iommu is False
