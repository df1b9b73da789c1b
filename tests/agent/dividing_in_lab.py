"""What runs in the SR-IOV laboratory's machine: a host's agent on its real drivers, which talks by a serial port.

What it would say to the control plane over TLS it writes there, a message a line, and reads the answers. Beside them
the test may say `{"reboot": true}`: then nothing is divided any more, and the agent begins with an empty memory.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
import tty
from dataclasses import replace
from pathlib import Path
from typing import Any

from pextra import host_wiring
from pextra.agent.agent import Agent
from pextra.agent.gpus.driver import MachineGpus
from pextra.agent_protocol import SyncAnswer, SyncRequest
from pextra.clock import SystemClock

FUNCTION = Path("/sys/bus/pci/devices/0000:21:00.0")
DATA = Path("/var/lib/pextra-host")


class SerialLink:
    """The way to the control plane."""

    def __init__(self) -> None:
        self.port = Path("/dev/ttyS2").open("r+b", buffering=0)  # noqa: SIM115
        tty.setraw(self.port.fileno())
        self.rebooted, self.heard = False, b""

    def sync(self, request: SyncRequest) -> SyncAnswer:
        """As `Link.sync`."""
        self._write(request.model_dump(mode="json"))
        answer = self._read()
        if "reboot" in answer:
            self.rebooted = True
            answer = self._read()
        return SyncAnswer.model_validate(answer)

    def _write(self, message: dict[str, Any]) -> None:
        content = json.dumps(message).encode() + b"\n"
        while content:
            content = content[self.port.write(content) :]

    def _read(self) -> dict[str, Any]:
        while b"\n" not in self.heard:
            self.heard += os.read(self.port.fileno(), 4096)
        line, _, self.heard = self.heard.partition(b"\n")
        return json.loads(line)


def main() -> None:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO)
    # The one thing that is not as it is: the controller says of itself that it is an accelerator.
    said = Path("/run/class")
    said.write_text("0x120000\n")
    subprocess.run(["mount", "-o", "bind", str(said), str(FUNCTION / "class")], check=True)
    DATA.mkdir()  # the disk of the laboratory's machine has no gigabyte left
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4g,mode=755", "data", str(DATA)], check=True)
    host = host_wiring.open_host(host_wiring.HostSettings(DATA, image_dirs=[Path("/pextra/images")]), "lab")
    drivers = replace(host.drivers, gpus=MachineGpus(Path("/var/lib/gpus.json")))
    link = SerialLink()

    def begun() -> Agent:
        return Agent(
            link,
            drivers,
            inventory=lambda: host_wiring.inventory_of(drivers, host.lacking),
            boot_id=host_wiring.BOOT_ID.read_text().strip(),
            version="lab",
            clock=SystemClock(),
        )

    agent = begun()
    while True:
        agent.exchange()
        if link.rebooted:
            (FUNCTION / "sriov_numvfs").write_text("0")
            link.rebooted, agent = False, begun()
            continue
        agent.divide()
        agent.observe()
        while agent.look():
            pass
        time.sleep(0.1)


main()
