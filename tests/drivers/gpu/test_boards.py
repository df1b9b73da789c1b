"""Names of GPUs and boards, and what simulated hosts may be declared with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from pextra.drivers.gpu import interface
from pextra.drivers.gpu.boards import BOARDS, recognise, summary
from pextra.drivers.gpu.health import worse
from pextra.drivers.gpu.interface import Gpu, Health, HealthState, Link
from pextra.drivers.gpu.naming import canonical_address, cpu_list, model_of
from pextra.drivers.gpu.products import PRODUCTS
from pextra.drivers.gpu.sim import SimGpus
from pextra.resources import gpu_device
from pextra.resources.gpu_device import SimulatedGpus
from pextra.resources.host import HostSpec


def simulated(**wanted: Any) -> tuple[Gpu, ...]:
    return SimGpus("host", **wanted).observe_gpus().gpus


@pytest.mark.parametrize(
    ("product", "model"),
    [
        ("NVIDIA H100 80GB HBM3", "h100-80gb-hbm3"),
        ("NVIDIA A100-SXM4-80GB", "a100-sxm4-80gb"),
        ("NVIDIA A100 80GB PCIe", "a100-80gb-pcie"),
        ("NVIDIA H200", "h200"),
        ("NVIDIA L40S", "l40s"),
        ("Tesla T4", "t4"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("AMD Instinct MI300X", "instinct-mi300x"),
        ("NVIDIA", "nvidia"),
        ("  ", ""),
        ("X" * 200, "x" * 63),
    ],
)
def test_a_model_is_a_label_made_from_the_products_name_without_its_vendor(product: str, model: str) -> None:
    assert model_of(product) == model


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("00000000:1B:00.0", "0000:1b:00.0"),
        ("0000:1b:00.0", "0000:1b:00.0"),
        ("00010000:C1:00.0", "10000:c1:00.0"),
        ("00FA:01:00.0", "00fa:01:00.0"),
    ],
)
def test_an_address_is_written_as_the_kernel_does(written: str, address: str) -> None:
    assert canonical_address(written) == address


@pytest.mark.parametrize("written", ["", "1b:00.0", "0000:1b:00.8", "0000:1b:00", "../../etc"])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="no PCI address"):
        canonical_address(written)


def test_threads_are_listed_in_runs() -> None:
    assert cpu_list([8, 0, 1, 2, 3, 3]) == "0-3,8"
    assert cpu_list([]) == ""


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_is_recognised_by_what_its_gpus_tell(board: str) -> None:
    assert recognise(simulated(board=board)) == board


def test_a_board_is_recognised_while_guests_have_its_gpus_and_the_fabric_is_down() -> None:
    gpus = simulated(board="hgx-h100-8")
    never_seen = [replace(gpu, links=None, module=None) for gpu in gpus]
    assert recognise(never_seen) == "hgx-h100-8"
    assert recognise([replace(gpu, links=()) for gpu in gpus]) == "hgx-h100-8"
    alone = [replace(gpu, links=(), module=None) for gpu in gpus]
    assert recognise(alone, switches=4) == "hgx-h100-8"
    assert recognise(alone) == "pcie"


def test_what_is_no_known_board_is_not_called_one() -> None:
    eight = simulated(board="hgx-h100-8")
    assert recognise(()) == ""
    assert recognise(simulated(model="l40s", count=8)) == "pcie"
    assert recognise(eight[:7]) == "other"
    assert recognise([*eight[:7], replace(eight[7], model="h200")]) == "other"
    four = [replace(gpu, module=None, links=(Link("0000:01:00.0", 4), Link("0000:02:00.0", 4))) for gpu in eight[:4]]
    assert recognise(four) == "other"


def test_cards_with_bridges_are_pairs_only_when_each_is_linked_to_one_that_is_linked_to_it() -> None:
    one, two = simulated(board="h100-nvl-pair")
    three, four = (replace(gpu, address=f"0000:a{n}:00.0") for n, gpu in enumerate((one, two)))
    three = replace(three, links=(Link(four.address, 12),))
    four = replace(four, links=(Link(three.address, 12),))
    assert recognise([one, two, three, four]) == "h100-nvl-pair"
    assert recognise([one, two, three]) == "other"
    assert recognise([replace(gpu, links=()) for gpu in (one, two)]) == "pcie"


def test_a_summary_counts_models_and_those_that_are_not_well() -> None:
    l40s, l4 = simulated(model="l40s", count=3), simulated(model="l4", count=1)
    ill = replace(l40s[0], health=Health(HealthState.FAILED))
    weak = replace(l40s[1], health=Health(HealthState.DEGRADED))
    assert summary((*l40s, *l4), "pcie") == "1 l4 + 3 l40s"
    assert summary((ill, weak, l40s[2]), "pcie") == "3 l40s (1 failed, 1 degraded)"
    assert summary((), "") == ""


def test_unknown_is_worse_than_well_and_better_than_ill() -> None:
    assert worse(HealthState.OK, HealthState.UNKNOWN) is HealthState.UNKNOWN
    assert worse(HealthState.UNKNOWN, HealthState.DEGRADED) is HealthState.DEGRADED
    assert worse(HealthState.FAILED, HealthState.DEGRADED) is HealthState.FAILED


def test_mig_instances_of_every_profile_lie_within_the_gpu() -> None:
    for product in PRODUCTS.values():
        for profile in product.mig_profiles:
            assert all(start >= 0 and start + profile.size <= 8 for start in profile.starts)
        if product.mig_profiles:
            assert {profile.name.partition(".")[0] for profile in product.mig_profiles} == {
                "1g",
                "2g",
                "3g",
                "4g",
                "7g",
            }
    names = [profile.name for profile in PRODUCTS["h200"].mig_profiles]
    assert names == ["1g.18gb", "2g.35gb", "3g.71gb", "4g.71gb", "7g.141gb", "1g.18gb+me", "1g.35gb"]


def test_what_can_be_declared_is_what_can_be_simulated() -> None:
    boards, models = (
        set(get_args(get_args(SimulatedGpus.model_fields[name].annotation)[0])) for name in ("board", "model")
    )
    assert boards == set(BOARDS) == set(gpu_device.BOARD_SIZES)
    assert {name: board.count for name, board in BOARDS.items()} == dict(gpu_device.BOARD_SIZES)
    assert models < set(PRODUCTS)
    assert gpu_device.MOST_GPUS == interface.MOST_GPUS
    for model in models:
        assert len(simulated(model=model, count=gpu_device.MOST_GPUS)) == gpu_device.MOST_GPUS


@pytest.mark.parametrize(
    ("gpus", "message"),
    [
        ({}, "one of `board` and `model`"),
        ({"board": "hgx-h100-8", "model": "l40s", "count": 1}, "one of `board` and `model`"),
        ({"model": "l40s"}, "`count` goes with `model`"),
        ({"board": "hgx-h100-8", "count": 8}, "`count` goes with `model`"),
        ({"board": "h100-nvl-pair", "numa": [0]}, "names 1 cells for 2 GPUs"),
        ({"model": "l40s", "count": 1, "numa": [1]}, "more than the 1 `numa_cells`"),
        ({"model": "l40s", "count": 65}, "less than or equal to 64"),
        ({"board": "hgx-x100-8"}, "Input should be 'hgx-a100-8'"),
    ],
)
def test_gpus_that_cannot_be_simulated_are_refused_with_the_reason(gpus: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        HostSpec.model_validate({"driver": "sim", "simulated": {"gpus": gpus}})


@pytest.mark.parametrize("wanted", [{"board": "x"}, {"model": "x"}, {"model": "l4", "count": 65}])
def test_the_simulated_driver_refuses_what_it_does_not_know(wanted: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no board 'x'|no \d+ GPUs of model"):
        SimGpus("host", **wanted)
