"""What happens to a guest while it runs: growth, devices it holds on to, full disks, consoles and displays."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pextra.drivers.account import connect_theirs
from pextra.drivers.interface import (
    DiskSource,
    GuestDisk,
    GuestSpec,
    Permanent,
    Power,
    Problem,
    Retryable,
)
from tests.drivers.hypervisor import BOOT_TIMEOUT_S, TENANT, Hypervisor
from tests.labs.waiting import wait_until

MIB = 1 << 20
AWAIT_DISK = "until [ -b /dev/vdc ]; do sleep 1; done;"


@pytest.fixture
def guest(hypervisor: Hypervisor) -> Iterator[GuestSpec]:
    """A guest of the test's own, which runs."""
    spec = hypervisor.new_guest("live")
    hypervisor.compute.ensure_defined(spec)
    hypervisor.compute.ensure_running(spec.uid)
    yield spec
    hypervisor.compute.ensure_absent(spec.uid)


def test_disk_grows_under_a_running_guest_and_never_shrinks(hypervisor: Hypervisor, guest: GuestSpec) -> None:
    hypervisor.wait_for_console(guest.uid, "PEXTRA-GUEST ready")
    root = guest.disks[0]
    larger = replace(guest, disks=(replace(root, size_bytes=96 * MIB),))
    hypervisor.compute.ensure_defined(larger)
    hypervisor.compute.ensure_defined(larger)
    seen = hypervisor.storage.observe_volume(TENANT, root.volume_uid)
    assert seen is not None
    assert seen.size_bytes == 96 * MIB
    with hypervisor.terminal(guest.uid) as type_line:
        type_line("echo sectors: $(cat /sys/block/vda/size)")
        hypervisor.wait_for_console(guest.uid, f"sectors: {96 * MIB // 512}")
    hypervisor.compute.ensure_defined(replace(guest, disks=(replace(root, size_bytes=MIB),)))
    assert hypervisor.storage.observe_volume(TENANT, root.volume_uid) == seen


def test_guest_that_does_not_answer_keeps_its_disk_until_it_does(hypervisor: Hypervisor, guest: GuestSpec) -> None:
    hypervisor.wait_for_console(guest.uid, "PEXTRA-GUEST ready")
    disk = hypervisor.new_disk()
    hypervisor.compute.ensure_defined(replace(guest, disks=(*guest.disks, disk)))
    hypervisor.compute.ensure_paused(guest.uid)
    for _ in range(2):
        with pytest.raises(Retryable) as caught:
            hypervisor.compute.ensure_defined(guest)
        assert caught.value.reason == "DetachPending"
        assert disk.volume_uid in caught.value.message
    seen = hypervisor.compute.observe_guest(guest.uid)
    assert seen is not None
    assert disk.volume_uid in seen.disk_uids
    hypervisor.compute.ensure_running(guest.uid)

    def let_go() -> bool:
        observed = hypervisor.compute.observe_guest(guest.uid)
        assert observed is not None
        return disk.volume_uid not in observed.disk_uids

    wait_until(let_go, BOOT_TIMEOUT_S, "the guest to let go")
    hypervisor.compute.ensure_defined(guest)


def test_guest_without_a_free_slot_is_to_be_restarted(hypervisor: Hypervisor, guest: GuestSpec) -> None:
    many = replace(guest, disks=(*guest.disks, *(hypervisor.new_disk() for _ in range(16))))
    with pytest.raises(Permanent) as caught:
        hypervisor.compute.ensure_defined(many)
    assert caught.value.reason == "RestartRequired"
    hypervisor.compute.reboot(guest.uid, act="more-slots")
    hypervisor.compute.ensure_defined(many)
    seen = hypervisor.compute.observe_guest(guest.uid)
    assert seen is not None
    assert len(seen.disk_uids) == 17


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_guest_whose_disk_is_full_is_held_told_and_runs_on_when_there_is_room(
    hypervisor: Hypervisor, guest: GuestSpec
) -> None:
    hypervisor.wait_for_console(guest.uid, "PEXTRA-GUEST ready")
    place = hypervisor.root / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0755", "tmpfs", str(place)], check=True, timeout=30)
    try:
        image = place / "data.raw"
        with image.open("wb") as file:
            file.truncate(32 * MIB)
        if hypervisor.libvirtd.account is not None:
            hypervisor.libvirtd.account.own(image)
        disk = GuestDisk("data", DiskSource("file", str(image), "raw"))
        hypervisor.compute.ensure_defined(replace(guest, disks=(*guest.disks, disk)))
        with hypervisor.terminal(guest.uid) as type_line:
            type_line(f"{AWAIT_DISK} dd if=/dev/zero of=/dev/vdc bs=1M count=16 conv=fsync; echo written: $?")
            wait_until(lambda: hypervisor.power(guest.uid) is Power.PAUSED, BOOT_TIMEOUT_S, "the guest to be held")
            seen = hypervisor.compute.observe_guest(guest.uid)
            assert seen is not None
            assert seen.problems == (Problem.DISK_FULL,)
            with pytest.raises(Retryable) as caught:
                hypervisor.compute.ensure_running(guest.uid)
            assert caught.value.reason == "PoolFull"
            subprocess.run(["mount", "-o", "remount,size=200m", str(place)], check=True, timeout=30)

            def has_written() -> bool:
                hypervisor.compute.ensure_running(guest.uid)  # another write that was under way may hold it again
                return "written: 0" in hypervisor.console(guest.uid)

            wait_until(has_written, BOOT_TIMEOUT_S, "the guest to write on")
        seen = hypervisor.compute.observe_guest(guest.uid)
        assert seen is not None
        assert (seen.power, seen.problems, seen.boots) == (Power.RUNNING, (), 1)
        hypervisor.compute.ensure_absent(guest.uid)
    finally:
        hypervisor.compute.ensure_absent(guest.uid)
        subprocess.run(["umount", str(place)], check=True, timeout=30)


def test_console_is_a_terminal_whose_every_word_is_logged(hypervisor: Hypervisor, guest: GuestSpec) -> None:
    hypervisor.wait_for_console(guest.uid, "PEXTRA-GUEST ready")
    with connect_theirs(hypervisor.compute.console_socket(guest.uid), hypervisor.libvirtd.account) as terminal:
        terminal.settimeout(30)
        terminal.sendall(b"\recho $((6 * 7)) is the answer\r")
        heard = b""
        while b"42 is the answer" not in heard:
            heard += terminal.recv(4096)
    hypervisor.wait_for_console(guest.uid, "42 is the answer")


def test_display_shows_a_screen_with_something_on_it(hypervisor: Hypervisor, guest: GuestSpec) -> None:
    hypervisor.wait_for_console(guest.uid, "PEXTRA-GUEST ready")
    with connect_theirs(hypervisor.compute.display_socket(guest.uid), hypervisor.libvirtd.account) as display:
        display.settimeout(30)
        width, height, pixels = _screen(display)
    assert width >= 640
    assert height >= 400
    assert len(set(struct.unpack(f"<{width * height}I", pixels))) > 1


def _screen(display: socket.socket) -> tuple[int, int, bytes]:
    """The whole screen in 32-bit pixels. Source: RFC 6143, sections 7.1 to 7.6.1, encoding Raw."""

    def read(length: int) -> bytes:
        data = b""
        while len(data) < length:
            part = display.recv(length - len(data))
            assert part, "the display hung up"
            data += part
        return data

    assert read(12) == b"RFB 003.008\n"
    display.sendall(b"RFB 003.008\n")
    assert 1 in read(read(1)[0])  # security type None
    display.sendall(b"\x01")
    assert read(4) == bytes(4)
    display.sendall(b"\x01")
    width, height = struct.unpack(">HH", read(4))
    read(16)
    read(struct.unpack(">I", read(4))[0])
    display.sendall(struct.pack(">B3xBBBBHHHBBB3x", 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0))
    display.sendall(struct.pack(">BxHi", 2, 1, 0))
    display.sendall(struct.pack(">BBHHHH", 3, 0, 0, 0, width, height))
    screen = bytearray(width * height * 4)
    kind, rectangles = struct.unpack(">BxH", read(4))
    assert kind == 0
    for _ in range(rectangles):
        x, y, w, h, encoding = struct.unpack(">HHHHi", read(12))
        assert encoding == 0
        for row in range(y, y + h):
            start = (row * width + x) * 4
            screen[start : start + w * 4] = read(w * 4)
    return width, height, bytes(screen)


def test_silent_agent_costs_nothing_and_freezing_without_one_is_refused(
    hypervisor: Hypervisor, guest: GuestSpec
) -> None:
    hypervisor.compute.ensure_paused(guest.uid)
    assert hypervisor.compute.observe_agent(guest.uid) is None
    with pytest.raises(Retryable) as caught:
        hypervisor.compute.freeze(guest.uid)
    assert caught.value.reason == "AgentUnreachable"


def test_counters_of_an_attached_disk_bear_its_name(hypervisor: Hypervisor, guest: GuestSpec) -> None:
    hypervisor.wait_for_console(guest.uid, "PEXTRA-GUEST ready")
    hypervisor.compute.observe_metrics()
    disk = hypervisor.new_disk()
    hypervisor.compute.ensure_defined(replace(guest, disks=(*guest.disks, disk)))
    with hypervisor.terminal(guest.uid) as type_line:
        type_line(f"{AWAIT_DISK} dd if=/dev/zero of=/dev/vdc bs=1M count=2 conv=fsync; echo written: $?")
        hypervisor.wait_for_console(guest.uid, "written: 0")
    counted = {d.volume_uid: d for d in hypervisor.compute.observe_metrics()[guest.uid].disks}
    assert counted.keys() == {guest.disks[0].volume_uid, disk.volume_uid}
    assert counted[disk.volume_uid].written_bytes >= 2 * MIB
    assert counted[guest.disks[0].volume_uid].written_bytes == 0


def test_links_and_sockets_of_others_are_not_connected_to(tmp_path: Path) -> None:
    place = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(place))
        listener.listen(1)
        with connect_theirs(place, None) as client:
            client.sendall(b"hello")
        link = tmp_path / "link"
        link.symlink_to(place)
        with pytest.raises(FileNotFoundError):
            connect_theirs(link, None)
        if os.geteuid() == 0:
            os.chown(place, 65534, 65534)
            with pytest.raises(FileNotFoundError, match="not a socket of"):
                connect_theirs(place, None)
    plain = tmp_path / "plain"
    plain.touch()
    for path in (plain, tmp_path / "absent"):
        with pytest.raises(FileNotFoundError):
            connect_theirs(path, None)
