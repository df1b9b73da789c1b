"""Instances on simulated hosts by Pulumi: preview, up, an up that finds nothing to do, destroy, with both providers.

    python -m tests.benchmarks.pulumi [1,20,200]

Prints for each provider, number of instances and command: seconds by the clock, CPU-seconds of everything that was
started, and calls to the API for each instance. The cloud shares the machine.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.counted import Calls, counted_cloud
from tests.benchmarks.table import show
from tests.lifecycle.tenants import new_tenant, stocked
from tests.pulumi.conftest import PROVIDERS
from tests.pulumi.stacks import Stack

SIZES = (1, 20, 200)
_PROGRAM = """
import {module} as px

for number in range({size}):
    px.Instance(f"web-{{number}}", flavor="small", image="system/sim-linux")
"""
_COMMANDS = (
    ("preview", ("preview",)),
    ("up", ("up", "--yes", "--skip-preview")),
    ("up, nothing to do", ("up", "--yes", "--skip-preview")),
    ("refresh", ("refresh", "--yes", "--skip-preview")),
    ("destroy", ("destroy", "--yes", "--skip-preview")),
)


def measure(stack: Stack, calls: Calls, size: int, *arguments: str) -> list[Any]:
    """One command: wall, CPU of everything that was started, calls for each instance, and which."""
    calls.taken()
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    stack.run(*arguments)
    wall_s, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    counts = calls.taken()
    told = " ".join(f"{name} {count / size:.2f}" for name, count in sorted(counts.items())) or "none"
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [wall_s, cpu_s, sum(counts.values()) / size, told]


def main() -> None:
    """Print one table for each provider and number of instances."""
    sizes = [int(each) for each in sys.argv[1].split(",")] if len(sys.argv) > 1 else SIZES
    with tempfile.TemporaryDirectory() as name, counted_cloud(Path(name)) as (cloud, calls):
        stocked(cloud)
        for module in PROVIDERS:
            for size in sizes:
                settings = {
                    "PEXTRA_ENDPOINT": cloud.url,
                    "PEXTRA_TOKEN": cloud.admin_token,
                    "PEXTRA_TENANT": new_tenant(cloud),
                }
                folder = Path(name) / f"{module}-{size}"
                program = _PROGRAM.format(module=module, size=size)
                stack = Stack(folder, program, "dev", settings, backend=Path(name) / f"states-{module}-{size}")
                stack.run("config")
                rows = [[title, *measure(stack, calls, size, *arguments)] for title, arguments in _COMMANDS]
                show(
                    f"{module}, {size} instances",
                    ["command", "wall s", "CPU s", "calls/instance", "of which"],
                    rows,
                )


if __name__ == "__main__":
    main()
