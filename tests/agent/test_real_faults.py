"""What goes wrong on a real host: full disks, images that lie, deaths at every turn, power cuts.

Nothing is lost, runs twice or stays behind, and whoever asks is told why.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.agent.manifests import instance, surroundings, thing
from tests.agent.real import RealCloud, reason_no_cloud, settle

pytestmark = [pytest.mark.xdist_group("real-host"), pytest.mark.timeout(300)]

MIB: Final = 1 << 20
GIB: Final = 1 << 30
FILLER_MIB: Final = 192
# It writes 256 MiB past all that it needs to boot.
GREEDY: Final = (
    '#!/bin/sh\nyes | head -c 268435456 | dd of=/dev/vda bs=1M seek=128 conv=fsync\necho "the writing ended with $?"\n'
)


@pytest.fixture(scope="module")
def cloud(shared_real_cloud: RealCloud) -> RealCloud:
    """The cloud of these tests; not that of the simulated agents."""
    return shared_real_cloud


def why(cloud: RealCloud, kind: str, name: str) -> tuple[str, str]:
    """The reason and message for which an object is not ready; empty when it is."""
    conditions = cloud.get(kind, name)["status"].get("conditions", [])
    found = next((c for c in conditions if c["type"] == "ready" and c["status"] == "false"), None)
    return (found["reason"], found.get("message", "")) if found else ("", "")


def ask(cloud: RealCloud, *documents: dict[str, Any]) -> None:
    """Apply without waiting for what comes of it."""
    cloud.pextra("apply", "-f", "-", "--no-wait", text="\n---\n".join(json.dumps(d) for d in documents))


def qemu_img(*arguments: str | Path) -> None:
    """Run qemu-img."""
    subprocess.run(["qemu-img", *arguments], check=True, capture_output=True)


def _raw(path: Path) -> None:
    path.write_bytes(b"no header".ljust(MIB, b"\0"))


def _cut_off(path: Path) -> None:
    qemu_img("create", "-q", "-f", "qcow2", "-o", "preallocation=full", path, "2M")
    os.truncate(path, MIB)


LIES: Final[dict[str, tuple[Callable[[Path], object], str]]] = {
    "format": (_raw, "FormatMismatch"),
    "size": (lambda path: qemu_img("create", "-q", "-f", "qcow2", path, "200T"), "ImageLarger"),
    "length": (_cut_off, "FormatMismatch"),
    "backing": (
        lambda path: qemu_img("create", "-q", "-u", "-f", "qcow2", "-F", "raw", "-b", "/etc/shadow", path, "1M"),
        "BackingFileForbidden",
    ),
    "digest": (lambda path: qemu_img("create", "-q", "-f", "qcow2", path, "1M"), "DigestMismatch"),
}


def test_images_that_lie_are_refused_with_the_reason_and_leave_nothing(cloud: RealCloud) -> None:
    before = cloud.traces()
    documents: list[dict[str, Any]] = []
    for lie, (make, _) in LIES.items():
        path = cloud.images / f"lie-{lie}"
        make(path)
        digest = hashlib.sha256(b"" if lie == "digest" else path.read_bytes()).hexdigest()
        documents.append(thing("image", lie, {"url": path.as_uri(), "sha256": digest}))
    elsewhere = {"url": "file:///etc/hostname", "sha256": hashlib.sha256(b"").hexdigest()}
    documents.append(thing("image", "elsewhere", elsewhere))
    ask(cloud, *documents, instance("deceived", image="backing"))
    expected = {lie: reason for lie, (_, reason) in LIES.items()} | {"elsewhere": "SourceForbidden"}
    settle(lambda: {lie: why(cloud, "image", lie)[0] for lie in expected} == expected)
    settle(lambda: why(cloud, "instance", "deceived")[0] == "ReferenceNotReady")
    assert "qemu-img" in why(cloud, "image", "backing")[1]
    assert "directory" in why(cloud, "image", "elsewhere")[1]
    cloud.pextra("delete", "instance", "deceived", "-t", "acme", "--wait")
    assert cloud.traces() == before
    for lie in expected:
        cloud.pextra("delete", "image", lie, "-t", "acme", "--no-wait")


# --- deaths ---

VICTIMS: Final = ("agent", "libvirtd", "QEMU", "control plane")


def kill(cloud: RealCloud, victim: str, uid: str) -> None:
    """End a part at once; what looks after it starts the next one."""
    if victim == "agent":
        cloud.kill_agent()
    elif victim == "control plane":
        cloud.kill()
        cloud.up()
    else:
        pid = cloud.libvirtd() if victim == "libvirtd" else cloud.qemu(uid)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


def _definition(cloud: RealCloud, uid: str) -> Path:
    return cloud.data / "hv" / "etc" / "libvirt" / "qemu" / f"{uid}.xml"


STEPS: Final[dict[str, Callable[[RealCloud, str], bool]]] = {
    "its disk": lambda cloud, uid: any(uid in name for name in cloud.disks()),
    "its directory": lambda cloud, uid: (cloud.data / "hv" / "guests" / uid).exists(),
    "its definition": lambda cloud, uid: _definition(cloud, uid).exists(),
    "its process": lambda cloud, uid: cloud.qemu(uid) is not None,
}
"""What can be seen of a guest that is being made, in order."""

QUICK: Final = (("agent", "its directory"), ("libvirtd", "its definition"))
"""Deaths that every run tries."""


def boots_once(cloud: RealCloud, name: str) -> None:
    """It comes to run, and each start that is counted has been one."""
    settle(lambda: cloud.status(name).get("power") == "running", 120)
    boots = cloud.status(name)["boots"]
    settle(lambda: cloud.console(name).count("PEXTRA-GUEST ready") > 0)
    assert cloud.console(name).count("PEXTRA-GUEST user space after") <= boots
    assert cloud.status(name)["boots"] == boots
    assert cloud.qemu(cloud.uid(name)) is not None


@pytest.mark.parametrize(
    ("victim", "step"),
    [
        *QUICK,
        *(
            pytest.param(victim, step, marks=pytest.mark.slow)
            for victim in VICTIMS
            for step in STEPS
            if (victim, step) not in QUICK and (victim != "QEMU" or step == "its process")
        ),
    ],
)
def test_a_death_while_a_guest_is_made_leaves_one_guest_and_then_nothing(
    cloud: RealCloud, victim: str, step: str
) -> None:
    before = cloud.traces()
    ask(cloud, instance("made"))
    uid = cloud.uid("made")
    settle(lambda: STEPS[step](cloud, uid))
    kill(cloud, victim, uid)
    boots_once(cloud, "made")
    assert cloud.status("made")["boots"] <= (2 if victim == "QEMU" else 1)
    cloud.pextra("delete", "instance", "made", "-t", "acme", "--wait")
    settle(lambda: cloud.traces() == before, 30)


@pytest.mark.slow
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_death_while_disks_come_grow_and_go_leaves_them_as_they_should_be(cloud: RealCloud, victim: str) -> None:
    before = cloud.traces()
    volume = thing("volume", "data", {"size_gib": 1})
    cloud.apply(volume, instance("holder"))
    uid = cloud.uid("holder")
    settle(lambda: "PEXTRA-GUEST ready" in cloud.console("holder"))
    boots = cloud.status("holder")["boots"]

    def disks() -> str:
        pid = cloud.qemu(uid)
        described = subprocess.run(
            ["virsh", "-q", "-c", cloud.libvirt_uri, "domblkinfo", uid, "--all"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return described.stdout if pid is not None and described.returncode == 0 else ""

    def sizes() -> list[int]:
        return sorted(int(line.split()[1]) for line in disks().splitlines() if line.split()[1].isdigit())

    ask(cloud, instance("holder", volumes=["data"]))
    kill(cloud, victim, uid)
    settle(lambda: why(cloud, "instance", "holder") == ("", "") and sizes().count(GIB) == 2, 120)
    ask(cloud, thing("volume", "data", {"size_gib": 2}))
    kill(cloud, victim, uid)
    settle(lambda: 2 * GIB in sizes(), 120)
    ask(cloud, instance("holder"))
    kill(cloud, victim, uid)
    settle(lambda: sizes().count(GIB) == 1 and 2 * GIB not in sizes(), 120)
    settle(lambda: cloud.status("holder")["power"] == "running")
    assert cloud.status("holder")["boots"] <= boots + (3 if victim == "QEMU" else 0)
    ask_to_delete(cloud, "instance", "holder")
    kill(cloud, victim, uid)
    cloud.pextra("delete", "volume", "data", "-t", "acme", "--wait")
    settle(lambda: cloud.traces() == before, 60)


def ask_to_delete(cloud: RealCloud, kind: str, name: str) -> None:
    """Delete without waiting for the end."""
    cloud.pextra("delete", kind, name, "-t", "acme", "--no-wait")


@pytest.mark.parametrize(
    "victim", ["agent", *(pytest.param(v, marks=pytest.mark.slow) for v in ("libvirtd", "control plane"))]
)
def test_a_death_in_the_middle_of_a_removal_leaves_nothing(cloud: RealCloud, victim: str) -> None:
    before = cloud.traces()
    cloud.apply(instance("leaving"))
    uid = cloud.uid("leaving")
    ask_to_delete(cloud, "instance", "leaving")
    settle(lambda: not _definition(cloud, uid).exists() or cloud.qemu(uid) is None)
    kill(cloud, victim, uid)
    settle(lambda: cloud.traces() == before, 60)
    assert cloud.qemu(uid) is None


# --- the disk, and the machine ---


@pytest.fixture
def small() -> Iterator[RealCloud]:
    """A cloud whose pool is small and half full."""
    if reason := reason_no_cloud():
        pytest.skip(reason)
    made = RealCloud(pool_mib=128 + 2 * FILLER_MIB)
    try:
        made.apply(*surroundings())
        yield made
    finally:
        made.close()


@pytest.mark.slow
def test_a_full_disk_holds_a_guest_until_there_is_room_and_loses_no_write(small: RealCloud) -> None:
    filler = str(small.pool / "filler")
    small.start("dd", "if=/dev/zero", f"of={filler}", "bs=1M", f"count={2 * FILLER_MIB - 32}").communicate(timeout=60)
    ask(small, instance("greedy", GREEDY))
    settle(lambda: why(small, "instance", "greedy")[0] == "PoolFull", 120)
    guest, boots = small.qemu(small.uid("greedy")), small.status("greedy")["boots"]
    assert "room" in why(small, "instance", "greedy")[1]
    assert "the writing ended" not in small.console("greedy")
    small.start("rm", filler).communicate(timeout=60)
    settle(lambda: "the writing ended with 0" in small.console("greedy"), 120)
    settle(lambda: why(small, "instance", "greedy") == ("", ""), 120)
    assert small.qemu(small.uid("greedy")) == guest
    assert small.status("greedy")["boots"] == boots


@pytest.mark.slow
def test_a_disk_that_does_not_fit_says_so_and_is_made_when_there_is_room(small: RealCloud) -> None:
    small.apply(instance("here"))
    filler = str(small.pool / "filler")
    before = small.traces()
    small.start("dd", "if=/dev/zero", f"of={filler}", "bs=64K").communicate(timeout=60)  # to the last byte
    ask(small, thing("volume", "data", {"size_gib": 1}), instance("late", volumes=["data"]))
    settle(lambda: any(why(small, *each)[0] == "PoolFull" for each in (("instance", "late"), ("volume", "data"))), 120)
    assert small.qemu(small.uid("here")) is not None
    small.start("rm", filler).communicate(timeout=60)
    settle(lambda: why(small, "instance", "late") == why(small, "volume", "data") == ("", ""), 120)
    assert small.qemu(small.uid("late")) is not None
    small.pextra("delete", "instance", "late", "-t", "acme", "--wait")
    small.pextra("delete", "volume", "data", "-t", "acme", "--wait")
    settle(lambda: small.traces() == before, 60)


@pytest.mark.slow
def test_after_a_power_cut_what_ran_runs_once_and_what_was_off_stays_off(cloud: RealCloud) -> None:
    empty = cloud.traces()
    volume = thing("volume", "data", {"size_gib": 1})
    way = thing("floating_ip", "up", {"instance": "up", "ports": [{"to_port": 80}]})
    page = "#!/bin/sh\nmkdir /www\necho up again >/www/index.html\nhttpd -p 80 -h /www\n"
    cloud.apply(volume, instance("up", page, volumes=["data"]), instance("down", stop_timeout_s=1), way)
    cloud.apply(instance("down", stop_timeout_s=1, power="off"))
    settle(lambda: cloud.fetch(cloud.endpoints("up")[0]) == "up again")
    before, boots = cloud.traces(), (cloud.status("up")["boots"], cloud.status("down")["boots"])
    cloud.reboot()
    settle(lambda: cloud.fetch(cloud.endpoints("up")[0]) == "up again", 120)
    settle(lambda: cloud.status("up")["power"] == "running")
    assert cloud.qemu(cloud.uid("up")) is not None
    assert cloud.qemu(cloud.uid("down")) is None
    assert (cloud.status("up")["boots"], cloud.status("down")["boots"]) == (boots[0] + 1, boots[1])
    assert cloud.traces() == before
    for kind, name in (("floating_ip", "up"), ("instance", "up"), ("instance", "down"), ("volume", "data")):
        cloud.pextra("delete", kind, name, "-t", "acme", "--wait")
    settle(lambda: cloud.traces() == empty, 30)
