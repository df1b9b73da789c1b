"""What is odd on a machine costs only itself, is named, and never grows without bound."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pextra.agent.inventory.observation import Inventory, observe
from pextra.agent.inventory.tree import MOST_PROBLEMS, Problem, Tree, printable
from tests.unit.inventory.machines import lay_out, unpack

INVENTORY = TypeAdapter(Inventory)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack("two-sockets", tmp_path_factory.mktemp("server"))


def files_of(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())


@contextmanager
def changed(file: Path, content: bytes | None) -> Iterator[None]:
    """The machine with other content in a file, or without the file."""
    before = file.read_bytes()
    try:
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)
        yield
    finally:
        file.write_bytes(before)


def others(inventory: Inventory, file: Path, root: Path) -> tuple[object, ...]:
    """All that has nothing to do with a file: devices of other places, and parts that are read elsewhere."""
    path = str(file.relative_to(root))
    resolved = {name: str((root / "sys" / name).resolve().relative_to(root.resolve())) for name in _listed(root)}
    return (
        tuple(disk for disk in inventory.disks if not _below(path, resolved[f"block/{disk.name}"]))
        if "proc/" not in path and "dm-" not in path
        else (),
        tuple(nic for nic in inventory.nics if not _below(path, resolved[f"class/net/{nic.name}"])),
        tuple(
            replace(found, iommu_group=None)
            for found in inventory.pci.devices
            if not _below(path, resolved[f"bus/pci/devices/{found.address}"])
        ),
        inventory.cpus if path.startswith(("sys/devices/pci", "etc")) else None,
        inventory.memory if path.startswith(("sys/devices/pci", "etc")) else None,
        inventory.system if path.startswith("sys/devices/") else None,
    )


def _listed(root: Path) -> list[str]:
    return [
        f"{folder}/{entry.name}"
        for folder in ("block", "class/net", "bus/pci/devices")
        for entry in (root / "sys" / folder).iterdir()
    ]


def _below(path: str, place: str) -> bool:
    """Whether a file is the device's, or that of a device that it hangs below."""
    folder = path.rpartition("/")[0]
    return folder.startswith(place) or place.startswith(folder)


@given(st.data(), st.one_of(st.none(), st.binary(max_size=80), st.sampled_from([b"-1\n", b"0x\n", b"", b"9" * 5000])))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_one_odd_or_absent_file_costs_only_what_it_belongs_to(
    server: Path, data: st.DataObject, content: bytes | None
) -> None:
    sound = observe(server)
    file = data.draw(st.sampled_from(files_of(server)))
    with changed(file, content):
        inventory = observe(server)
    assert others(inventory, file, server) == others(sound, file, server)
    assert INVENTORY.validate_json(INVENTORY.dump_json(inventory)) == inventory
    # The file, and what could not be made of the rest without it.
    assert len(inventory.problems) <= 2, inventory.problems


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("proc/meminfo", b"MemTotal: much\n", "there is no line with MemTotal in kB"),
        ("sys/devices/system/node/node0/meminfo", b"Node 0 MemTotal: 1 kB\n", "of 257910 MiB, the machine of 515625"),
        ("sys/devices/system/node/node1/distance", b"10\n", "2 numbers were expected, not '10'"),
        ("sys/devices/system/node/node1/cpulist", b"3-1\n", "a list of CPUs was expected, not '3-1'"),
        ("sys/devices/system/cpu/online", b"0-3,2\n", "a list of CPUs was expected"),
        ("sys/devices/system/cpu/cpu3/topology/core_cpus_list", b"4\n", "CPU 3 is not among its own siblings"),
        ("sys/bus/pci/devices/0000:b1:00.1/vendor", b"intel\n", "a number was expected, not 'intel'"),
        ("sys/bus/pci/devices/0000:b1:00.0/sriov_totalvfs", b"-4\n", "a count was expected, not -4"),
        ("sys/block/sdc/size", b"\xff\xfe\n", "a number was expected"),
        ("sys/block/sdc/removable", b"2\n", "0 or 1 was expected, not '2'"),
        ("sys/class/net/ens1f0/mtu", b"1e3\n", "a number was expected, not '1e3'"),
        ("etc/machine-id", b"0" * 32, "32 lower-case hex digits"),
        ("usr/lib/os-release", b"ID='ubuntu\n", "the quotes of ID do not close"),
    ],
)
def test_what_makes_no_sense_is_named(server: Path, file: str, content: bytes, problem: str) -> None:
    with changed((server / file).resolve(), content):
        inventory = observe(server)
    assert any(problem in found.message for found in inventory.problems), inventory.problems
    assert all(found.path.startswith(("/sys/", "/proc/", "/etc/", "/usr/lib/")) for found in inventory.problems)


def test_no_processor_is_in_two_cores_whatever_the_kernel_says(server: Path) -> None:
    with changed(server / "sys/devices/system/cpu/cpu3/topology/core_cpus_list", b"3,32\n"):
        siblings = observe(server).cpus.siblings
    assert (0, 32) in siblings
    assert (3,) in siblings
    everyone = [cpu for core in siblings for cpu in core]
    assert len(everyone) == len(set(everyone))


def test_a_device_that_does_not_say_what_it_is_goes_and_the_others_stay(server: Path) -> None:
    sound = observe(server)
    with changed((server / "sys/bus/pci/devices/0000:b1:00.1/vendor").resolve(), b"?"):
        inventory = observe(server)
    gone = {found.address for found in sound.pci.devices} - {found.address for found in inventory.pci.devices}
    assert gone == {"0000:b1:00.1"}
    assert "/sys/bus/pci/devices/0000:b1:00.1/vendor" in {found.path for found in inventory.problems}


def test_problems_are_counted_up_to_a_bound_and_in_order(tmp_path: Path) -> None:
    text = "[sys/devices/pci0000:00/0000:00:{" + ",".join(f"{n:02x}.{f}" for n in range(32) for f in range(8)) + "}]"
    lay_out(text + "\nclass = 0x0200zz", tmp_path)
    problems = observe(tmp_path).problems
    assert len(problems) == MOST_PROBLEMS
    assert list(problems) == sorted(problems, key=lambda problem: problem.path)


def test_names_that_cannot_be_printed_are_left_out_and_named(tmp_path: Path) -> None:
    lay_out("[sys/devices/pci0000:00/0000:00:03.0/net/{eth0|eth1}]", tmp_path)
    folder = tmp_path / "sys/class/net"
    Path(os.fsdecode(os.fsencode(folder) + b"/eth\xff")).symlink_to((folder / "eth0").readlink())
    inventory = observe(tmp_path)
    assert [nic.name for nic in inventory.nics] == ["eth0", "eth1"]
    assert [problem.path for problem in inventory.problems] == ["/sys/class/net"]
    INVENTORY.dump_json(inventory)


def test_a_file_of_any_length_and_kind_is_read_in_bounds(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * 100_000)
    os.mkfifo(tmp_path / "pipe")
    tree = Tree(tmp_path)
    assert tree.raw("long") == b"x" * 4096
    assert tree.text("long") == "x" * 256
    assert len(tree.raw("long", 50_000) or b"") == 50_000
    assert tree.text("pipe") is None
    assert tree.raw(".") is None
    assert tree.problems == ()


def test_a_long_file_of_procfs_is_read_to_its_end() -> None:
    """The kernel hands it out in pieces that are shorter than what was asked for."""
    content = Tree(Path("/")).raw("proc/self/maps", 1 << 20)
    assert content is not None
    assert len(content) > 8192
    assert content.endswith(b"\n")


@given(st.integers(0, 70_000), st.integers(0, 70_000))
@settings(max_examples=30, deadline=None)
def test_a_list_of_cpus_is_the_kernels_or_none(tmp_path_factory: pytest.TempPathFactory, first: int, last: int) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "list").write_text(f"{first}-{last}\n")
    tree = Tree(folder)
    cpus = tree.cpus("list")
    if first <= last and last - first < 65_536:
        assert cpus == tuple(range(first, last + 1))
    else:
        assert cpus is None
        assert [type(problem) for problem in tree.problems] == [Problem]


@given(st.binary(max_size=600))
def test_text_can_always_be_printed(content: bytes) -> None:
    text = printable(content)
    assert text is None or (text.isprintable() and 0 < len(text) <= 256)
