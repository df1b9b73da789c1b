"""The whole inventory of a host, read at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pextra.agent.inventory.cpus import Cpus, read_cpus
from pextra.agent.inventory.disks import Disk, read_disks
from pextra.agent.inventory.memory import Memory, read_memory
from pextra.agent.inventory.nics import Nic, read_nics
from pextra.agent.inventory.pci import Pci, read_pci
from pextra.agent.inventory.system import System, read_system
from pextra.agent.inventory.tree import Problem, Tree


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a host has. Two of a host on which nothing changed are equal, but for free huge pages.

    Attributes:
        system: kernel, distribution, identity.
        cpus: the processors.
        memory: memory and NUMA cells.
        disks: ordered by name.
        nics: ordered by name.
        pci: devices on PCI, and which of them belong together.
        problems: what was there and made no sense, ordered by path.
    """

    system: System
    cpus: Cpus
    memory: Memory
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    pci: Pci
    problems: tuple[Problem, ...]


def observe(root: Path = Path("/")) -> Inventory:
    """Read what the host has. It changes nothing, runs nothing, and fails for nothing that it finds or misses.

    Args:
        root: the directory that /sys, /proc and /etc lie below.
    """
    tree = Tree(root)
    cpus = read_cpus(tree)
    return Inventory(
        system=read_system(tree, cpus.flags),
        cpus=cpus,
        memory=read_memory(tree, cpus.online),
        disks=read_disks(tree),
        nics=read_nics(tree),
        pci=read_pci(tree),
        problems=tree.problems,
    )
