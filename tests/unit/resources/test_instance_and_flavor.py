"""What a change of an instance does, and which flavors cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pextra.declaration.diff import diff
from pextra.resources.flavor import FLAVOR, FlavorSpec
from pextra.resources.instance import INSTANCE, InstanceSpec

BEFORE = {"flavor": "small", "image": "linux", "networks": [{"network": "front"}], "volumes": ["data"]}
SIZE: dict[str, Any] = {"vcpus": 4, "memory_mib": 4096, "disk_gib": 10}


@pytest.mark.parametrize(
    ("after", "effect"),
    [
        ({"networks": []}, "in_place"),
        ({"networks": [{"network": "front"}, {"network": "back"}]}, "in_place"),
        ({"networks": [{"network": "back"}]}, "in_place"),
        ({"volumes": []}, "in_place"),
        ({"volumes": ["data", "more"]}, "in_place"),
        ({"power": "paused"}, "in_place"),
        ({"stop_timeout_s": 60}, "in_place"),
        ({"flavor": "large"}, "restart"),
        ({"rescue_image": "rescue"}, "restart"),
        ({"image": "other"}, "replace"),
    ],
)
def test_plan_says_what_a_change_does_to_the_guest(after: dict[str, Any], effect: str) -> None:
    changes = diff(INSTANCE, INSTANCE.effective(BEFORE), INSTANCE.effective({**BEFORE, **after}))
    assert {change.effect.value for change in changes} == {effect}


def test_stop_timeout_is_bounded() -> None:
    for bad in (0, 3601):
        with pytest.raises(ValidationError):
            InstanceSpec.model_validate({**BEFORE, "stop_timeout_s": bad})


def test_flavor_that_says_nothing_is_the_plain_machine() -> None:
    effective = FLAVOR.effective(SIZE)
    assert effective["firmware"] == "bios"
    assert effective["cpu_policy"] == "shared"
    assert (effective["secure_boot"], effective["tpm"]) == (False, False)
    assert effective["numa_cells"] == 1
    assert "hugepage_kib" not in effective


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({"secure_boot": True}, "`secure_boot` needs `firmware: uefi`"),
        ({"numa_cells": 3}, "`vcpus` 4 cannot be split evenly into 3 `numa_cells`"),
        ({"numa_cells": 4, "memory_mib": 4098}, "`memory_mib` 4098 cannot be split evenly"),
        ({"hugepage_kib": 1_048_576, "memory_mib": 1536}, "not made of whole pages of 1048576 KiB"),
        ({"hugepage_kib": 1_048_576, "numa_cells": 4, "memory_mib": 2048}, "in each of 4 `numa_cells`"),
        ({"hugepage_kib": 4}, "hugepage_kib"),
        ({"hugepage_kib": False}, "hugepage_kib"),
    ],
)
def test_flavor_that_no_machine_could_be_is_refused(spec: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        FlavorSpec.model_validate({**SIZE, **spec})
    assert complaint in str(caught.value)


def test_machine_of_a_flavor_is_copied_to_its_instances() -> None:
    flavor = next(field for field in INSTANCE.fields if field.path == "flavor")
    assert flavor.ref is not None
    assert set(flavor.ref.copy) == set(FlavorSpec.model_fields)
