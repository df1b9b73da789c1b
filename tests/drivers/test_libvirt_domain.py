"""Domain XML is a pure function of the guest, and a guest's history can be read back from it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pextra.drivers.interface import (
    DiskSource,
    GuestDisk,
    GuestNic,
    GuestSpec,
    Permanent,
    PortBinding,
)
from pextra.drivers.libvirt.domain import GuestFiles, Machine, domain_uuid, domain_xml, record_of
from pextra.drivers.libvirt.record import History, from_domain, parse_xml

GOLDEN = Path(__file__).parent / "golden"
EMULATED = Machine(accelerated=False)
FILES = GuestFiles(Path("/srv/guests/console.log"), None)
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
        GuestNic("port-b", "52:54:00:00:00:02", PortBinding("user")),
    ),
)
PAST = History(3, starting=True, stop_requested=True, rebooting=True, acts=("one", "two"), host_boot="b00t")
CASES = {
    "small": (SMALL, EMULATED, FILES, History()),
    "full": (FULL, Machine(accelerated=True), replace(FILES, seed=Path("/srv/guests/seed.iso")), PAST),
}


def rendered(case: str) -> str:
    guest, machine, files, history = CASES[case]
    return domain_xml(guest, machine, files, record_of(guest, machine, files, history))


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
        (replace(SMALL, nics=FULL.nics * 8), "TooManyDevices"),
    ],
)
def test_what_this_host_cannot_do_is_refused(guest: GuestSpec, reason: str) -> None:
    with pytest.raises(Permanent) as caught:
        domain_xml(guest, EMULATED, FILES, record_of(guest, EMULATED, FILES, History()))
    assert caught.value.reason == reason
