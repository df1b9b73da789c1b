"""However many requests come, a provider is asked once, and few of them wait for it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from joserfc.jwk import ECKey

from pextra.identity.failures import ProviderUnavailable
from pextra.identity.keys import PLACES, PLACES_EACH, Issuer, IssuerKeys
from pextra.identity.outbound import Outbound
from tests.labs.waiting import wait_until

KEY = ECKey.generate_key("P-256", {"kid": "one"})


class Slow(Outbound):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.go = threading.Event()

    def get(self, url: str, *, authorities: str | None = None) -> bytes:
        del authorities
        self.calls.append(url)
        self.go.wait(10)
        issuer = url.partition("/.well-known")[0].removesuffix("/jwks")
        if url.endswith("/jwks"):
            return json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()
        return json.dumps({"issuer": issuer, "jwks_uri": f"{issuer}/jwks"}).encode()


def issuer(number: int, tenant: str = "t") -> Issuer:
    return Issuer(tenant, f"p{number}", f"https://login-{number}.example", None)


def test_requests_that_come_together_fetch_once_and_those_without_a_place_are_sent_away() -> None:
    slow = Slow()
    keys = IssuerKeys(slow)
    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(keys.key, issuer(1), "ES256", "one") for _ in range(12)]
        wait_until(
            lambda: sum(each.done() for each in asked) == 12 - PLACES_EACH, 10.0, "those without a place are answered"
        )
        slow.go.set()
        failed = [each.exception() for each in asked]
    assert sum(error is None for error in failed) == PLACES_EACH
    assert all(error is None or isinstance(error, ProviderUnavailable) for error in failed)
    assert len(slow.calls) == 2


def test_the_providers_of_one_tenant_take_no_more_than_their_share_and_all_no_more_than_there_are_places() -> None:
    slow = Slow()
    keys = IssuerKeys(slow)
    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(keys.key, issuer(n, f"tenant-{n % 4}"), "ES256", "one") for n in range(16)]
        wait_until(
            lambda: sum(each.done() for each in asked) == 16 - PLACES, 10.0, "those without a place are answered"
        )
        assert len(slow.calls) == PLACES
        slow.go.set()
        assert sum(each.exception() is None for each in asked) == PLACES


def test_what_one_tenant_was_told_is_not_anothers() -> None:
    slow = Slow()
    slow.go.set()
    keys = IssuerKeys(slow)
    keys.key(issuer(1, "a"), "ES256", "one")
    keys.key(issuer(1, "b"), "ES256", "one")
    assert len(slow.calls) == 4


def test_every_place_is_given_back() -> None:
    slow = Slow()
    slow.go.set()
    keys = IssuerKeys(slow)
    for number in range(3 * PLACES):
        keys.key(issuer(number), "ES256", "one")
    broken = Issuer("t", "p", "https://other.example/", None)
    for _ in range(3 * PLACES):
        with pytest.raises(ProviderUnavailable):
            keys.key(broken, "ES256", "one")
