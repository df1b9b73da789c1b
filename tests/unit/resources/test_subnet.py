"""What a subnet may be."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pextra.resources.subnet import SubnetSpec

ROUTE = {"destination": "192.0.2.0/24", "next_hop": "10.0.0.9"}


@pytest.mark.parametrize(
    ("routes", "why"),
    [
        ([{"destination": "192.0.2.0/24", "next_hop": "10.0.1.9"}], "next_hop 10.0.1.9 is not in 10.0.0.0/24"),
        ([{"destination": "192.0.2.0/24", "next_hop": "fd00::1"}], "next_hop fd00::1 is not in 10.0.0.0/24"),
        ([{"destination": "2001:db8::/32", "next_hop": "10.0.0.9"}], "by DHCPv4 alone"),
        ([{"destination": "192.0.2.1/24", "next_hop": "10.0.0.9"}], "host bits"),
        ([ROUTE, ROUTE | {"next_hop": "10.0.0.10"}], "listed more than once: 192.0.2.0/24"),
        ([ROUTE | {"destination": f"10.{n}.0.0/16"} for n in range(21)], "at most 20"),
    ],
)
def test_routes_that_no_guest_could_take_are_refused(routes: list[dict[str, str]], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        SubnetSpec.model_validate({"network": "front", "cidr": "10.0.0.0/24", "routes": routes})


def test_routes_lead_through_the_subnet() -> None:
    made = SubnetSpec.model_validate({"network": "front", "cidr": "10.0.0.0/24", "routes": [ROUTE]})
    assert made.routes[0].next_hop == "10.0.0.9"
