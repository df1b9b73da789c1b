"""Clients that send or read slowly, or not at all, hold connections and never the threads that others need."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from pextra.cli.processes import API_THREADS
from pextra.http_server import limits
from tests.http_server.conftest import ANSWER_S, ServeApi, ServedApi
from tests.labs.waiting import wait_until

MANY = 2 * API_THREADS + 2
HEAD = b"PUT /v1/flavors/x HTTP/1.1\r\nHost: localhost\r\n"
BEGINNINGS = {
    "nothing": b"",
    "half a request line": b"GET /he",
    "half a head": HEAD + b"X-Slow: ye",
    "no body": HEAD + b"Content-Length: 10\r\n\r\n",
    "half a body": HEAD + b"Content-Length: 10\r\n\r\n12345",
    "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\nabc",
    "half a body that is too long": HEAD + b"Content-Length: 20000000\r\n\r\n12345",
    "half a body that nobody reads": b"POST /v1/nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1",
}


@contextlib.contextmanager
def many(api: ServedApi, beginning: bytes, *, encrypted: bool):
    """So many connections that would hold every thread twice."""
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(api.open() if encrypted else api.connect()) for _ in range(MANY)]
        for sock in opened:
            sock.sendall(beginning)
        yield opened


def is_closed(sock: socket.socket) -> bool:
    """Whether the other end has closed it; an answer that came before is read over."""
    sock.settimeout(0.05)
    try:
        while sock.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def test_requests_are_answered_while_many_others_are_half_sent(serve_api: ServeApi) -> None:
    api = serve_api(PEXTRA_REQUEST_S="60", PEXTRA_CONNECTIONS_PER_ADDRESS="0")
    for what, beginning in BEGINNINGS.items():
        with many(api, beginning, encrypted=False):
            assert api.answers(), what


def test_the_same_is_so_with_tls_and_while_it_is_agreed_on(serve_api: ServeApi) -> None:
    api = serve_api(with_tls=True, PEXTRA_REQUEST_S="60", PEXTRA_CONNECTIONS_PER_ADDRESS="0")
    with many(api, b"", encrypted=False):
        assert api.answers()
    with many(api, b"\x16\x03\x01\x02\x00\x01", encrypted=False):
        assert api.answers()
    with many(api, BEGINNINGS["half a body"], encrypted=True):
        assert api.answers()


def test_clients_that_do_not_close_hold_nobody_up(serve_api: ServeApi) -> None:
    api = serve_api()
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            sock = stack.enter_context(api.connect())
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert sock.recv(15) == b"HTTP/1.1 200 OK"
        assert api.answers()
    assert time.monotonic() - began < ANSWER_S


@pytest.mark.parametrize("what", ["nothing", "half a head"])
def test_a_head_that_does_not_come_in_time_ends_the_connection(serve_api: ServeApi, what: str) -> None:
    api = serve_api(PEXTRA_REQUEST_S="1")
    with api.connect() as sock:
        sock.sendall(BEGINNINGS[what])
        wait_until(lambda: is_closed(sock), 10, "the end of the connection")
    assert api.answers()


def test_one_byte_at_a_time_wins_no_time(serve_api: ServeApi) -> None:
    api = serve_api(PEXTRA_REQUEST_S="2")
    with api.connect() as sock:
        began = time.monotonic()

        def another() -> bool:
            with contextlib.suppress(OSError):
                sock.sendall(b"a")
            return is_closed(sock)

        sock.sendall(b"GET / HTTP/1.1\r\nX: ")
        wait_until(another, 15, "the end of the connection")
        assert time.monotonic() - began < 12


def test_one_address_has_a_bounded_number_of_connections(serve_api: ServeApi) -> None:
    api = serve_api(PEXTRA_REQUEST_S="60", PEXTRA_CONNECTIONS_PER_ADDRESS="5")
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(api.connect()) for _ in range(5)]
        wait_until(lambda: not _is_served(api), 10, "the bound")
        held[0].close()
        wait_until(lambda: _is_served(api), 10, "a free place")


def test_when_there_are_too_many_connections_those_that_say_nothing_make_room(serve_api: ServeApi) -> None:
    api = serve_api(connections=20, PEXTRA_REQUEST_S="60", PEXTRA_CONNECTIONS_PER_ADDRESS="0")
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(api.connect()) for _ in range(30)]
        assert api.answers()
        wait_until(lambda: sum(is_closed(each) for each in held) >= 10, 10, "those that were closed")


def _is_served(api: ServedApi) -> bool:
    try:
        return api.answers()
    except OSError:
        return False


def test_bounds_of_the_environment_are_checked() -> None:
    for name, wrong in ((limits.REQUEST, "0"), (limits.PER_ADDRESS, "many"), (limits.BODY, "-1")):
        with pytest.raises(ValueError, match=name):
            limits.Limits.of_environment({name: wrong})


def test_addresses_of_one_ipv6_site_count_together_and_proxies_do_not_count() -> None:
    bounds = limits.Limits.of_environment({limits.PER_ADDRESS: "2", limits.TRUSTED_PROXIES: "10.0.0.0/8"})
    shares = limits.Shares(bounds)
    assert shares.take("2001:db8::1")
    last = shares.take("2001:db8::ffff")
    assert last
    assert shares.take("2001:db8:0:0:1::1") is None
    assert shares.take("2001:db8:0:1::1")
    shares.leave(last)
    assert shares.take("2001:db8::2")
    assert [shares.take("::ffff:192.0.2.1"), shares.take("192.0.2.1")] == ["192.0.2.1", "192.0.2.1"]
    assert shares.take("192.0.2.1") is None
    assert [shares.take("10.1.2.3") for _ in range(5)] == [""] * 5
