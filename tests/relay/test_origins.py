"""Pages of this cloud open consoles, and so do programs; pages of others do not, with whatever ticket."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from pextra.relay.origins import Origins
from pextra.services.cloud import Addresses
from tests.api.caller import Caller
from tests.relay.world import RelayCloud, ticket

PLAIN = Addresses("wss://a", "ws://127.0.0.1:8444", "http://cloud.internal:8440")
WITH_TLS = Addresses("wss://a", "wss://cloud.example.com:8444", "https://cloud.example.com:8440")


@pytest.mark.parametrize(
    ("addresses", "origin", "allowed"),
    [
        (PLAIN, "http://cloud.internal:8440", True),
        (PLAIN, "http://127.0.0.1:9000", True),
        (PLAIN, "http://evil.example", False),
        (PLAIN, "http://cloud.internal.evil.example:8440", False),
        (PLAIN, "null", False),
        (PLAIN, "", False),
        (PLAIN, "http://[", False),
        (WITH_TLS, "https://cloud.example.com:8440", True),
        (WITH_TLS, "HTTPS://CLOUD.example.com:8440", True),
        (WITH_TLS, "http://cloud.example.com:8440", False),
        (WITH_TLS, "https://portal.example.com", True),
        (WITH_TLS, "https://portal.example.com:444", False),
        (Addresses(), "https://cloud.example.com", False),
    ],
)
def test_a_page_is_known_by_its_origin(addresses: Addresses, origin: str, *, allowed: bool) -> None:
    further = ["https://portal.example.com/"] if addresses is WITH_TLS else []
    assert Origins(addresses, further).allow([origin]) is allowed
    assert Origins(addresses, further).allow([])
    assert not Origins(addresses, further).allow([origin, origin])


def test_a_page_of_another_origin_is_refused_and_its_ticket_not_used_up(cloud: RelayCloud, ada: Caller) -> None:
    shown = ticket(ada)
    offered: Any = ["pextra.console", f"pextra.ticket.{shown}"]
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{cloud.users_url}/v1/console", subprotocols=offered, origin="https://evil.example", proxy=None)  # pyright: ignore[reportArgumentType]
    assert refused.value.response.status_code == 403
    assert "PEXTRA_CONSOLE_ORIGINS" in (refused.value.response.body or b"").decode()
    with cloud.dial(shown) as user, cloud.guests.next() as guest:
        guest.sendall(b"hello")
        assert user.recv(10) == b"hello"


def test_a_page_of_this_cloud_is_let_in(cloud: RelayCloud, ada: Caller) -> None:
    offered: Any = ["pextra.console", f"pextra.ticket.{ticket(ada)}"]
    origin: Any = "http://pages.test"
    with (
        connect(
            f"{cloud.users_url}/v1/console", subprotocols=offered, origin=origin, compression=None, proxy=None
        ) as user,
        cloud.guests.next() as guest,
    ):
        guest.sendall(b"hello")
        assert user.recv(10) == b"hello"


def test_what_the_relay_answers_is_nothing_for_browsers_and_its_numbers_are_not_for_proxies(bare: RelayCloud) -> None:
    url = bare.users_url.replace("ws://", "http://")
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        assert b"pextra_relay" in answer.read()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Cache-Control"] == "no-store"
    forwarded = urllib.request.Request(f"{url}/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(forwarded, timeout=10)
    refused.value.close()
    assert refused.value.code == 403
