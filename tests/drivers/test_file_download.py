"""The file driver fetches over HTTP: what it asks, what it refuses to ask, and how it goes on after a break."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pextra.drivers.file.driver import FileStorage
from pextra.drivers.file.sources import CHUNK_BYTES
from pextra.drivers.interface import ImageTransfer, Permanent, Retryable
from tests.drivers.pools import CONTENT, MIB, Pool, described
from tests.labs.waiting import wait_until

OTHER = b"other image".ljust(2 * MIB, b"\2")
HALF = MIB + 4096


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT whole, cut off, slowly, elsewhere or not at all."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str | None]]  # path and Range of each request
    go_on: threading.Event  # what /slow waits for in the middle

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Range"]))
        match self.path:
            case "/image":
                self._serve(CONTENT)
            case "/cut":
                self._serve(CONTENT, until=MIB // 2)
            case "/breaks":
                self._serve(CONTENT, etag='"1"', until=HALF if self.headers["Range"] is None else None)
            case "/changes":
                first = len([path for path, _ in self.asked if path == "/changes"]) == 1
                self._serve(OTHER if first else CONTENT, etag='"1"' if first else '"2"', until=HALF if first else None)
            case "/same-tag":
                first = self.headers["Range"] is None and len(self.asked) == 1
                self._serve(OTHER if first else CONTENT, etag='"1"', until=HALF if first else None)
            case "/slow":
                self._serve(CONTENT, etag='"1"', pause=True)
            case "/endless":
                self._endless()
            case "/large":
                self._serve(b"", announced=1 << 40)
            case "/moved":
                self._redirect("/image")
            case "/round":
                self._redirect("/round")
            case "/foreign":
                self._redirect("http://192.0.2.1/image")
            case "/inside":
                self._redirect("http://[::1]:1/image")
            case "/file":
                self._redirect("file:///etc/passwd")
            case "/broken":
                self.send_error(503)
            case "/denied":
                self.send_error(403)
            case _:
                self.send_error(404)

    def _serve(
        self,
        content: bytes,
        *,
        etag: str = "",
        until: int | None = None,
        pause: bool = False,
        announced: int | None = None,
    ) -> None:
        start = 0
        wanted = self.headers["Range"]
        if wanted and self.headers["If-Range"] == etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        if etag:
            self.send_header("ETag", etag)
        self.send_header("Content-Length", str(announced or len(content) - start))
        self.end_headers()
        if pause:
            self.wfile.write(content[start:HALF])
            self.wfile.flush()
            self.go_on.wait(20)
            start = HALF
        self.wfile.write(content[start:until])
        self.close_connection = True

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(bytes(CHUNK_BYTES))
        except OSError:
            return

    def _redirect(self, location: str) -> None:
        self.send_response(302)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def handler() -> type[Handler]:
    """The server's behaviour, with a memory of its own."""

    class Own(Handler):
        asked: list[tuple[str, str | None]] = []
        go_on = threading.Event()

    return Own


@pytest.fixture
def server(handler: type[Handler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{served.server_address[1]}"
        handler.go_on.set()
        served.shutdown()
        thread.join()


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return Pool(tmp_path)


@pytest.mark.parametrize("path", ["/image", "/moved"])
def test_image_is_fetched_over_http(pool: Pool, server: str, path: str) -> None:
    image = described(server + path, CONTENT)
    assert pool.driver().ensure_image(image).sha256 == image.sha256
    assert [file.read_bytes() for file in pool.files()] == [CONTENT]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/none", "SourceMissing"),
        ("/denied", "SourceForbidden"),
        ("/foreign", "SourceForbidden"),
        ("/inside", "SourceForbidden"),
        ("/file", "SourceForbidden"),
        ("/round", "SourceForbidden"),
        ("/large", "SourceForbidden"),
        ("/endless", "SourceForbidden"),
    ],
)
def test_http_source_that_will_never_serve_is_permanent(pool: Pool, server: str, path: str, reason: str) -> None:
    assert pool.refusal(described(server + path, CONTENT)) == reason


@pytest.mark.parametrize("path", ["/broken", "/cut"])
def test_http_source_that_fails_is_tried_again(pool: Pool, server: str, path: str) -> None:
    with pytest.raises(Retryable) as caught:
        pool.driver().ensure_image(described(server + path, CONTENT))
    assert caught.value.reason == "SourceUnreachable"
    assert pool.files() == []


def test_silent_server_is_unreachable(pool: Pool) -> None:
    with pytest.raises(Retryable) as caught:
        pool.driver().ensure_image(described("http://127.0.0.1:1/image", CONTENT))
    assert caught.value.reason == "SourceUnreachable"


# --- whom it asks ---


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433", "127.1"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_this_machine_is_not_asked_unless_allowed_however_it_is_written(
    pool: Pool, server: str, handler: type[Handler], scheme: str, host: str
) -> None:
    port = server.rpartition(":")[2]
    closed = FileStorage(pool.root, allowed_dirs=[])
    with pytest.raises(Permanent) as caught:
        closed.ensure_image(described(f"{scheme}://{host}:{port}/image", CONTENT))
    assert caught.value.reason == "SourceForbidden"
    assert handler.asked == []
    assert pool.files() == []


# --- going on ---


def test_transfer_that_broke_goes_on_where_it_ended(pool: Pool, server: str, handler: type[Handler]) -> None:
    image = described(server + "/breaks", CONTENT)
    with pytest.raises(Retryable):
        pool.driver().ensure_image(image)
    assert pool.driver().observe_image(image.uid) is None
    done = _done(pool, image.uid)
    assert MIB <= done <= HALF
    assert pool.driver().observe_transfer(image.uid) == ImageTransfer(image.uid, done, len(CONTENT))
    pool.driver().ensure_image(image)
    assert handler.asked == [("/breaks", None), ("/breaks", f"bytes={done}-")]
    assert [file.read_bytes() for file in pool.files()] == [CONTENT]
    assert pool.driver().observe_transfer(image.uid) is None


@pytest.mark.parametrize("path", ["/changes", "/same-tag"])
def test_source_that_changed_since_the_break_is_fetched_anew(pool: Pool, server: str, path: str) -> None:
    image = described(server + path, CONTENT)
    with pytest.raises(Retryable):
        pool.driver().ensure_image(image)
    pool.driver().ensure_image(image)
    assert [file.read_bytes() for file in pool.files()] == [CONTENT]


def test_abandoned_transfer_leaves_nothing(pool: Pool, server: str) -> None:
    image = described(server + "/breaks", CONTENT)
    with pytest.raises(Retryable):
        pool.driver().ensure_image(image)
    pool.driver().ensure_image_absent(image.uid)
    assert pool.files() == []
    assert pool.driver().observe_transfer(image.uid) is None
    assert pool.driver().observe_images() == {}


def test_transfer_can_be_watched_and_given_up_while_it_lasts(pool: Pool, server: str, handler: type[Handler]) -> None:
    image = described(server + "/slow", CONTENT)
    failures: list[Retryable] = []

    def fetch() -> None:
        with pytest.raises(Retryable) as caught:
            pool.driver().ensure_image(image)
        failures.append(caught.value)

    fetching = threading.Thread(target=fetch)
    fetching.start()
    wait_until(lambda: _done(pool, image.uid) >= MIB, 10.0, "the first bytes")
    removing = threading.Thread(target=pool.driver().ensure_image_absent, args=[image.uid])
    removing.start()
    wait_until(lambda: pool.driver().observe_transfer(image.uid) is None, 10.0, "the transfer to be given up")
    handler.go_on.set()
    for thread in (fetching, removing):
        thread.join(20)
    assert [failure.reason for failure in failures] == ["SourceUnreachable"]
    assert pool.files() == []


def test_transfer_killed_in_the_middle_goes_on_where_it_ended(pool: Pool, server: str, handler: type[Handler]) -> None:
    image = described(server + "/slow", CONTENT)
    fetcher = (
        "import sys, ipaddress; from pathlib import Path\n"
        "from pextra.drivers.file.driver import FileStorage\n"
        "from pextra.drivers.interface import ImageSource\n"
        "FileStorage(Path(sys.argv[1]), allowed_dirs=[], allowed_networks=[ipaddress.ip_network('127.0.0.0/8')])"
        ".ensure_image(ImageSource(*sys.argv[2:]))\n"
    )
    arguments = [str(pool.root), image.uid, image.url, image.format, image.sha256]
    with subprocess.Popen(
        [sys.executable, "-c", fetcher, *arguments], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ) as process:
        wait_until(lambda: _done(pool, image.uid) >= MIB, 20.0, "the first bytes")
        process.kill()
    done = _done(pool, image.uid)
    handler.go_on.set()
    pool.driver().ensure_image(image)
    assert handler.asked == [("/slow", None), ("/slow", f"bytes={done}-")]
    assert [file.read_bytes() for file in pool.files()] == [CONTENT]


def _done(pool: Pool, uid: str) -> int:
    transfer = pool.driver().observe_transfer(uid)
    return transfer.done_bytes if transfer else 0
