"""Whose address is believed."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from pextra.api.origin import address_of
from pextra.api.settings import ApiSettings
from tests.api.audit import last
from tests.api.caller import Caller
from tests.api.site import Site

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),  # a stranger says so
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),  # what the client itself wrote comes first
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, nonsense", "10.0.0.1"),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ("", "198.51.100.7", ""),
    ],
)
def test_only_proxies_that_are_trusted_speak_for_others(peer: str, forwarded: str, client: str) -> None:
    assert address_of(peer, forwarded, TRUSTED) == client


@pytest.mark.parametrize(("trusted", "seen"), [((), "127.0.0.1"), ((ip_network("127.0.0.0/8"),), "198.51.100.7")])
def test_an_entry_tells_the_address_that_is_believed(site: Site, trusted: tuple[object, ...], seen: str) -> None:
    app = site.another_app(ApiSettings(trusted_proxies=trusted))  # type: ignore[arg-type]
    caller = Caller(app, site.ada.token)
    caller.put("tenants/acme/networks/front", {}, headers={"X-Forwarded-For": "198.51.100.7"}).ok()
    assert last(site, site.ada, "acme")["source"]["address"] == seen
