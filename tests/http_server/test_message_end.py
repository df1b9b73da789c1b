"""Where a request ends is seen at its last byte, in whatever pieces it comes; contradictions are the parser's."""

from __future__ import annotations

import pytest

from pextra.http_server.message_end import Coming, MessageEnd

HEAD = b"PUT /v1/x HTTP/1.1\r\nHost: localhost\r\n"
REQUESTS = {
    "without a body": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "with a length": HEAD + b"content-LENGTH: 5\r\n\r\n12345",
    "in chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0a;x=y\r\n0123456789\r\n0\r\n\r\n",
    "with trailers": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nDigest: x\r\n\r\n",
    "with an end of head in its body": HEAD + b"Content-Length: 8\r\n\r\n\r\n\r\n\r\n\r\n",
}


def ending() -> MessageEnd:
    return MessageEnd(most_head=1024, most_body=64)


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("step", [1, 3, 7, 1000])
def test_a_request_is_whole_at_its_last_byte_and_not_before(name: str, step: int) -> None:
    request, end, received = REQUESTS[name], ending(), bytearray()
    for at in range(0, len(request) - 1, step):
        received[:] = request[: min(at + step, len(request) - 1)]
        assert end.look(received) is Coming.MORE
    received[:] = request
    assert end.look(received) is Coming.WHOLE


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 65\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n41\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 13,
    ],
)
def test_a_body_that_is_too_long_to_be_kept_is_not_waited_for(head: bytes) -> None:
    assert ending().look(bytearray(HEAD + head)) is Coming.LONG


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
        b"Transfer-Encoding: gzip\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n",
        b"X: " + b"y" * 2000,
    ],
)
def test_what_no_length_can_be_read_from_goes_to_the_parser_at_once(rest: bytes) -> None:
    assert ending().look(bytearray(HEAD + rest)) is Coming.WHOLE
