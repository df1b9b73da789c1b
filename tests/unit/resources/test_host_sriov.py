"""What a host's declaration of virtual functions may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pextra.resources.host import HostSpec


@pytest.mark.parametrize(
    ("sriov", "message"),
    [
        ([{"functions": 2}], "exactly one of"),
        ([{"address": "0000:41:00.0", "model": "l40s", "functions": 2}], "exactly one of"),
        ([{"address": "41:00.0", "functions": 2}], "String should match pattern"),
        ([{"device": "8086:157", "functions": 2}], "String should match pattern"),
        ([{"model": "l40s", "functions": -1}], "greater than or equal to 0"),
        ([{"model": "l40s", "functions": 257}], "less than or equal to 256"),
        ([{"model": "l40s", "functions": 2}, {"model": "l40s", "functions": 3}], "names l40s twice"),
        ([{"address": f"0000:{bus:02x}:00.0", "functions": 1} for bus in range(65)], "at most 64 items"),
    ],
)
def test_division_that_is_unclear_or_out_of_bounds_is_refused(sriov: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        HostSpec.model_validate({"driver": "libvirt", "sriov": sriov})


def test_devices_are_named_by_address_by_what_they_are_and_by_model() -> None:
    sriov = [
        {"address": "0000:41:00.0", "functions": 0},
        {"device": "8086:1572", "functions": 256},
        {"model": "pci-1002-74a1", "functions": 4},
    ]
    spec = HostSpec.model_validate({"driver": "libvirt", "sriov": sriov})
    assert [each.functions for each in spec.sriov] == [0, 256, 4]
