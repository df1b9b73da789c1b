"""Domain XML is a pure function of the guest, and a guest's history can be read back from it."""

from __future__ import annotations

import shutil
import string
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pextra.drivers.interface import (
    CellShare,
    CpuPolicy,
    CpuTopology,
    DeviceKind,
    DiskSource,
    Firmware,
    FirmwareType,
    GuestDevice,
    GuestDisk,
    GuestNic,
    GuestSpec,
    Permanent,
    PortBinding,
)
from pextra.drivers.libvirt.devices import alias_of, devices_of, disk_name, uid_of
from pextra.drivers.libvirt.domain import GuestFiles, Machine, domain_uuid, domain_xml, record_of
from pextra.drivers.libvirt.firmware import UefiImage, UefiImages
from pextra.drivers.libvirt.record import History, from_domain, parse_xml

GOLDEN = Path(__file__).parent / "golden"
UEFI = UefiImages(
    plain=UefiImage(Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd")),
    secure=UefiImage(Path("/usr/share/OVMF/OVMF_CODE_4M.ms.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.ms.fd")),
)
EMULATED = Machine(accelerated=False)
FILES = GuestFiles(Path("/srv/guests/web"))
SMALL = GuestSpec(
    uid="0193a1b2-0000-7000-8000-0000000000aa",
    tenant_uid="0193a1b2-0000-7000-8000-0000000000bb",
    name="web-1",
    vcpus=1,
    memory_mib=256,
    disks=(GuestDisk("0193a1b2-0000-7000-8000-0000000000cc", DiskSource("file", "/srv/root.qcow2", "qcow2")),),
)
FULL = replace(
    SMALL,
    name="db & <cache>",
    vcpus=4,
    memory_mib=8192,
    disks=(*SMALL.disks, GuestDisk("data", DiskSource("file", "/srv/data.raw", "raw"), read_only=True)),
    nics=(
        GuestNic("port-a", "52:54:00:00:00:01", PortBinding("user")),
        GuestNic("port-b.1", "52:54:00:00:00:02", PortBinding("tap", "px0123456789ab"), mtu=1442),
    ),
)
UEFI_GUEST = replace(SMALL, firmware=Firmware(FirmwareType.UEFI))
SECURE = replace(SMALL, firmware=Firmware(FirmwareType.UEFI, secure_boot=True, tpm=True))
PINNED = replace(
    SMALL,
    vcpus=4,
    memory_mib=4096,
    cpu=CpuTopology(CpuPolicy.DEDICATED, pinned_cpus=(2, 3, 10, 11), numa_cells=2, hugepage_kib=2048),
)
RESCUED = replace(
    SMALL, rescue=GuestDisk("web.rescue", DiskSource("file", "/srv/rescue.qcow2", "qcow2"), size_bytes=1 << 30)
)
GPUS = tuple(
    GuestDevice(DeviceKind.VFIO, f"0000:{bus}:00.0", numa_node=node, root_complex=root)
    for bus, node, root in (("41", 0, "0000:40"), ("42", 0, "0000:40"), ("c1", 1, "0000:c0"), ("c2", 1, "0000:c0"))
)
FOUR_GPUS = replace(PINNED, cpu=CpuTopology(numa_cells=2), firmware=Firmware(FirmwareType.UEFI), devices=GPUS)
TWO_CELLS = Machine(
    accelerated=True, uefi=UEFI, shared_cpus=(0, 1, 8, 9), threads_of_nodes=((0, (0, 1, 2, 3)), (1, (8, 9, 10, 11)))
)
BOUND = replace(
    SMALL, cpu=CpuTopology(shares=(CellShare(1, vcpus=SMALL.vcpus, memory_mib=SMALL.memory_mib),)), devices=GPUS[:1]
)
BOUND_PAGES = replace(
    PINNED,
    cpu=replace(
        PINNED.cpu, shares=(CellShare(0, dedicated_threads=2, pages=1), CellShare(1, dedicated_threads=2, pages=1))
    ),
)
VF = GuestDevice(DeviceKind.VFIO, "0000:21:00.1", numa_node=1, root_complex="0000:20")
MDEV = GuestDevice(DeviceKind.MDEV, "0000:3b:00.4", uuid="5c1bff6c-7e2b-4a52-9b0a-2f2f8b1c7d11", type="nvidia-699")
PAST = History(
    3, starting=True, stop_requested=True, rebooting=True, acts=("one", "two"), rebuilds=("three",), host_boot="b00t"
)
CASES = {
    "small": (SMALL, EMULATED, FILES, History()),
    "full": (FULL, Machine(accelerated=True), replace(FILES, seed=Path("/srv/guests/seed.iso")), PAST),
    "uefi": (UEFI_GUEST, replace(EMULATED, uefi=UEFI), FILES, History()),
    "secure": (SECURE, replace(EMULATED, uefi=UEFI), FILES, History()),
    "pinned": (PINNED, Machine(accelerated=True, cpu_model="EPYC-Rome"), FILES, History()),
    "shared": (SMALL, Machine(accelerated=False, shared_cpus=(0, 1, 8, 9)), FILES, History()),
    "rescued": (RESCUED, EMULATED, FILES, History()),
    "four_gpus": (FOUR_GPUS, Machine(accelerated=True, uefi=UEFI), FILES, History()),
    "bound": (BOUND, TWO_CELLS, FILES, History()),
    "bound_pages": (BOUND_PAGES, TWO_CELLS, FILES, History()),
    "vf": (replace(SMALL, devices=(VF,)), EMULATED, FILES, History()),
    "mdev": (replace(SMALL, devices=(MDEV,)), EMULATED, FILES, History()),
}
WINDOWS_MIB = {"four_gpus": 4 * (128 << 10)}


def rendered(case: str) -> str:
    guest, machine, files, history = CASES[case]
    window_mib = WINDOWS_MIB.get(case, 0)
    record = record_of(guest, machine, files, history, window_mib=window_mib)
    return domain_xml(guest, machine, files, record, window_mib=window_mib)


@pytest.mark.parametrize("case", CASES)
def test_domain_is_as_it_was_reviewed(case: str) -> None:
    assert rendered(case) == (GOLDEN / f"{case}.xml").read_text()


@pytest.mark.skipif(
    shutil.which("virt-xml-validate") is None or shutil.which("xmllint") is None,
    reason="apt-get install --no-install-recommends libvirt-clients libxml2-utils",
)
@pytest.mark.parametrize("case", CASES)
def test_domain_satisfies_libvirt_s_schema(case: str) -> None:
    path = GOLDEN / f"{case}.xml"
    done = subprocess.run(
        ["virt-xml-validate", str(path), "domain"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_history_is_read_back_from_the_domain() -> None:
    guest, machine, files, history = CASES["full"]
    assert from_domain(parse_xml(rendered("full"))) == record_of(guest, machine, files, history)


def test_domain_without_a_record_is_not_ours() -> None:
    assert from_domain(parse_xml("<domain><name>theirs</name></domain>")) is None


def test_digest_follows_the_definition_and_not_the_history() -> None:
    def digest(guest: GuestSpec, files: GuestFiles = FILES, history: History | None = None) -> str:
        return record_of(guest, EMULATED, files, history or History()).digest

    assert digest(SMALL, history=PAST) == digest(SMALL)
    assert digest(replace(SMALL, memory_mib=257)) != digest(SMALL)
    assert digest(RESCUED) != digest(SMALL)
    assert digest(SMALL, replace(FILES, seed=Path("/srv/guests/other.iso"))) != digest(SMALL)


def test_uid_that_is_no_uuid_has_a_uuid_of_its_own() -> None:
    assert domain_uuid(SMALL.uid) == SMALL.uid
    assert domain_uuid("guest-1") == domain_uuid("guest-1") != domain_uuid("guest-2")


@pytest.mark.parametrize(
    ("guest", "reason"),
    [
        (replace(SMALL, disks=(GuestDisk("t", DiskSource("tape", "/dev/st0", "raw")),)), "DiskUnsupported"),
        (replace(SMALL, disks=(GuestDisk("v", DiskSource("file", "/srv/x", "vmdk")),)), "DiskUnsupported"),
        (replace(SMALL, nics=(GuestNic("p", "52:54:00:00:00:01", PortBinding("sim")),)), "BindingUnsupported"),
        (replace(SMALL, nics=(GuestNic("p", "52:54:00:00:00:01", PortBinding("tap")),)), "BindingUnsupported"),
        (UEFI_GUEST, "FirmwareMissing"),
        (replace(SMALL, firmware=Firmware(secure_boot=True)), "FirmwareMissing"),
        (replace(SMALL, cpu=CpuTopology(numa_cells=3)), "TopologyInvalid"),
        (replace(SMALL, cpu=CpuTopology(pinned_cpus=(1, 2))), "TopologyInvalid"),
    ],
)
def test_what_this_host_cannot_do_is_refused(guest: GuestSpec, reason: str) -> None:
    with pytest.raises(Permanent) as caught:
        domain_xml(guest, EMULATED, FILES, record_of(guest, EMULATED, FILES, History()))
    assert caught.value.reason == reason


def test_only_what_needs_a_restart_changes_the_machine() -> None:
    def machine(guest: GuestSpec) -> str:
        return record_of(guest, EMULATED, FILES, History()).machine

    for alike in (replace(SMALL, name="other"), replace(SMALL, disks=FULL.disks), replace(SMALL, nics=FULL.nics)):
        assert machine(alike) == machine(SMALL)
    for other in (replace(SMALL, vcpus=2), replace(SMALL, memory_mib=512), SECURE, PINNED, RESCUED):
        assert machine(other) != machine(SMALL)


def test_every_guest_has_slots_to_spare() -> None:
    disks = tuple(GuestDisk(f"d{i}", DiskSource("file", f"/srv/d{i}", "raw")) for i in range(25))
    many = replace(SMALL, disks=disks, nics=FULL.nics * 8)
    domain = parse_xml(domain_xml(many, EMULATED, FILES, record_of(many, EMULATED, FILES, History())))
    slots = domain.findall("devices/controller[@model='pcie-root-port']")
    assert len(slots) >= len(disks) + len(many.nics) + 8
    assert len({disk.name for disk in devices_of(domain).disks}) == len(disks)


def test_disks_beyond_the_alphabet_have_names() -> None:
    letters = [f"vd{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    assert disk_name(letters) == "vdaa"
    assert disk_name([*letters, "vdaa"]) == "vdab"
    assert disk_name([name for name in letters if name != "vdc"]) == "vdc"


@pytest.mark.parametrize("uid", ["0193a1b2-0000-7000-8000-0000000000aa", "a.0.b", "with_underscore", "ümlaut", ""])
def test_uid_is_read_back_from_its_alias(uid: str) -> None:
    alias = alias_of("disk", uid)
    assert uid_of("disk", alias) == uid
    assert uid_of("nic", alias) is None
    assert set(alias) <= set(string.ascii_letters + string.digits + "-_")


def test_devices_are_read_back_from_the_domain() -> None:
    devices = devices_of(parse_xml(rendered("full")))
    assert [(d.uid, d.name, d.source) for d in devices.disks] == [
        (SMALL.disks[0].volume_uid, "vda", "/srv/root.qcow2"),
        ("data", "vdb", "/srv/data.raw"),
    ]
    assert [(n.uid, n.mac) for n in devices.nics] == [(n.port_uid, n.mac) for n in FULL.nics]
    assert devices.disk_names == {"vda", "vdb", "vdc"}
