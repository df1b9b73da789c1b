"""A hypervisor of a test's own: a private libvirtd, a pool of volumes and the tiny guest to boot."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import cache
from math import ceil
from pathlib import Path
from uuid import uuid4

import pytest
from platformdirs import user_cache_path

from pextra.drivers.account import connect_theirs
from pextra.drivers.file.driver import FileStorage
from pextra.drivers.interface import (
    GuestDisk,
    GuestNic,
    GuestSpec,
    ImageSource,
    Power,
    Seed,
    VolumeSource,
)
from pextra.drivers.interface import PortBinding as Binding
from pextra.drivers.libvirt import preflight
from pextra.drivers.libvirt.driver import LibvirtCompute
from pextra.drivers.libvirt.hosting import PrivateLibvirtd
from pextra.images.tiny import BuiltImage, ImageBuildError, build_tiny_image
from tests.labs.waiting import wait_until

REPOSITORY = Path(__file__).parents[2]
TENANT = "tenant-a"
ROOT_BYTES = 64 << 20
BOOT_TIMEOUT_S = 60.0


@cache
def tiny_image() -> BuiltImage:
    """The image that guests boot, shared with the product's own cache."""
    return build_tiny_image(user_cache_path("pextra") / "images")


@cache
def reason_unavailable() -> str | None:
    """What keeps guests from booting here, or None."""
    problems = [str(problem) for problem in preflight.check()]
    if not problems:
        try:
            tiny_image()
        except ImageBuildError as error:
            problems.append(str(error))
    return "; ".join(problems) or None


def python_environment() -> dict[str, str]:
    """The environment in which another Python finds the product and the tests."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path])}


_SHARED = pytest.StashKey["Hypervisor"]()


def shared_hypervisor(config: pytest.Config) -> Hypervisor:
    """The hypervisor that all tests of this process share, since libvirtd takes seconds to know QEMU.

    Skips the test where guests cannot boot.
    """
    if reason := reason_unavailable():
        pytest.skip(reason)
    if _SHARED not in config.stash:
        config.stash[_SHARED] = Hypervisor()
        config.add_cleanup(config.stash[_SHARED].close)
    return config.stash[_SHARED]


class Hypervisor:
    """A libvirtd with its pool, and a driver for it; `close` removes all that it made."""

    def __init__(self) -> None:
        # Not pytest's directory: UNIX sockets lie deep below, and guests' account must pass.
        self.root = Path(tempfile.mkdtemp(prefix="px-", dir="/tmp"))
        self.root.chmod(0o755)
        self.libvirtd_root = self.root / "hv"
        self.libvirtd = PrivateLibvirtd(self.libvirtd_root)
        built = tiny_image()
        self.image = ImageSource(str(uuid4()), built.path.as_uri(), "qcow2", built.sha256)
        self.storage = FileStorage(self.root / "pool", allowed_dirs=[built.path.parent], account=self.libvirtd.account)
        self.compute = self.driver()
        self._cards = 0

        self._reaper = subprocess.Popen(
            [sys.executable, "-m", "tests.drivers.reaper", str(self.libvirtd_root)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=python_environment(), cwd=REPOSITORY,
        )  # fmt: skip
        assert self._reaper.stdout is not None
        assert self._reaper.stdout.readline() == b"ready\n"
        self.storage.ensure_image(self.image)

    def close(self) -> None:
        """Remove the guests, end the libvirtd, and remove every file."""
        try:
            for uid in self.compute.observe_guests():
                self.compute.ensure_absent(uid)
            self.compute.close()
            self.libvirtd.stop()
            self._reaper.communicate(timeout=10)
        finally:
            shutil.rmtree(self.root)

    def driver(self) -> LibvirtCompute:
        """A new driver object, as after a restart of the control plane."""
        return LibvirtCompute(self.libvirtd, accelerated=False)

    def new_guest(self, name: str, *, user_data: str = "") -> GuestSpec:
        """A guest with a volume, a card and a seed, not defined yet."""
        uid = str(uuid4())
        return GuestSpec(
            uid=uid,
            tenant_uid=TENANT,
            name=name,
            vcpus=1,
            memory_mib=192,
            disks=(self.new_disk(self.image.uid),),
            nics=(self.new_nic(),),
            seed=Seed(f"instance-id: {uid}\nlocal-hostname: {name}\n", user_data),
        )

    def new_disk(self, image_uid: str | None = None) -> GuestDisk:
        """A disk that no guest has, empty or made from an image."""
        volume = VolumeSource(str(uuid4()), TENANT, ROOT_BYTES, image_uid)
        self.storage.ensure_volume(volume)
        return GuestDisk(volume.uid, self.storage.disk_source(TENANT, volume.uid))

    def new_nic(self) -> GuestNic:
        """A card that no guest has."""
        self._cards += 1
        return GuestNic(str(uuid4()), f"52:54:00:00:{self._cards >> 8:02x}:{self._cards & 0xFF:02x}", Binding("user"))

    def qemu_pid(self, uid: str) -> int:
        """The process of a running guest."""
        return int((self.libvirtd_root / "run/libvirt/qemu/run" / f"{uid}.pid").read_text())

    def kill_libvirtd(self) -> None:
        """End libvirtd as a crash does, and wait until nothing of it is left."""
        pid = self.libvirtd.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not _runs(pid), 10, "libvirtd to be gone")

    def kill_qemu(self, uid: str) -> None:
        """End a running guest's process as the kernel's OOM killer does."""
        os.kill(self.qemu_pid(uid), signal.SIGKILL)

    def console(self, uid: str) -> str:
        """All that the guest printed."""
        return self.compute.console_log(uid, offset=0, limit=1 << 22).decode(errors="replace")

    def wait_for_console(self, uid: str, text: str) -> None:
        """Wait until the guest has printed a text."""
        try:
            wait_until(lambda: text in self.console(uid), BOOT_TIMEOUT_S, f"{text!r} on the console")
        except TimeoutError as error:
            error.add_note(self.console(uid))
            raise

    def wait_until_off(self, uid: str) -> None:
        """Wait until the guest is off."""
        wait_until(lambda: self.power(uid) is Power.OFF, BOOT_TIMEOUT_S, f"guest {uid} to be off")

    def power(self, uid: str) -> Power:
        """What the guest is doing."""
        seen = self.compute.observe_guest(uid)
        assert seen is not None
        return seen.power

    @contextmanager
    def terminal(self, uid: str) -> Generator[Callable[[str], object]]:
        """The guest's serial terminal, to type lines at."""
        with connect_theirs(self.compute.console_socket(uid), self.libvirtd.account) as opened:

            def type_line(line: str) -> None:
                with suppress(BrokenPipeError):  # the guest has just gone
                    opened.sendall(f"\r{line}\r".encode())

            yield type_line

    def type_until_off(self, uid: str, command: str) -> None:
        """Type a command at the guest's shell, again until it is off: a booting guest misses it."""
        with self.terminal(uid) as type_line:
            for _ in range(ceil(BOOT_TIMEOUT_S)):
                type_line(command)
                with suppress(TimeoutError):
                    wait_until(lambda: self.power(uid) is Power.OFF, 1.0, "the command to act")
                    return
        raise TimeoutError(f"guest {uid} did not turn off: {self.console(uid)}")

    def libvirt_xml(self, uid: str) -> str:
        """The domain XML as libvirt has it now."""
        import libvirt

        connection = libvirt.open(self.libvirtd.uri)
        try:
            return str(connection.lookupByName(uid).XMLDesc())
        finally:
            connection.close()


def _runs(pid: int) -> bool:
    """Whether the process is there and no zombie, whose files are closed."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
