"""Which vGPUs a host can make, as its kernel says it, and what of that its vendor's library knows better."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pextra.agent.gpus.cards import read_cards
from pextra.agent.gpus.merging import merge
from pextra.agent.gpus.vgpus import KernelVgpus, with_kernels
from pextra.agent.inventory.pci import read_pci
from pextra.agent.inventory.tree import Tree
from pextra.drivers.gpu.interface import Gpu, Mig, MigInstance, VgpuInterface, VgpuType
from pextra.drivers.gpu.nvml_process import NvmlView
from pextra.drivers.gpu.vgpu_types import creatable, memory_mib_of, mig_slices_of, most_by_name, type_name
from tests.labs.vgpus import A40, H100, Card, Type, VgpuKernel

ADDRESS = "0000:41:00.0"
UUID = "5c1bff6c-7e2b-4a52-9b0a-2f2f8b1c7d11"


@pytest.fixture
def kernel(tmp_path: Path) -> VgpuKernel:
    return VgpuKernel(tmp_path / "root")


def found(kernel: VgpuKernel) -> Gpu:
    """The host's one GPU, as an agent without its vendor's library tells of it."""
    tree = Tree(kernel.root)
    (gpu,) = merge(read_cards(tree, read_pci(tree)), NvmlView(), {}).gpus
    assert tree.problems == ()
    return gpu


def counted(gpu: Gpu) -> dict[str, tuple[int, int | None, int]]:
    """Of each type, how many the GPU can be, how many more can be made, and how many there are."""
    return {each.name: (each.most, each.available, each.made) for each in gpu.vgpu_types}


def a40(kernel: VgpuKernel, vfs: int = 0) -> Card:
    return kernel.add_card(ADDRESS, A40, mediated=True, vfs=vfs, device="2235")


def h100(kernel: VgpuKernel, vfs: int = 6) -> Card:
    return kernel.add_card(ADDRESS, H100, mediated=False, vfs=vfs, device="2330")


def test_host_without_a_vgpu_manager_makes_none(kernel: VgpuKernel) -> None:
    kernel.add_function(ADDRESS, driver="nvidia")
    assert (found(kernel).vgpu_interface, found(kernel).vgpu_types) == (None, ())


def test_mediated_devices_of_a_gpu_are_counted_as_the_kernel_does(kernel: VgpuKernel) -> None:
    a40(kernel)
    gpu = found(kernel)
    assert gpu.vgpu_interface is VgpuInterface.MDEV
    assert gpu.vgpu_types[0] == VgpuType("A40-4Q", 557, 4096, 12, 12, 0)
    assert counted(gpu) == {"A40-4Q": (12, 12, 0), "A40-8Q": (6, 6, 0), "A40-24Q": (2, 2, 0)}
    kernel.make(ADDRESS, A40[1], UUID)
    assert counted(found(kernel)) == {"A40-4Q": (12, 0, 0), "A40-8Q": (6, 5, 1), "A40-24Q": (2, 0, 0)}


def test_functions_offer_together_no_more_than_their_gpu_can_be(kernel: VgpuKernel) -> None:
    card = a40(kernel, vfs=7)
    gpu = found(kernel)
    assert gpu.vgpu_interface is VgpuInterface.VF_MDEV
    assert counted(gpu) == {"A40-4Q": (12, 7, 0), "A40-8Q": (6, 6, 0), "A40-24Q": (2, 2, 0)}
    kernel.make(card.parents[3], A40[2], UUID)
    assert counted(found(kernel)) == {"A40-4Q": (12, 0, 0), "A40-8Q": (6, 0, 0), "A40-24Q": (2, 1, 1)}


def test_functions_that_become_vgpus_are_counted_until_there_is_no_room(kernel: VgpuKernel) -> None:
    card = h100(kernel)
    gpu = found(kernel)
    assert gpu.vgpu_interface is VgpuInterface.VF
    assert counted(gpu) == {"H100XM-20C": (4, 4, 0), "H100XM-40C": (2, 2, 0)}
    kernel.make(card.parents[0], H100[1])
    assert counted(found(kernel)) == {"H100XM-40C": (2, 1, 1)}
    kernel.make(card.parents[4], H100[1])
    assert counted(found(kernel)) == {}  # its name is nowhere any more: it is told where the library knows it
    told = with_kernels([VgpuType("H100XM-40C", 1132, 40_960, 2)], _kernels(kernel), Mig())
    assert told == (VgpuType("H100XM-40C", 1132, 40_960, 2, 0, 2),)


def test_types_backed_by_mig_are_there_with_gpu_instances_alone(kernel: VgpuKernel) -> None:
    card = h100(kernel)
    kernel.make_gpu_instances(card, [1, 1, 3])
    assert counted(found(kernel)) == {"H100XM-1-10C": (7, 6, 0), "H100XM-3-40C": (2, 2, 0)}
    instances = tuple(MigInstance(n, profile, n) for n, profile in enumerate(("1g.10gb", "1g.10gb", "3g.40gb")))
    told = with_kernels([VgpuType("H100XM-1-10C", 1144, 10_240, 7)], _kernels(kernel), Mig(True, True, (), instances))
    assert [(each.name, each.most, each.available) for each in told] == [("H100XM-1-10C", 2, 2), ("H100XM-3-40C", 1, 1)]


def test_library_names_all_types_and_the_kernel_says_which_can_be_made() -> None:
    seen = [VgpuType("L40S-12Q", 1154, 12_288, 4), VgpuType("L40S-24Q", 1155, 24_576, 2)]
    kernels = KernelVgpus(VgpuInterface.VF, (VgpuType("L40S-12Q", 1154, 12_288, 5, 3, 1),))
    assert with_kernels(seen, kernels, Mig()) == (
        replace(seen[0], available=3, made=1),
        replace(seen[1], available=0),
    )
    assert with_kernels(seen, KernelVgpus(), Mig()) == tuple(seen)


def test_other_vendors_types_have_names_alone(kernel: VgpuKernel) -> None:
    path = kernel.add_function(ADDRESS, driver="i915") / "mdev_supported_types/i915-GVTg_V5_4"
    path.mkdir(parents=True)
    (path / "available_instances").write_text("2\n")
    (path / "description").write_text("low_gm_size: 128MB\nhigh_gm_size: 512MB\nfence: 4\n")
    assert found(kernel).vgpu_types == (VgpuType("i915-GVTg_V5_4", 0, 0, 2, 2, 0),)


def test_what_a_driver_says_is_bounded(kernel: VgpuKernel) -> None:
    many = tuple(Type(number, f"NVIDIA X-{number}Q", 1024, 1) for number in range(1, 301))
    kernel.add_card(ADDRESS, many, mediated=False, vfs=2, device="2330")
    assert len(found(kernel).vgpu_types) == 128
    vf = kernel.function("0000:41:00.1") / "nvidia/creatable_vgpu_types"
    vf.write_bytes(b"\xff:\x00\n" * 100_000)
    assert len(found(kernel).vgpu_types) == 128


@pytest.mark.parametrize(
    ("name", "memory_mib", "slices"),
    [
        ("A100-4C", 4096, 0),
        ("A100-1-5CME", 5120, 1),
        ("H100XM-3-40C", 40_960, 3),
        ("H200X-141C", 144_384, 0),
        ("RTX Pro 6000 Blackwell DC-4-24Q", 24_576, 4),
        ("M60-2B4", 2048, 0),
        ("i915-GVTg_V5_4", 0, 0),
    ],
)
def test_names_say_how_large_a_vgpu_is(name: str, memory_mib: int, slices: int) -> None:
    assert (memory_mib_of(name), mig_slices_of(name)) == (memory_mib, slices)


def test_names_and_the_gpu_say_how_many_there_can_be() -> None:
    l40s, a100 = 46_068, 40_536
    wanted = {("L40S-48Q", l40s): 1, ("L40S-12Q", l40s): 4, ("L40S-6Q", l40s): 8, ("A100-4C", a100): 10}
    assert {key: most_by_name(*key) for key in wanted} == wanted
    assert [most_by_name(f"A100-{slices}-5C", None) for slices in (1, 2, 3, 4, 7)] == [7, 3, 2, 1, 1]
    assert most_by_name("L40S-6Q", None) is None


def test_brands_are_no_part_of_a_type() -> None:
    assert [type_name(text) for text in ("GRID A100-4C\n", "NVIDIA A40-1B", "L4-2Q")] == ["A100-4C", "A40-1B", "L4-2Q"]
    assert creatable("ID    : vGPU Name\n1155  : NVIDIA L40S-8Q\nx : y\n") == {1155: "L40S-8Q"}


def _kernels(kernel: VgpuKernel) -> KernelVgpus:
    tree = Tree(kernel.root)
    (card,) = read_cards(tree, read_pci(tree))
    return card.vgpus
