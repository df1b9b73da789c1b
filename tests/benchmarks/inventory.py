"""How long it takes to read what a large host has: 4 sockets, 8 cells, 512 CPUs, 200 PCI devices, 32 disks.

    python -m tests.benchmarks.inventory [rounds]

Prints the median of each part in milliseconds and its share of the whole, for a machine that is made up in memory, and
for this one. The kernel makes its files as they are read, so that a real machine is slower than files that lie ready;
the column of opened files tells how much there is to make.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pextra.agent.inventory.cpus import read_cpus
from pextra.agent.inventory.disks import read_disks
from pextra.agent.inventory.memory import read_memory
from pextra.agent.inventory.nics import read_nics
from pextra.agent.inventory.observation import observe
from pextra.agent.inventory.pci import read_pci
from pextra.agent.inventory.system import read_system
from pextra.agent.inventory.tree import Tree
from tests.benchmarks.table import show
from tests.labs.scratch import scratch_directory
from tests.unit.inventory.machines import lay_out

SOCKETS: Final = 4
CELLS: Final = 8
CPUS: Final = 512


def large_host() -> str:
    """The machine, written down."""
    half, cores, near = CPUS // 2, CPUS // 2 // SOCKETS, CPUS // 2 // CELLS
    lines = [
        "proc/meminfo = MemTotal: 8589934592 kB",
        'proc/cpuinfo = "' + r"processor\t: 0\nmodel name\t: Large\nflags\t\t: lm vmx avx512f\n\n" * CPUS + '"',
        "proc/1/mountinfo = " + '"' + r"27 1 8:1 / / rw - ext4 /dev/sda1 rw\n" * 200 + '"',
        f"sys/devices/system/cpu/online = 0-{CPUS - 1}",
        "[sys/class/iommu/dmar0]",
        "[sys/kernel/iommu_groups/0]",
    ]
    for cpu in range(CPUS):
        core, socket = cpu % half, cpu % half // cores
        first = socket * cores
        lines += [
            f"[sys/devices/system/cpu/cpu{cpu}/topology]",
            f"core_cpus_list = {core},{core + half}",
            f"package_cpus_list = {first}-{first + cores - 1},{first + half}-{first + half + cores - 1}",
        ]
    for cell in range(CELLS):
        first = cell * near
        lines += [
            f"[sys/devices/system/node/node{cell}]",
            f"cpulist = {first}-{first + near - 1},{first + half}-{first + half + near - 1}",
            f"meminfo = Node {cell} MemTotal: {8589934592 // CELLS} kB",
            "distance = " + " ".join("10" if other == cell else "21" for other in range(CELLS)),
            *(f"hugepages/hugepages-{kib}kB/{name} = 16" for kib in (2048, 1 << 20) for name in _PAGES),
        ]
    for bus in range(20):
        # A root port, a card of two ports with three virtual functions each, and two disks.
        port = f"sys/devices/pci0000:{bus * 4:02x}/0000:{bus * 4:02x}:01.0"
        below = f"0000:{bus * 4 + 1:02x}"
        lines += _device(port, "0x060400", bus * 10)
        for function in range(2):
            card = f"{port}/{below}:00.{function}"
            lines += [*_device(card, "0x020000", bus * 10 + 1 + function), "sriov_totalvfs = 8", "sriov_numvfs = 3"]
            vfs = [f"{port}/{below}:0{1 + function}.{n}" for n in range(3)]
            lines += [f"virtfn{n} -> /{vf}" for n, vf in enumerate(vfs)]
            lines += [f"[{card}/net/ens{bus}f{function}]", "speed = 100000", "mtu = 9000", "type = 1", "carrier = 1"]
            for number, vf in enumerate(vfs):
                lines += [*_device(vf, "0x020000", bus * 10 + 4 + function * 3 + number), f"physfn -> /{card}"]
        lines += _device(f"{port}/{below}:03.0", "0x010802", bus * 10)
        for disk in range(2):
            block = f"{port}/{below}:03.0/nvme/nvme{bus}/block/nvme{bus}n{disk + 1}"
            lines += [f"[{block}]", "size = 7501476528", f"dev = 259:{bus * 2 + disk}", "removable = 0", "hidden = 0"]
            lines += ["queue/rotational = 0", f"wwid = eui.{bus}.{disk}", "holders/"]
    return "\n".join(lines)


_PAGES: Final = ("nr_hugepages", "free_hugepages")


def _device(path: str, code: str, group: int) -> list[str]:
    return [
        f"[{path}]",
        f"class = {code}",
        *(f"{name} = 0x8086" for name in ("vendor", "device", "subsystem_vendor", "subsystem_device")),
        "numa_node = 1",
        "driver -> /sys/bus/pci/drivers/some",
        f"iommu_group -> /sys/kernel/iommu_groups/{group}",
    ]


class CountingTree(Tree):
    """A tree that counts what it opens."""

    opened = 0

    def raw(self, path: str, most_bytes: int = 4096) -> bytes | None:
        """As the tree's own."""
        self.opened += 1
        return super().raw(path, most_bytes)


def measure(title: str, root: Path, rounds: int) -> None:
    """Print what each part takes below a root."""
    cpus = read_cpus(Tree(root))
    parts: dict[str, Callable[[Tree], object]] = {
        "processors": read_cpus,
        "memory": lambda tree: read_memory(tree, cpus.online),
        "disks": read_disks,
        "network interfaces": read_nics,
        "PCI": read_pci,
        "system": lambda tree: read_system(tree, cpus.flags),
    }
    whole = _median(lambda: observe(root), rounds)
    rows: list[tuple[object, ...]] = []
    for name, read in parts.items():
        tree = CountingTree(root)
        read(tree)
        took = _median(lambda read=read: read(Tree(root)), rounds)
        rows.append((name, tree.opened, took, took / whole))
    found = observe(root)
    rows.append(("all of it", sum(int(str(row[1])) for row in rows), whole, 1.0))
    show(
        f"{title}: {found.cpus.threads} CPUs, {len(found.memory.cells)} cells, {len(found.pci.devices)} PCI devices on "
        f"offer, {len(found.disks)} disks, {len(found.nics)} network interfaces, {len(found.problems)} problems",
        ("part", "files", "ms", "of all"),
        rows,
    )


def _median(act: Callable[[], object], rounds: int) -> float:
    times: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def main() -> None:
    """Measure the large host and this one."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    folder = scratch_directory("pextra-bench-")
    try:
        measure("a large host", lay_out(large_host(), folder), rounds)
    finally:
        shutil.rmtree(folder)
    measure("this machine", Path("/"), rounds)


if __name__ == "__main__":
    main()
