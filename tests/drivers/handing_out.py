"""What runs in the SR-IOV laboratory's machine: the product's drivers hand real devices of it out to a real guest.

Each line on the standard output is a JSON document: a step, and what was found. See test_handing_out.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pextra.agent.gpus.guests import GuestGpus
from pextra.clock import SystemClock
from pextra.drivers.account import guest_account
from pextra.drivers.gpu.interface import Gpu
from pextra.drivers.interface import (
    CpuTopology,
    DeviceKind,
    DiskSource,
    DriverError,
    GuestDevice,
    GuestDisk,
    GuestSpec,
    Seed,
)
from pextra.drivers.libvirt.driver import LibvirtCompute
from pextra.drivers.libvirt.hosting import PrivateLibvirtd
from pextra.drivers.vfio.handing import HostDevices
from tests.labs.sriov import virtualization

ROOT_DISK, SATA = "0000:00:03.0", "0000:00:1f.2"
DIVIDED, WHOLE = "0000:21:00.0", "0000:61:00.0"
PCI = Path("/sys/bus/pci/devices")
DATA = Path("/var/lib/pextra/hv")
UID = "0193a1b2-0000-7000-8000-0000000000aa"
SCRIPT = """#!/bin/sh
until [ -b /dev/nvme0n1 ] && [ -b /dev/nvme1n1 ]; do sleep 1; done
for d in /sys/class/nvme/nvme?; do
    way=$(readlink -f $d)
    root=${way#/sys/devices/}
    read -r node <$d/device/numa_node
    echo "GUEST function root=${root%%/*} node=$node"
done
for b in /dev/nvme?n1; do
    read -r line <$b
    echo "GUEST disk $line"
done
for name in /sys/class/virtio-ports/*/name; do
    read -r port <$name
    [ "$port" = org.pextra.gpu.0 ] && name=${name%/name} && port=/dev/${name##*/} && break
done
said=
for d in /sys/class/nvme/nvme?; do
    way=$(readlink -f $d/device | sed -E 's#^/sys/devices/pci##; s#/[0-9a-f]{4}:[0-9a-f]{2}:#/#g')
    read -r serial <$d/serial
    said="$said${said:+,}$(printf '{"path":"%s","power_mw":100%s}' $way ${serial#gpu})"
done
echo "GUEST says $said"
echo "GUEST done"
printf '{"gpus":[%s]}\\n' "$said" >$port
"""
PATIENCE_S = 840.0  # an emulated machine within an emulated machine: two minutes where nobody else needs the processor
HEARD_S = 60.0
BEGUN = time.monotonic()


def say(step: str, **found: Any) -> None:
    print(json.dumps({"step": step, "at_s": round(time.monotonic() - BEGUN, 1), **found}), flush=True)


def reason_of(act: Callable[[], object]) -> str:
    try:
        act()
    except DriverError as error:
        return str(error)
    return ""


def link(path: Path) -> str:
    return path.readlink().name if path.is_symlink() else ""


def state_of(address: str) -> dict[str, Any]:
    """How the kernel has a function."""
    path = PCI / address
    group = link(path / "iommu_group")
    door = Path("/dev/vfio") / group
    return {
        "driver": link(path / "driver"),
        "override": (path / "driver_override").read_text().strip(),
        "group": [member.name for member in Path("/sys/kernel/iommu_groups", group, "devices").iterdir()],
        "owner": door.stat().st_uid if door.exists() else None,
    }


def device(address: str) -> GuestDevice:
    path = PCI / address
    root = path.resolve().parts[3].removeprefix("pci")
    node = int((path / "numa_node").read_text())
    return GuestDevice(DeviceKind.VFIO, address, numa_node=node if node >= 0 else None, root_complex=root)


def heard(compute: LibvirtCompute, devices: tuple[GuestDevice, ...]) -> dict[str, int | None]:
    """What the guest says of its devices, as if these were GPUs that the host knows."""
    listening = GuestGpus(compute, SystemClock())
    listening.know(Gpu(each.address, "1b36", "0010", "", "") for each in devices)
    deadline = time.monotonic() + HEARD_S
    while not listening.readings() and time.monotonic() < deadline:
        listening.listen()
        time.sleep(0.5)
    return {each.reading.address: each.reading.power_mw for each in listening.readings()}


def main() -> None:
    libvirtd = PrivateLibvirtd(DATA)
    libvirtd.ensure_up()
    devices = HostDevices(DATA / "devices", account=libvirtd.account)
    compute = LibvirtCompute(libvirtd, accelerated=False, devices=devices)
    say("host", inventory=str(compute.observe_host()), features=list(compute.observe_host().features))
    for address in (ROOT_DISK, SATA):
        unfit = GuestDevice(DeviceKind.VFIO, address)
        say("refused", address=address, reason=reason_of(lambda unfit=unfit: devices.refuse_unfit(UID, [unfit])))

    virtualization.prepare(PCI / DIVIDED)
    vfs = devices.ensure_vfs(DIVIDED, 2)
    say("divided", vfs=vfs, again=devices.ensure_vfs(DIVIDED, 2) == vfs, states=[state_of(vf) for vf in vfs])
    virtualization.bring_online(PCI / DIVIDED, 2)
    whole = GuestDevice(DeviceKind.VFIO, DIVIDED)
    say("refused", address=DIVIDED, reason=reason_of(lambda: devices.refuse_unfit(UID, [whole])))

    disk = Path("/var/lib/pextra/root.qcow2")
    disk.write_bytes(Path("/pextra/tiny.qcow2").read_bytes())
    if account := guest_account():
        account.own(disk)
    guest = GuestSpec(
        uid=UID,
        tenant_uid="tenant-a",
        name="nested",
        vcpus=2,
        memory_mib=192,
        disks=(GuestDisk("root", DiskSource("file", str(disk), "qcow2")),),
        seed=Seed(f"instance-id: {UID}\nlocal-hostname: nested\n", SCRIPT),
        cpu=CpuTopology(numa_cells=2),
        devices=(device(vfs[0]), device(WHOLE)),
    )
    compute.ensure_defined(guest)
    say("defined", states={d.address: state_of(d.address) for d in guest.devices})
    compute.ensure_running(UID)
    say("started")
    deadline = time.monotonic() + PATIENCE_S
    console = ""
    while "GUEST done" not in console and time.monotonic() < deadline:
        time.sleep(0.5)
        console = compute.console_log(UID, offset=0, limit=1 << 20).decode(errors="replace")
    said = [line.strip().removeprefix("GUEST ") for line in console.splitlines() if line.startswith("GUEST ")]
    say("told", powers=heard(compute, guest.devices))
    seen = compute.observe_guest(UID)
    assert seen is not None
    pid = int((DATA / f"run/libvirt/qemu/run/{UID}.pid").read_text())
    locked = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmLck"))
    opened = {os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.is_symlink()}  # noqa: PTH115
    say(
        "runs",
        said=said,
        devices=seen.devices,
        problems=seen.problems,
        locked_kib=int(locked.split()[1]),
        opened=sorted(path for path in opened if path.startswith("/dev/vfio/")),
        account=Path(f"/proc/{pid}").stat().st_uid,
        tail="" if said else console[-1500:],
    )
    say("refused while it runs", reason=reason_of(lambda: devices.ensure_vfs(DIVIDED, 3)))

    compute.ensure_stopped(UID, force=True)
    (PCI / WHOLE / "remove").write_text("1")
    seen = compute.observe_guest(UID)
    assert seen is not None
    compute.ensure_defined(guest)
    say("lost", problems=seen.problems, reason=reason_of(lambda: compute.ensure_running(UID)))
    Path("/sys/bus/pci/rescan").write_text("1")
    compute.ensure_defined(guest)
    seen = compute.observe_guest(UID)
    assert seen is not None
    say("found", problems=seen.problems, state=state_of(WHOLE))

    compute.ensure_absent(UID)
    while not list((PCI / WHOLE / "nvme").glob("nvme*")):
        time.sleep(0.1)
    ledger = [path.name for path in (DATA / "devices").glob("*.json")]
    say("given back", states={d.address: state_of(d.address) for d in guest.devices}, ledger=ledger)
    say("whole again", vfs=devices.ensure_vfs(DIVIDED, 0))


main()
