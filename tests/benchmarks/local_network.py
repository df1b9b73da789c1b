"""What it costs to make ports on one host, and to look at ports that are as they should be.

Run it as root: `python tests/benchmarks/local_network.py`. It works in a network namespace of its own, which costs one
more process a command (`nsenter`) than a host's agent pays. Only the ratios carry from one machine to another.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "backend"))
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.table import show
from tests.contract.network_contract import new_network, new_port
from tests.drivers.local_hosts import OUT, PING_IN, CountedCommands, tcp_in
from tests.drivers.netlab import NetLab, reason_unavailable

SIZES = (1, 50)


def main() -> None:
    """Measure and print."""
    if reason := reason_unavailable():
        sys.exit(reason)
    rows: list[list[object]] = []
    for size in SIZES:
        with NetLab() as lab:
            commands = CountedCommands(lab.enter)
            networks = lab.driver(commands=commands)
            network = new_network()
            networks.ensure_network(network)
            rules = (OUT, PING_IN, tcp_in(22), tcp_in(80), tcp_in(443))
            ports = [replace(new_port(network, 10 + number), rules=rules) for number in range(size)]
            row: list[object] = [f"{size} ports"]
            for _ in ("made", "looked at"):
                commands.ran.clear()
                cpu, start = time.process_time(), time.perf_counter()
                for port in ports:
                    networks.ensure_port(port)
                wall = (time.perf_counter() - start) / size * 1000
                own = (time.process_time() - cpu) / size * 1000
                row += [wall, own, len(commands.ran) / size]
            start = time.perf_counter()
            networks.observe_ports()
            row.append((time.perf_counter() - start) * 1000)
            rows.append(row)
    show(
        "One network, ports made one after the other (ms and commands a port; `own` is this process's CPU)",
        ("", "made", "own", "commands", "look", "own", "commands", "observe all"),
        rows,
    )


if __name__ == "__main__":
    main()
