"""Addresses that users write: one form of each, and nothing behind them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pextra.drivers.interface import Permanent
from pextra.drivers.ovn.translation import checks
from pextra.resources.address_pool import AddressPoolSpec
from pextra.resources.router import RouterSpec
from pextra.resources.security_group import SecurityGroupSpec
from pextra.resources.subnet import SubnetSpec

BEHIND = "fe80::1%}\nflush ruleset"
POOL = {"physical": "public", "ranges": [{"cidr": "fe80::/64", "gateway": BEHIND}]}


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        (SecurityGroupSpec, {"rules": [{"direction": "ingress", "remote_cidr": f"{BEHIND}/128"}]}),
        (SubnetSpec, {"network": "front", "cidr": "fe80::%x/64"}),
        (SubnetSpec, {"network": "front", "cidr": "fe80::/64", "dns_servers": [BEHIND]}),
        (SubnetSpec, {"network": "front", "cidr": "fe80::/64", "gateway": "fe80::1%x"}),
        (RouterSpec, {"interfaces": [{"network": "front", "addresses": [BEHIND]}]}),
        (RouterSpec, {"routes": [{"destination": "fe80::%x/64", "next_hop": "fe80::1"}]}),
        (AddressPoolSpec, POOL),
    ],
)
def test_nothing_can_be_written_behind_an_address(spec: Any, written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="leave out what follows %"):
        spec.model_validate(written)


@pytest.mark.parametrize("check", [checks.address, checks.network, checks.interface])
def test_nor_given_to_ovn(check: Any) -> None:
    assert str(check("fe80::1")).startswith("fe80::1")
    with pytest.raises(Permanent):
        check(BEHIND)
    with pytest.raises(Permanent):
        check("fe80::1%x")


def test_what_is_written_in_another_form_is_stored_in_one() -> None:
    made = SubnetSpec.model_validate({"network": "front", "cidr": "2001:DB8:0::/64", "gateway": "2001:db8:0:0::1"})
    assert (made.cidr, made.gateway) == ("2001:db8::/64", "2001:db8::1")
    with pytest.raises(ValidationError, match="at least four"):
        SubnetSpec.model_validate({"network": "front", "cidr": "10.0.0.0/31"})
