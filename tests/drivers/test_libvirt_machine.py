"""Firmware, TPM and processors: what a guest's machine is made of is its own and goes with it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from pextra.drivers.interface import CpuPolicy, CpuTopology, Firmware, FirmwareType, Permanent
from pextra.drivers.libvirt.features import HostFeatures, find_features
from pextra.drivers.libvirt.firmware import find_uefi
from tests.drivers.hypervisor import Hypervisor
from tests.labs.waiting import wait_until

FEATURES = find_features()
UEFI = Firmware(FirmwareType.UEFI)
SECURE = replace(UEFI, secure_boot=True)


def needs(feature: str, *, there: bool) -> pytest.MarkDecorator:
    remedy = next((text for text in FEATURES.lacking if text.startswith(feature)), "")
    return pytest.mark.skipif(not there, reason=remedy)


@pytest.mark.parametrize(
    "firmware",
    [
        pytest.param(UEFI, marks=needs("UEFI firmware", there=FEATURES.uefi.plain is not None)),
        pytest.param(SECURE, marks=needs("UEFI firmware with", there=FEATURES.uefi.secure is not None)),
    ],
)
def test_uefi_runs_with_variables_of_the_guests_own(hypervisor: Hypervisor, firmware: Firmware) -> None:
    guests = [replace(hypervisor.new_guest(name), firmware=firmware) for name in ("uefi-1", "uefi-2")]
    for guest in guests:
        hypervisor.compute.ensure_defined(guest)
    one, other = (hypervisor.libvirtd.guests_dir / g.uid / "qemu" / "uefi-variables.fd" for g in guests)
    hypervisor.compute.ensure_running(guests[0].uid)
    assert one.is_file()
    assert not other.exists()
    assert one.stat().st_uid == Path(f"/proc/{hypervisor.qemu_pid(guests[0].uid)}").stat().st_uid
    fresh = one.read_bytes()
    # The tiny guest's disk is for a BIOS: the firmware tries it, says so, and writes the order that it tried.
    hypervisor.wait_for_console(guests[0].uid, "BdsDxe")
    wait_until(lambda: one.read_bytes() != fresh, 30, "the firmware to write its variables")
    command = Path(f"/proc/{hypervisor.qemu_pid(guests[0].uid)}/cmdline").read_bytes()
    assert (b"secboot" in command or b".ms.fd" in command) == firmware.secure_boot
    for guest in guests:
        hypervisor.compute.ensure_absent(guest.uid)
    assert not one.parent.exists()


@needs("TPM 2.0", there=FEATURES.tpm)
def test_tpm_lives_and_goes_with_its_guest(hypervisor: Hypervisor) -> None:
    guest = replace(hypervisor.new_guest("tpm"), firmware=Firmware(tpm=True))
    hypervisor.compute.ensure_defined(guest)
    hypervisor.compute.ensure_running(guest.uid)
    state = _tpm_state(hypervisor.libvirtd_root)
    assert state is not None
    (tpm,) = _processes("swtpm", guest.uid)
    hypervisor.compute.ensure_stopped(guest.uid, force=True)
    wait_until(lambda: not _processes("swtpm", guest.uid), 10, f"swtpm {tpm} to end")
    assert _tpm_state(hypervisor.libvirtd_root) is not None  # what it keeps outlives a power-off
    hypervisor.compute.ensure_absent(guest.uid)
    assert _tpm_state(hypervisor.libvirtd_root) is None


def _tpm_state(root: Path) -> Path | None:
    return next(root.rglob("tpm2-00.permall"), None)


def _processes(program: str, uid: str) -> list[int]:
    """Processes of a program with the uid among their arguments."""
    found: list[int] = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (directory / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if arguments[0].rpartition(b"/")[2] == program.encode() and any(uid[:20].encode() in a for a in arguments):
            found.append(int(directory.name))
    return found


def test_processors_are_pinned_and_cells_are_seen(hypervisor: Hypervisor) -> None:
    threads = sorted(os.sched_getaffinity(0))[:2]
    if len(threads) < 2:
        pytest.skip("this machine has one processor thread")
    pinned = CpuTopology(CpuPolicy.DEDICATED, pinned_cpus=(threads[1], threads[0]), numa_cells=2)
    guest = replace(hypervisor.new_guest("pinned"), vcpus=2, cpu=pinned)
    hypervisor.compute.ensure_defined(guest)
    hypervisor.compute.ensure_running(guest.uid)
    seen = hypervisor.compute.observe_guest(guest.uid)
    assert seen is not None
    assert seen.pinned_cpus == pinned.pinned_cpus
    tasks = Path(f"/proc/{hypervisor.qemu_pid(guest.uid)}/task")
    affinity = {os.sched_getaffinity(int(t.name)) == {threads[1]} for t in tasks.iterdir()}
    assert True in affinity
    hypervisor.wait_for_console(guest.uid, "PEXTRA-GUEST ready")
    with hypervisor.terminal(guest.uid) as type_line:
        type_line("ls -d /sys/devices/system/node/node?")
        hypervisor.wait_for_console(guest.uid, "node/node0  /sys/devices/system/node/node1")
    hypervisor.compute.ensure_absent(guest.uid)


def test_what_the_host_lacks_is_said_with_its_remedy(tmp_path: Path, hypervisor: Hypervisor) -> None:
    lacking = "\n".join(HostFeatures().lacking)
    for remedy in ("ovmf", "swtpm swtpm-tools", "vm.nr_hugepages"):
        assert remedy in lacking
    guest = hypervisor.new_guest("greedy")
    for wanted, reason in (
        (replace(guest, firmware=Firmware(tpm=True)), "TpmMissing"),
        (replace(guest, cpu=CpuTopology(hugepage_kib=2048)), "HugepagesMissing"),
    ):
        with pytest.raises(Permanent) as caught:
            HostFeatures().refuse_lacking(wanted)
        assert caught.value.reason == reason
    pages = tmp_path / "hugepages-2048kB"
    pages.mkdir()
    (pages / "free_hugepages").write_text("0\n")
    (pages / "nr_hugepages").write_text("0\n")
    assert find_features(pages_dir=tmp_path).hugepages_kib == frozenset()
    (pages / "nr_hugepages").write_text("4\n")
    assert find_features(pages_dir=tmp_path).hugepages_kib == {2048}


def test_firmware_is_chosen_by_its_descriptors(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "etc", tmp_path / "usr"
    for directory in (ours, theirs):
        directory.mkdir()
        for name in ("plain", "secure"):
            (directory / f"{name}.code").touch()
            (directory / f"{name}.vars").touch()

    def describe(directory: Path, file: str, name: str, *features: str, machine: str = "pc-q35-*") -> None:
        flash = {
            "device": "flash",
            "executable": {"filename": str(directory / f"{name}.code"), "format": "raw"},
            "nvram-template": {"filename": str(directory / f"{name}.vars"), "format": "raw"},
        }
        targets = [{"architecture": "x86_64", "machines": [machine]}]
        document = {"interface-types": ["uefi"], "mapping": flash, "targets": targets, "features": list(features)}
        (directory / file).write_text(json.dumps(document))

    assert find_uefi([ours, theirs]) == HostFeatures().uefi
    describe(theirs, "10-other.json", "plain", machine="pc-i440fx-*")
    describe(theirs, "20-gone.json", "absent")
    (theirs / "30-broken.json").write_text("{")
    assert find_uefi([ours, theirs]) == HostFeatures().uefi
    describe(theirs, "50-secure.json", "secure", "secure-boot", "enrolled-keys", "requires-smm")
    describe(theirs, "60-plain.json", "plain")
    found = find_uefi([ours, theirs])
    assert found.secure is not None
    assert found.plain is not None
    assert (found.secure.code, found.plain.code) == (theirs / "secure.code", theirs / "plain.code")
    describe(ours, "60-plain.json", "plain")  # the administrator's masks it
    masked = find_uefi([ours, theirs])
    assert masked.plain is not None
    assert masked.plain.code == ours / "plain.code"
