"""A whole cloud on this machine, in a network namespace of its own: `pextra up` with a real host and its agent."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pextra.drivers.libvirt.driver import LibvirtCompute
from pextra.drivers.libvirt.hosting import PrivateLibvirtd
from pextra.drivers.local import preflight
from pextra.host_wiring import hypervisor_root
from pextra_client.client import Client
from pextra_client.config import Profiles
from pextra_client.errors import ClientError
from tests.drivers.hypervisor import reason_unavailable, tiny_image
from tests.labs.door import Door
from tests.labs.waiting import wait_until

API: Final = "127.0.0.1:8440"
START_S: Final = 90.0


def reason_no_cloud() -> str | None:
    """What keeps a cloud with a real host from running here, or None."""
    return reason_unavailable() or "; ".join(str(problem) for problem in preflight.check()) or None


class RealCloud:
    """`pextra up`, driven by the command line as a user would; what is only looked at is asked of its API.

    Args:
        pool_mib: the size of a file system of its own for guests' disks, which a test may fill; None: the machine's.
    """

    def __init__(self, *, pool_mib: int | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="px-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.data = self.folder / "d"
        self.data.mkdir(mode=0o711)
        self.images = self.data / "images"
        self.images.mkdir()
        for path in tiny_image().path.parent.glob("tiny-*"):
            shutil.copy(path, self.images)
        self.pool = self.data / "volumes"
        self._boots = 0
        self._holder = self._boot()
        self._door = Door(self._within(), API)
        if pool_mib is not None:
            self.pool.mkdir()
            self._inside("mount", "-t", "tmpfs", "-o", f"size={pool_mib}m,mode=755", "none", str(self.pool))
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.up()
        except BaseException:
            self.close()
            raise

    # --- the cloud ---

    def up(self) -> None:
        """Start it, and wait until its host is ready."""
        log = (self.folder / "up.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                self._argv("up", f"--data-dir={self.data}", f"--listen={API}"),
                env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait_until(self._is_ready, START_S, "the cloud and its host")

    def kill(self) -> None:
        """End it as a power cut would: the processes that serve and those that look after the host."""
        assert self._process is not None
        victims = [self._process.pid, *_children(self._process.pid)]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        self._process.wait()
        for pid in victims:
            wait_until(lambda pid=pid: not Path(f"/proc/{pid}").exists(), 10, f"the end of process {pid}")

    def reboot(self) -> None:
        """End the machine as a power cut would, and start it: disks are as they were, all else is gone."""
        self.kill()
        left = self._processes()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self._processes(), 20, f"the end of processes {left}")
        self._end_machine()
        self._holder = self._boot()
        self._door = Door(self._within(), API)
        self.up()

    def close(self) -> None:
        """End it and its guests, and remove every file."""
        try:
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()
                self._process.wait(30)
            self.pextra("down", f"--data-dir={self.data}")
        finally:
            self._end_machine()
            shutil.rmtree(self.folder)

    def agent(self) -> int | None:
        """The process of the host's agent, or None while there is none."""
        assert self._process is not None
        return next((p for p in _children(self._process.pid) if "pextra.agent run" in _command(p)), None)

    def kill_agent(self) -> None:
        """Kill the agent; whoever started it starts the next one."""
        before = self.agent()
        assert before is not None
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: self.agent() not in (None, before), START_S, "the next agent")

    # --- what a user does ---

    def pextra(self, *arguments: str, text: str | None = None, timeout_s: float = 120) -> str:
        """What the command line says."""
        done = subprocess.run(
            self._argv(*arguments), env=self._environment(), input=text, capture_output=True, text=True,
            timeout=timeout_s, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}: {done.stderr} {done.stdout}"
        return done.stdout

    def apply(self, *documents: dict[str, Any], timeout_s: int = 90) -> None:
        """Apply objects, and wait until they are ready."""
        text = "\n---\n".join(json.dumps(document) for document in documents)
        self.pextra("apply", "-f", "-", "--timeout", str(timeout_s), text=text, timeout_s=timeout_s + 30)

    def get(self, kind: str, name: str, tenant: str | None = "acme") -> dict[str, Any]:
        """One object."""
        with self._client() as client:
            return dict(client.get(kind, name, tenant=tenant))

    def status(self, name: str) -> dict[str, Any]:
        """The status of an instance."""
        return self.get("instance", name)["status"]

    def uid(self, name: str) -> str:
        """The uid of an instance."""
        return self.get("instance", name)["metadata"]["uid"]

    def endpoints(self, floating_ip: str) -> list[str]:
        """Where each port of a floating IP is reached: address and port."""
        return [line.split()[1] for line in self.get("floating_ip", floating_ip)["status"]["endpoints"]]

    def offer(self, path: Path) -> str:
        """Put a file where images may come from, without copying it where that can be; tells its URL."""
        offered = self.images / path.name
        try:
            os.link(path, offered)
        except OSError:
            shutil.copy(path, offered)
        return offered.as_uri()

    def start(self, *argv: str) -> subprocess.Popen[str]:
        """Start a program on the cloud's machine, to talk to."""
        return subprocess.Popen(
            [*self._within(), *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def fetch(self, endpoint: str) -> str | None:
        """What a web server says to this machine; None when there is no answer."""
        code = f"import urllib.request as u; print(u.urlopen('http://{endpoint}/', timeout=3).read().decode())"
        done = self._inside(sys.executable, "-c", code, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    # --- what is on the machine ---

    def compute(self) -> LibvirtCompute:
        """A driver of the host's hypervisor, to look at it past the agent."""
        return LibvirtCompute(PrivateLibvirtd(hypervisor_root(self.data)), accelerated=False)

    def qemu(self, uid: str) -> int | None:
        """The process of a guest, or None; there are never two."""
        found = [pid for pid in self._processes() if f"guest={uid}" in _command(pid)]
        assert len(found) <= 1, f"guest {uid} runs more than once: {found}"
        return found[0] if found else None

    @property
    def libvirt_uri(self) -> str:
        """The host's hypervisor, for `virsh`."""
        return PrivateLibvirtd(hypervisor_root(self.data)).uri

    def disks(self) -> list[str]:
        """The names of everything in the pool that holds guests' disks."""
        volumes = self._pool_seen() / "volumes"
        return [name for _, folders, names in os.walk(volumes) for name in (*folders, *names)]

    def libvirtd(self) -> int | None:
        """The process of the host's libvirtd, or None while it does not run or has not said its number yet."""
        return PrivateLibvirtd(hypervisor_root(self.data)).pid()

    def console(self, name: str) -> str:
        """What the guest has said on its serial console."""
        log = hypervisor_root(self.data) / "guests" / self.uid(name) / "console.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def traces(self) -> dict[str, list[str]]:
        """Everything on the machine that guests leave: files, devices, namespaces, rules."""
        hv = hypervisor_root(self.data)
        pool = self._pool_seen()  # some files go while they are listed
        return {
            "guests": sorted(p.name for p in (hv / "guests").iterdir()),
            "volumes": sorted(name for _, _, names in os.walk(pool / "volumes") for name in names),
            "images": sorted(name for _, _, names in os.walk(pool / "images") for name in names),
            "links": sorted(link["ifname"] for link in json.loads(self._inside("ip", "-json", "link").stdout or "[]")),
            "tables": self._inside("nft", "list", "tables").stdout.splitlines(),
            "domains": sorted(p.name for p in (hv / "etc" / "libvirt" / "qemu").glob("*.xml")),
        }

    # --- within ---

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "up.log").read_text()
        try:
            with self._client() as client:
                hosts = list(client.list("host"))
        except ClientError:
            return False
        return any(
            c["type"] == "ready" and c["status"] == "true"
            for h in hosts
            for c in h.get("status", {}).get("conditions", [])
        )

    def _client(self) -> Client:
        """What `pextra` would use, from outside the namespace."""
        profiles = Profiles(self.folder / "config" / "pextra" / "config.yaml")
        settings = profiles.get(profiles.current())
        if settings is None:
            raise ClientError("the cloud has not made its profile yet")
        return replace(settings, endpoints=(f"http://{self._door.address}",)).client()

    def _pool_seen(self) -> Path:
        """The pool as the cloud sees it, whose mounts are its own."""
        return Path(f"/proc/{self._holder.pid}/root{self.pool}")

    def _boot(self) -> subprocess.Popen[bytes]:
        """A network, mounts and a boot of its own. The names of network namespaces are mounts too."""
        self._boots += 1
        boot_id = self.folder / "boot_id"
        boot_id.write_text(f"00000000-0000-4000-8000-{self._boots:012}\n")
        script = (
            "mkdir -p /run/netns && mount -t tmpfs -o mode=755 none /run/netns && "
            f"mount --bind {boot_id} /proc/sys/kernel/random/boot_id && "
            "ip link set lo up && echo ready && exec sleep infinity"
        )
        holder = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", script], stdout=subprocess.PIPE)
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        return holder

    def _end_machine(self) -> None:
        self._door.close()
        self._holder.kill()
        self._holder.communicate()

    def _processes(self) -> list[int]:
        """What runs for this cloud: its data folder is on the command line."""
        pids = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
        return [pid for pid in pids if str(self.data) in _command(pid)]

    def _argv(self, *arguments: str) -> list[str]:
        return [*self._within(), sys.executable, "-m", "pextra_client", *arguments]

    def _within(self) -> list[str]:
        return ["nsenter", f"--target={self._holder.pid}", "--net", "--mount", f"--wd={Path.cwd()}"]

    def _inside(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return _run(*self._within(), *argv, check=check)

    def _environment(self) -> dict[str, str]:
        return os.environ | {"XDG_CONFIG_HOME": str(self.folder / "config"), "NO_COLOR": "1"}


def settle(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    """Wait for something that a guest or a loop does."""
    wait_until(condition, timeout_s, "guests and loops")


def _run(*argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=check, timeout=60)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _children(pid: int) -> list[int]:
    """The processes below, at every depth; daemons such as libvirtd and its guests are not among them."""
    found: list[int] = []
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return found
    for child in map(int, children):
        found += [child, *_children(child)]
    return found
