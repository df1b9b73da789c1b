from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from pextra_client.credentials import Credentials
from pextra_client.endpoints import EndpointSet
from pextra_client.errors import ConfigError, TransportError
from pextra_client.messages import Request
from pextra_client.retry import RetryPolicy
from pextra_client.transport import Transport
from tests.unit.client.faulty import FaultyServer, answer, closed_port, drop, gateway, refuse

TOKEN = "pxt_very-secret"
GET = Request(method="GET", target="/v1/whoami")
KEYED_POST = Request(method="POST", target="/v1/x", headers={"Idempotency-Key": "k1"}, body=b"{}")
PLAIN_POST = Request(method="POST", target="/v1/x", body=b"{}")


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, delay_s: float) -> None:
        self.slept.append(delay_s)
        self.now += delay_s


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def opened(time: Time) -> Iterator[list[Transport]]:
    transports: list[Transport] = []
    yield transports
    for transport in transports:
        transport.close()


class Make:
    def __init__(self, time: Time, opened: list[Transport]) -> None:
        self._time = time
        self._opened = opened

    def __call__(self, *urls: str, ca: Path | None = None, policy: RetryPolicy | None = None) -> Transport:
        transport = Transport(
            EndpointSet(urls, clock=self._time.clock),
            Credentials(token=TOKEN, ca=ca),
            policy=policy,
            sleep=self._time.sleep,
            clock=self._time.clock,
            rng=random.Random(1),
        )
        self._opened.append(transport)
        return transport


@pytest.fixture
def make(time: Time, opened: list[Transport]) -> Make:
    return Make(time, opened)


def test_a_dead_endpoint_is_passed_over_at_once(make: Make, server: FaultyServer, time: Time) -> None:
    transport = make(closed_port(), server.url)
    assert transport.call(GET, timeout_s=10).status == 200
    assert time.slept == []


def test_calls_stick_to_the_endpoint_that_answered_last(
    make: Make, server: FaultyServer, other: FaultyServer, time: Time
) -> None:
    server.then(drop(), answer(200, {}))
    transport = make(server.url, other.url)
    for _ in range(3):
        transport.call(GET, timeout_s=10)
    time.now += 3600  # the first endpoint is long well again
    transport.call(GET, timeout_s=10)
    assert (len(server.seen), len(other.seen)) == (1, 4)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_error_that_is_not_ours_goes_to_the_next_endpoint(
    make: Make, server: FaultyServer, other: FaultyServer, status: int
) -> None:
    server.then(gateway(status))
    assert make(server.url, other.url).call(GET, timeout_s=10).status == 200
    assert len(other.seen) == 1


def test_retry_after_is_kept_to_and_a_little_more(make: Make, server: FaultyServer, time: Time) -> None:
    server.then(refuse("server.busy", 503, {"Retry-After": "7"}), answer(200, {}))
    assert make(server.url).call(GET, timeout_s=60).status == 200
    assert len(time.slept) == 1
    assert 7 <= time.slept[0] <= 7 * 1.25


def test_a_server_that_is_busy_is_asked_again_until_the_deadline(make: Make, server: FaultyServer, time: Time) -> None:
    server.then(refuse("store.contention", 503, {"Retry-After": "1"}))
    refused = make(server.url).call(GET, timeout_s=30)
    assert refused.error().code == "store.contention"
    assert 20 <= sum(time.slept) <= 30


def test_a_wait_that_would_pass_the_deadline_is_not_begun(make: Make, server: FaultyServer, time: Time) -> None:
    server.then(refuse("server.busy", 503, {"Retry-After": "300"}))
    refused = make(server.url).call(GET, timeout_s=30).error()
    assert (refused.code, refused.retry_after_s) == ("server.busy", 300)
    assert time.slept == []


def test_a_replica_without_its_database_is_left_for_another(
    make: Make, server: FaultyServer, other: FaultyServer, time: Time
) -> None:
    server.then(refuse("store.unavailable", 503, {"Retry-After": "1"}))
    assert make(server.url, other.url).call(KEYED_POST, timeout_s=10).status == 200
    assert time.slept == []


def test_back_off_doubles_is_bounded_and_ends(make: Make, time: Time) -> None:
    policy = RetryPolicy(attempts=6, first_delay_s=1, longest_delay_s=4)
    with pytest.raises(TransportError) as caught:
        make(closed_port(), policy=policy).call(GET, timeout_s=1000)
    assert len(caught.value.attempts) == 6
    for delay_s, bound in zip(time.slept, [1, 2, 4, 4, 4], strict=True):
        assert bound / 2 <= delay_s <= bound


def test_having_been_busy_is_not_held_against_an_endpoint_that_fails(make: Make, server: FaultyServer) -> None:
    busy = [refuse("server.busy", 503, {"Retry-After": "1"})] * 6
    server.then(*busy, drop(), answer(200, {}))
    assert make(server.url).call(GET, timeout_s=60).status == 200


def test_a_call_asks_once_however_unwell_its_endpoint_was(make: Make, server: FaultyServer, time: Time) -> None:
    transport = make(server.url, policy=RetryPolicy(attempts=1, first_delay_s=50, longest_delay_s=50))
    server.then(drop(), answer(200, {}))
    with pytest.raises(TransportError):
        transport.call(GET, timeout_s=5)
    assert transport.call(GET, timeout_s=5).status == 200
    assert time.slept == []


def test_a_write_with_a_key_whose_answer_is_lost_is_repeated_under_that_key(make: Make, server: FaultyServer) -> None:
    server.then(drop(), answer(201, {}))
    assert make(server.url).call(KEYED_POST, timeout_s=10).status == 201
    assert [seen.headers["idempotency-key"] for seen in server.seen] == ["k1", "k1"]
    assert [seen.body for seen in server.seen] == [b"{}", b"{}"]


def test_a_write_without_a_key_whose_answer_is_lost_is_not_repeated(make: Make, server: FaultyServer) -> None:
    server.then(drop(), answer(201, {}))
    with pytest.raises(TransportError, match="may have been made") as caught:
        make(server.url).call(PLAIN_POST, timeout_s=10)
    assert caught.value.may_have_happened
    assert len(server.seen) == 1


def test_a_write_without_a_key_that_was_never_sent_is_sent(make: Make, server: FaultyServer) -> None:
    assert make(closed_port(), server.url).call(PLAIN_POST, timeout_s=10).status == 200


def test_other_refusals_are_answers(make: Make, server: FaultyServer) -> None:
    server.then(refuse("server.error", 500), answer(200, {}))
    assert make(server.url).call(GET, timeout_s=10).status == 500
    assert len(server.seen) == 1


def test_a_redirect_to_a_stranger_is_refused_and_the_token_stays(
    make: Make, server: FaultyServer, other: FaultyServer
) -> None:
    server.then(answer(307, headers={"Location": f"{other.url}/v1/whoami"}))
    with pytest.raises(TransportError, match="not a configured endpoint"):
        make(server.url).call(GET, timeout_s=10)
    assert other.seen == []


def test_a_redirect_among_the_endpoints_is_followed_with_the_token(
    make: Make, server: FaultyServer, other: FaultyServer
) -> None:
    server.then(answer(307, headers={"Location": f"{other.url}/v1/elsewhere"}))
    assert make(server.url, other.url).call(KEYED_POST, timeout_s=10).status == 200
    assert [seen.target for seen in other.seen] == ["/v1/elsewhere"]
    assert other.seen[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_circle_of_redirects_ends(make: Make, server: FaultyServer) -> None:
    server.then(answer(307, headers={"Location": "/v1/whoami"}))
    with pytest.raises(TransportError, match="circle"):
        make(server.url).call(GET, timeout_s=10)


def test_the_token_is_in_no_log_and_no_repr(make: Make, server: FaultyServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.then(drop(), gateway(502), answer(200, {}))
    transport = make(server.url)
    transport.call(GET, timeout_s=10)
    shown = [caplog.text, repr(transport), repr(Credentials(token=TOKEN)), repr(KEYED_POST)]
    assert all(TOKEN not in text for text in shown)


def test_a_server_that_the_certificates_do_not_vouch_for_is_given_up_at_once(
    make: Make, tls_server: FaultyServer, time: Time
) -> None:
    with pytest.raises(TransportError, match="certificate"):
        make(tls_server.url).call(GET, timeout_s=10)
    assert time.slept == []
    assert tls_server.seen == []


def test_a_server_with_a_certificate_that_is_trusted_is_asked(
    make: Make, tls_server: FaultyServer, certificate: tuple[Path, Path]
) -> None:
    assert make(tls_server.url, ca=certificate[0]).call(GET, timeout_s=10).status == 200


def test_a_long_struggle_is_told_of_once(make: Make, server: FaultyServer, caplog: pytest.LogCaptureFixture) -> None:
    server.then(refuse("server.busy", 503, {"Retry-After": "2"}))
    make(server.url).call(GET, timeout_s=30)
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "server.busy" in warnings[0].getMessage()


@pytest.mark.parametrize("url", ["", "cloud.example.com", "ftp://x", "https://", "http://x:port"])
def test_an_endpoint_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        EndpointSet([url])


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "pâté"])
def test_a_token_that_no_header_can_hold_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Credentials(token=token).headers()
    assert token not in str(caught.value)


def test_certificates_that_cannot_be_read_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Credentials(ca=tmp_path / "absent.pem").tls()
