"""Instances on simulated hosts by Terraform: plan, apply, a plan that finds nothing to do, destroy.

    python -m tests.benchmarks.terraform [1,20,200]

Prints for each number of instances and each command: seconds by the clock, CPU-seconds of the provider (all the
processes of it that Terraform starts) and of Terraform, and calls to the API for each instance. The provider runs
from compiled bytecode, as it does where it is installed, whatever `PYTHONDONTWRITEBYTECODE` says here. The cloud shares
the machine.
"""

from __future__ import annotations

import os
import re
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.counted import Calls, counted_cloud
from tests.benchmarks.table import show
from tests.lifecycle.tenants import new_tenant, stocked
from tests.terraform.engine import Stack, provider_folder

SIZES = (1, 20, 200)


def timed_provider(folder: Path) -> tuple[Path, Path]:
    """A folder with the provider, and the file to which each of its processes adds its CPU time."""
    inner = provider_folder(folder / "inner") / "terraform-provider-pextra"
    times, outer = folder / "times", folder / "outer"
    outer.mkdir()
    program = outer / "terraform-provider-pextra"
    program.write_text(
        f"#!/bin/bash\nunset PYTHONDONTWRITEBYTECODE\nexport PYTHONPYCACHEPREFIX='{folder / 'bytecode'}'\n"
        f"'{inner}'\ntimes >> '{times}'\n"
    )
    program.chmod(0o755)
    return outer, times


def provider_seconds(times: Path) -> float:
    """What the provider's processes took since this was asked last."""
    text = times.read_text() if times.exists() else ""
    times.unlink(missing_ok=True)
    return sum(60 * int(minutes) + float(rest) for minutes, rest in re.findall(r"(\d+)m([\d.]+)s", text))


def measure(stack: Stack, calls: Calls, times: Path, size: int, *arguments: str) -> list[Any]:
    """One command: wall, CPU of the provider, CPU of everything that was started, calls for each instance by kind."""
    calls.taken()
    provider_seconds(times)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = stack.run(*arguments)
    wall_s, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.status == 0, done.output
    whole_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    provider_s = provider_seconds(times)
    counts = calls.taken()
    told = " ".join(f"{name} {count / size:.2f}" for name, count in sorted(counts.items())) or "none"
    return [wall_s, provider_s, whole_s - provider_s, sum(counts.values()) / size, told]


def main() -> None:
    """Print one table for each number of instances."""
    sizes = [int(each) for each in sys.argv[1].split(",")] if len(sys.argv) > 1 else SIZES
    os.environ.pop("TF_LOG", None)
    with tempfile.TemporaryDirectory() as name, counted_cloud(Path(name)) as (cloud, calls):
        folder = Path(name)
        stocked(cloud)
        program, times = timed_provider(folder / "provider")
        for size in sizes:
            stack = Stack(folder / f"stack-{size}", program, cloud.url, cloud.admin_token, new_tenant(cloud))
            stack.timeout_s, stack.patience_s = 600, 900
            instance = {"flavor": "small", "image": "system/sim-linux"}
            stack.write({f"instance.i{n}": {"name": f"i{n}", **instance} for n in range(size)})
            stack.plan()  # compiles what is not compiled yet
            rows = [
                [title, *measure(stack, calls, times, size, *arguments)]
                for title, arguments in (
                    ("plan", ("plan", "-out=plan.bin")),
                    ("apply of the plan", ("apply", "plan.bin")),
                    ("plan, nothing to do", ("plan", "-detailed-exitcode")),
                    ("destroy", ("destroy", "-auto-approve")),
                )
            ]
            header = ("", "wall s", "provider CPU s", "Terraform CPU s", "calls each", "of which")
            show(f"{size} instances", header, rows)


if __name__ == "__main__":
    main()
