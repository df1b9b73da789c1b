"""One table for all that calls addresses which tenants wrote: image servers and identity providers."""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network

import pytest

from pextra.drivers.file.addresses import is_allowed
from pextra.identity.failures import ProviderUnavailable
from pextra.identity.outbound import Outbound
from pextra.public_addresses import is_public

NOT_PUBLIC = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.8.8.8", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.9", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "168.63.129.16", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::a9fe:a9fe", "fe80::1", "fec0::1", "feff::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "100::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:168.63.129.16", "::ffff:0:a00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b::a00:1", "64:ff9b:1::1", "64:ff9b:1::808:808",
    "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1", "2001:0:7f00:1::", "2001::1", "2001:20::1", "2001:db8::1",
    "3fff::1", "5f00::1", "4000::1", "2606:4700::5efe:a00:1", "2606:4700::200:5efe:808:808",
)  # fmt: skip
PUBLIC = (
    "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.255",
    "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700:4700::1111", "2606:2800:220:1::1", "2a00:1450::1", "2001:4860::8",
)  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_of_the_internet_is_called_by_nothing(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object, **__: object) -> socket.socket:
        raise AssertionError(f"{address} was called")

    monkeypatch.setattr(socket, "create_connection", connect)
    assert not is_public(ip_address(address))
    assert not is_allowed(address, [])
    with pytest.raises(ProviderUnavailable, match="not public"):
        Outbound().connect(address, 443)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_of_the_internet_is_public_to_all(address: str) -> None:
    assert is_public(ip_address(address))
    assert is_allowed(address, [])


def test_what_the_operator_allows_is_allowed_also_in_its_mapped_form_and_nothing_beside_it() -> None:
    allowed = [ip_network("10.1.0.0/16")]
    assert is_allowed("10.1.2.3", allowed)
    assert is_allowed("::ffff:10.1.2.3", allowed)
    assert is_allowed("64:ff9b::a01:203", allowed)
    assert not is_allowed("10.2.2.3", allowed)
    assert not is_allowed("2002:a01:203::1", allowed)
    assert not is_allowed("fe80::1%eth0", allowed)
