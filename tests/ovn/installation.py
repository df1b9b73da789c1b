"""A cloud as an operator installs it on OVN: a control plane with TLS, and two hosts with libvirt and their agents."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pextra import host_wiring
from pextra.pki.authority import Authority
from tests.agent.manifests import TENANT, surroundings, thing
from tests.drivers.hypervisor import tiny_image
from tests.labs.ovn.host import Host
from tests.labs.ovn.lab import OvnLab
from tests.labs.ovn.layout import CLIENT, management_address
from tests.labs.waiting import wait_until

PORT: Final = 8440
START_S: Final = 90.0


class Installation:
    """See the module.

    Args:
        lab: where it is.
    """

    def __init__(self, lab: OvnLab) -> None:
        self.lab = lab
        self.folder = Path(tempfile.mkdtemp(prefix="px-", dir="/tmp"))
        self.folder.chmod(0o755)  # guests' account passes through
        self._address = management_address(lab.members[0].name)
        self._processes: list[subprocess.Popen[bytes]] = []
        try:
            self._start_control_plane()
            for host in lab.hosts:
                self._add(host)
            self._furnish()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it and its guests, and remove every file."""
        for process in reversed(self._processes):
            process.terminate()
            process.wait(30)
        for host in self.lab.hosts:
            host_wiring.stop_guests(self._data(host))
            for device in json.loads(host.run("ip", "-json", "tuntap")):
                host.vsctl("--if-exists", "del-port", device["ifname"])
                host.ip(f"link del {device['ifname']}")
        shutil.rmtree(self.folder)

    def pextra(self, *arguments: str, text: str | None = None, timeout_s: float = 120) -> str:
        """What the command line says, on the control plane's machine."""
        done = subprocess.run(
            self._entering(*arguments), env=self._environment(), input=text, capture_output=True, text=True,
            timeout=timeout_s, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}: {done.stderr} {done.stdout}"
        return done.stdout

    def apply(self, *documents: dict[str, Any], timeout_s: int = 90) -> None:
        """Apply objects, and wait until they are ready."""
        text = "\n---\n".join(json.dumps(document) for document in documents)
        self.pextra("apply", "-f", "-", "--timeout", str(timeout_s), text=text, timeout_s=timeout_s + 30)

    def get(self, kind: str, name: str, *scope: str) -> dict[str, Any]:
        """One object."""
        return dict(json.loads(self.pextra("get", kind, name, "-o", "json", *scope)))

    def console(self, name: str) -> str:
        """What a guest has said on its serial console."""
        found = self.get("instance", name, "-t", TENANT)
        host = self.lab.host(found["status"]["host"])
        guests = host_wiring.hypervisor_root(self._data(host)) / "guests"
        log = guests / found["metadata"]["uid"] / "console.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def _start_control_plane(self) -> None:
        now = datetime.now(UTC)
        authority = Authority.create("the test's own", now)
        made = authority.sign_server([self._address], now, timedelta(days=1))
        for name, text in (("authority", authority.certificate_pem), ("chain", made.chain_pem), ("key", made.key_pem)):
            (self.folder / f"{name}.pem").write_text(text)
        self._run(
            "up",
            self._entering(
                "up", "--no-guests", f"--listen={self._address}:{PORT}", f"--data-dir={self.folder / 'cloud'}",
                f"--tls-certificate={self.folder / 'chain.pem'}", f"--tls-key={self.folder / 'key.pem'}",
                "--workers=1", f"--ovn-northbound={self.lab.layout.remotes('nb')}",
                "--ovn-tls", *map(str, self.lab.layout.credentials(CLIENT)),
            ),
        )  # fmt: skip
        log = self.folder / "up.log"
        wait_until(lambda: self._processes[0].poll() is not None or "Ctrl-C" in log.read_text(), START_S, "the cloud")
        assert self._processes[0].poll() is None, log.read_text()

    def _add(self, host: Host) -> None:
        """Have a machine of the lab join, with its agent."""
        declared = thing("host", host.name, {"driver": "libvirt", "zone": host.name, "cpu_overcommit": 8}, None)
        asked = thing("join_token", host.name, {"host": host.name}, None)
        said = self.pextra("apply", "--no-wait", "-f", "-", text=f"{json.dumps(declared)}\n---\n{json.dumps(asked)}")
        token = next(word for word in said.split() if word.startswith("pextra-join-"))
        home, image = self.folder / f"{host.name}-agent", tiny_image().path
        agent = ("-m", "pextra.agent")
        joined = subprocess.run(
            host.entering(
                sys.executable, *agent, "join", f"--endpoint=https://{self._address}:{PORT + 2}", "--token-file=-",
                f"--home={home}",
            ),
            input=token, text=True, check=False, capture_output=True,
        )  # fmt: skip
        assert joined.returncode == 0, joined.stderr
        self._data(host).mkdir(mode=0o711)
        command = (
            "run", f"--home={home}", f"--data-dir={self._data(host)}", f"--image-dir={image.parent}", "--network=ovn",
            f"--ovs-database={host.database}",
        )  # fmt: skip
        self._run(host.name, host.entering(sys.executable, *agent, *command))

    def _furnish(self) -> None:
        image = tiny_image()
        spec = {"url": image.path.as_uri(), "sha256": image.sha256, "size_gib": 1}
        for host in self.lab.hosts:
            self.pextra("wait", "host", host.name, "--for", "ready", timeout_s=START_S)
        self.apply(*surroundings(), thing("image", "linux", spec))

    def _data(self, host: Host) -> Path:
        return self.folder / host.name

    def _run(self, name: str, command: Sequence[str]) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(command, env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            )

    def _entering(self, *arguments: str) -> list[str]:
        return self.lab.members[0].entering(sys.executable, "-m", "pextra_client", *arguments)

    def _environment(self) -> dict[str, str]:
        config = {"XDG_CONFIG_HOME": str(self.folder / "config"), "PEXTRA_CA": str(self.folder / "authority.pem")}
        return os.environ | config | {"NO_COLOR": "1"}
