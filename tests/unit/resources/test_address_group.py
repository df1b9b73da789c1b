"""What an address group may hold, and what a rule may name."""

from __future__ import annotations

from itertools import combinations

import pytest
from pydantic import ValidationError

from pextra.resources.address_group import AddressGroupSpec
from pextra.resources.security_group import SecurityGroupRule


def test_addresses_are_written_in_one_way() -> None:
    made = AddressGroupSpec(addresses=["192.0.2.7/32", "192.0.2.0/24", "2001:DB8:0::7", "2001:db8:7::/48"])
    assert made.addresses == ["192.0.2.7", "192.0.2.0/24", "2001:db8::7", "2001:db8:7::/48"]


@pytest.mark.parametrize(
    "addresses",
    [
        ["192.0.2.7", "192.0.2.7/32"],
        ["2001:db8::7", "2001:DB8:0::7"],
        ["192.0.2.7/24"],
        ["0.0.0.0/0"],
        ["::/0"],
        ["offices"],
        ["fe80::1%eth0"],
        [f"10.0.0.{n}" for n in range(101)],
    ],
)
def test_what_is_no_range_or_is_listed_twice_is_refused(addresses: list[str]) -> None:
    with pytest.raises(ValidationError):
        AddressGroupSpec(addresses=addresses)


@pytest.mark.parametrize("two", list(combinations(["remote_cidr", "remote_addresses", "remote_group"], 2)))
def test_the_other_side_of_a_rule_is_one(two: tuple[str, str]) -> None:
    said = {"remote_cidr": "10.0.0.0/8", "remote_addresses": "offices", "remote_group": "web"}
    with pytest.raises(ValidationError, match="the other side is one of them"):
        SecurityGroupRule.model_validate({"direction": "ingress", **{name: said[name] for name in two}})
