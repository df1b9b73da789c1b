"""The processors: how many, which are siblings, what they can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pextra.agent.inventory.tree import Tree

# The file repeats itself for every CPU, and is slow to make on large hosts: the first processor says it all.
_CPUINFO_BYTES: Final = 16_384
_CPU: Final = "sys/devices/system/cpu"

FLAGS_OF_INTEREST: Final = frozenset(
    {
        "aes", "amx_tile", "asimd", "avx", "avx2", "avx512f", "avx512_vnni", "constant_tsc", "ept", "fma", "hypervisor",
        "la57", "lm", "nonstop_tsc", "npt", "pdpe1gb", "rdrand", "sev", "sev_es", "sev_snp", "sme", "sse4_2", "svm",
        "sve", "sve2", "tdx_guest", "tdx_host_platform", "vmx", "x2apic",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cpus:
    """The processors that are online.

    Attributes:
        architecture: as the kernel names it (x86_64, aarch64).
        model: the marketing name of the first one.
        sockets: physical packages; None where the kernel does not tell.
        cores: physical cores; None where the kernel does not tell.
        threads: logical CPUs that are online.
        online: their numbers.
        siblings: the CPUs of each core, ordered by the first of them.
        smt: whether cores run several threads now.
        flags: which of `FLAGS_OF_INTEREST` the first processor has.
    """

    architecture: str | None
    model: str | None
    sockets: int | None
    cores: int | None
    threads: int
    online: tuple[int, ...]
    siblings: tuple[tuple[int, ...], ...]
    smt: bool | None
    flags: tuple[str, ...]


def read_cpus(tree: Tree) -> Cpus:
    """What the kernel tells of the processors."""
    first = _first_processor(tree)
    flags = frozenset((first.get("flags") or first.get("Features") or "").split())
    online = tree.cpus(f"{_CPU}/online")
    if online is None:
        present = (name.removeprefix("cpu") for name in tree.names(_CPU) if name.startswith("cpu"))
        online = tuple(sorted(int(number) for number in present if number.isdecimal()))
    # One file names a whole package or core, so the others of it need not be looked at.
    packages = _groups(tree, online, ("package_cpus_list", "core_siblings_list"))
    siblings = _groups(tree, online, ("core_cpus_list", "thread_siblings_list"))
    return Cpus(
        architecture=tree.text("proc/sys/kernel/arch"),
        model=first.get("model name") or None,
        sockets=len(packages) or None,
        cores=len(siblings) or None,
        threads=len(online),
        online=online,
        siblings=siblings,
        smt=tree.flag(f"{_CPU}/smt/active"),
        flags=tuple(sorted(flags & FLAGS_OF_INTEREST)),
    )


def _first_processor(tree: Tree) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in tree.lines("proc/cpuinfo", _CPUINFO_BYTES):
        name, colon, value = line.partition(":")
        if not colon:
            if found:
                break
            continue
        found[name.strip()] = value.strip()
    return found


def _groups(tree: Tree, online: tuple[int, ...], files: tuple[str, str]) -> tuple[tuple[int, ...], ...]:
    """Partition the CPUs by what the new or the old name of a topology file says."""
    seen: set[int] = set()
    groups: list[tuple[int, ...]] = []
    alive = frozenset(online)
    for cpu in online:
        if cpu in seen:
            continue
        group = next((cpus for name in files if (cpus := tree.cpus(f"{_CPU}/cpu{cpu}/topology/{name}"))), None)
        if group is None:
            continue
        if cpu not in group:
            tree.problem(f"{_CPU}/cpu{cpu}/topology/{files[0]}", f"CPU {cpu} is not among its own siblings")
            continue
        members = tuple(member for member in group if member in alive and member not in seen)
        seen.update(members)
        groups.append(members)
    return tuple(groups)
