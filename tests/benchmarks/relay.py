"""The relay in a process of its own: memory of idle agents, time from an assignment to its wake, one console's flow.

    python -m tests.benchmarks.relay [agents]

Agents' channels, the guest and the user are all in this process, so the flow is what one Python process can say and
hear at once rather than what the relay could pass on.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from pextra import agent_protocol as protocol
from pextra import serving
from pextra.agent.link import ControlPlane
from pextra.agent.relaying import Relaying
from pextra.cli import agents_server
from pextra.pki.contexts import trusting
from pextra.pki.request import new_request
from pextra.services.agents import authority
from pextra.store import agents, assignments
from tests.benchmarks.table import percentile, show
from tests.labs.ports import free_port
from tests.labs.waiting import wait_until
from tests.relay.world import LOOPBACK, RelayCloud, ticket

WAKES = 50
SAID_BYTES = 256 << 20


def certificates(cloud: RelayCloud, folder: Path, number: int) -> list[tuple[str, Path]]:
    """Hosts' uids, each with a file of its certificate and key."""
    signer = cloud.database.write(lambda tx: authority(cloud.cloud, tx))
    key, request = new_request("bench")
    made: list[tuple[str, Path]] = []
    for _ in range(number):
        uid = cloud.database.new_uid()
        issued = signer.sign_host(request, uid, datetime.now(UTC), timedelta(days=1))
        expires_us = int(issued.not_after.timestamp() * 1_000_000)
        cloud.database.write(
            lambda tx, i=issued, u=uid, e=expires_us: agents.add_certificate(
                tx, i.serial_hex, host_uid=u, not_after_us=e
            )
        )
        path = folder / f"{uid}.pem"
        path.write_text(issued.certificate_pem + key)
        made.append((uid, path))
    return made


def metrics(port: int) -> str:
    """What the relay counts."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics") as answer:
        return answer.read().decode()


def memory_kib(pid: int) -> int:
    """How much memory the process has in use."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


async def idle_agents(url: str, authority_pem: str, known: list[tuple[str, Path]]) -> dict[str, ClientConnection]:
    """A channel for each host."""
    opened: dict[str, ClientConnection] = {}

    async def one(uid: str, pem: Path) -> None:
        tls = trusting(authority_pem)
        tls.load_cert_chain(pem)
        opened[uid] = await connect(f"{url}{protocol.RELAY}", ssl=tls, proxy=None, compression=None, open_timeout=60)

    for start in range(0, len(known), 20):
        await asyncio.gather(*(one(*each) for each in known[start : start + 20]))
    return opened


async def wakes_ms(cloud: RelayCloud, opened: dict[str, ClientConnection]) -> list[float]:
    """For one assignment after the other, how long its host's agent waited for the wake."""
    taken: list[float] = []
    chosen = random.Random(1)
    for _ in range(WAKES):
        host_uid = chosen.choice(list(opened))
        uid = cloud.database.new_uid()
        await asyncio.sleep(chosen.random() * 0.2)  # at any moment between two looks of the relay
        cloud.clock.advance(time.time() - cloud.clock.now())
        began = time.monotonic()
        await asyncio.to_thread(
            cloud.database.write,
            lambda tx, h=host_uid, u=uid: assignments.put(
                tx, h, u, kind="volume", tenant_uid=cloud.cloud.site.uid, document={}
            ),
        )
        await asyncio.wait_for(opened[host_uid].recv(), 10)
        taken.append((time.monotonic() - began) * 1000)
    return taken


def flow_mib_s(cloud: RelayCloud) -> float:
    """How much one console passes on in a second."""
    cloud.clock.advance(time.time() - cloud.clock.now())
    with cloud.dial(ticket(cloud.user("ada", "acme"))) as user, cloud.guests.next() as guest:
        block = random.Random(1).randbytes(1 << 20)
        say = threading.Thread(target=lambda: [guest.sendall(block) for _ in range(SAID_BYTES >> 20)], daemon=True)
        say.start()
        began, heard = time.monotonic(), 0
        while heard < SAID_BYTES:
            heard += len(user.recv(timeout=30))
        return (SAID_BYTES >> 20) / (time.monotonic() - began)


def main() -> None:
    """Measure and print."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cloud = RelayCloud(folder)
        cloud.furnish_one()
        cloud.channels["h0"].stop()
        known = certificates(cloud, folder, number)
        ports = free_port(), free_port()
        command = [sys.executable, "-m", "pextra.cli.relay_server", f"--host={LOOPBACK}"]
        environment = os.environ | {
            serving.DATABASE_URL: f"sqlite:///{folder / 'pextra.db'}",
            agents_server.FOLDER: str(cloud.tls),
        }
        process = subprocess.Popen([*command, f"--agents-port={ports[0]}", f"--users-port={ports[1]}"], env=environment)
        try:
            measure(cloud, process.pid, ports, known)
        finally:
            process.terminate()
            process.wait(20)
            cloud.close()


def measure(cloud: RelayCloud, pid: int, ports: tuple[int, int], known: list[tuple[str, Path]]) -> None:
    """Everything, against the relay at those ports."""

    def answers() -> bool:
        try:
            return urllib.request.urlopen(f"http://{LOOPBACK}:{ports[1]}/healthz").status == 200
        except OSError:
            return False

    wait_until(answers, 30, "the relay")
    cloud.relay_url, cloud.users_url = f"wss://{LOOPBACK}:{ports[0]}", f"ws://{LOOPBACK}:{ports[1]}"

    async def agents_part() -> tuple[float, int, int, list[float]]:
        before = memory_kib(pid)
        began = time.monotonic()
        opened = await idle_agents(cloud.relay_url, (cloud.tls / "authority.pem").read_text(), known)
        took, after = time.monotonic() - began, memory_kib(pid)
        taken = await wakes_ms(cloud, opened)
        await asyncio.gather(*(channel.close() for channel in opened.values()))
        return took, before, after, taken

    took, before, after, taken = asyncio.run(agents_part())
    agent = Relaying(
        tls=ControlPlane(cloud.home("h0")).tls,
        url=lambda: cloud.relay_url,
        connect=cloud.guests.connect,
        on_wake=lambda _: None,
    )
    agent.start()
    try:
        wait_until(lambda: "pextra_relay_agents 1.0" in metrics(ports[1]), 30, "the agent to connect")
        flow = flow_mib_s(cloud)
    finally:
        agent.stop()
    show(
        f"{len(known)} agents",
        ["what", "measured"],
        [
            ["agents that connected in a second", f"{len(known) / took:.0f}"],
            ["memory of the relay before, MiB", f"{before / 1024:.0f}"],
            ["memory of an idle agent, KiB", f"{(after - before) / len(known):.0f}"],
            ["assignment to wake, p50, ms", f"{percentile(taken, 0.5):.0f}"],
            ["assignment to wake, worst, ms", f"{max(taken):.0f}"],
            ["one console, MiB/s", f"{flow:.0f}"],
        ],
    )


if __name__ == "__main__":
    main()
