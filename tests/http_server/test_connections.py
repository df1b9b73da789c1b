"""What HTTP/1.1 allows on a connection works as with any server: more requests, bodies in pieces, leave to go on."""

from __future__ import annotations

import json
import socket

import pytest

from pextra.http_server.connection import Channel
from pextra.http_server.limits import Limits
from tests.http_server.conftest import ServeApi, ServedApi

SPEC = json.dumps({"spec": {"vcpus": 1, "memory_mib": 1024, "disk_gib": 5}}).encode()


def put(api: ServedApi, name: str, rest: bytes) -> bytes:
    return (
        f"PUT /v1/flavors/{name} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api.token}\r\n"
        "Content-Type: application/json\r\n"
    ).encode() + rest


def read_answers(sock: socket.socket, count: int) -> list[bytes]:
    """The status lines of so many answers with bodies, in order."""
    file = sock.makefile("rb")
    statuses: list[bytes] = []
    while len(statuses) < count:
        statuses.append(file.readline().strip())
        length = 0
        while line := file.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        file.read(length)
    return statuses


@pytest.mark.parametrize("with_tls", [False, True])
def test_requests_follow_each_other_on_one_connection_also_before_the_answers(
    serve_api: ServeApi, with_tls: bool
) -> None:
    api = serve_api(with_tls=with_tls)
    one = b"Content-Length: %d\r\n\r\n%s" % (len(SPEC), SPEC)
    chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(SPEC), SPEC)
    with api.open() as sock:
        sock.sendall(put(api, "a", one))
        assert read_answers(sock, 1) == [b"HTTP/1.1 201 CREATED"]
        sock.sendall(put(api, "b", chunked) + put(api, "c", one) + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_answers(sock, 3) == [b"HTTP/1.1 201 CREATED"] * 2 + [b"HTTP/1.1 200 OK"]


def test_who_asks_for_leave_to_send_a_body_is_given_it(serve_api: ServeApi) -> None:
    api = serve_api()
    with api.open() as sock:
        sock.sendall(put(api, "a", b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(SPEC)))
        assert read_answers(sock, 1) == [b"HTTP/1.1 100 Continue"]
        sock.sendall(SPEC)
        assert read_answers(sock, 2)[-1] == b"HTTP/1.1 201 CREATED"


def test_lengths_that_contradict_each_other_begin_no_second_request(serve_api: ServeApi) -> None:
    api = serve_api()
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for lengths in (
        b"Content-Length: 0\r\nContent-Length: 43\r\n\r\n",
        b"Content-Length: 43\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: +3\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ):
        with api.open() as sock:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + lengths + smuggled)
            answer = b""
            while piece := sock.recv(65536):
                answer += piece
        assert answer.count(b"HTTP/1.1 ") == 1, lengths
        assert answer[9:12] in (b"400", b"501"), (lengths, answer)


def test_what_is_no_request_is_refused_by_a_problem_that_browsers_do_nothing_with(serve_api: ServeApi) -> None:
    api = serve_api(with_tls=True)
    with api.open() as sock:
        sock.sendall(b"<script>alert(1)</script>\r\n\r\n")
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Type: application/problem+json" in head
    assert b"Content-Security-Policy: default-src 'none'" in head
    assert b"Strict-Transport-Security: " in head
    assert json.loads(body)["code"] == "request.malformed"
    assert b"script" not in body


def test_a_long_body_that_stops_coming_is_given_up_and_an_answer_not_taken_as_well() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        channel = Channel(ours, Limits(stall_s=0.2, answer_bytes=1024))
        channel.lend(longer=True)
        theirs.sendall(b"some")
        assert channel.recv(100) == b"some"
        with pytest.raises(TimeoutError):
            channel.recv(100)
        with pytest.raises(BrokenPipeError):
            channel.sendall(b"x" * (8 << 20))
        assert channel.broken


def test_what_is_kept_of_an_answer_is_sent_in_its_order() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        channel = Channel(ours, Limits(answer_bytes=8 << 20))
        channel.lend(longer=False)
        sent = bytes(range(256)) * 8192
        for at in range(0, len(sent), 100_000):
            channel.sendall(sent[at : at + 100_000])
        assert channel.pending
        theirs.settimeout(5)
        got = bytearray()
        while len(got) < len(sent):
            got += theirs.recv(1 << 20)
            channel.flush()
        assert got == sent
