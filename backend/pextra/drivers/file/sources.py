"""Where images may come from, and their bytes."""

from __future__ import annotations

import errno
import ipaddress
import os
import stat
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

import urllib3

from pextra.drivers.interface import Permanent, Retryable

CHUNK_BYTES: Final = 1 << 20
_REDIRECTS: Final = 5
_TIMEOUT: Final = urllib3.Timeout(connect=10, read=60)


@contextmanager
def open_source(url: str, allowed_dirs: Sequence[Path]) -> Generator[Iterator[bytes]]:
    """The bytes of an image, in pieces of at most a MiB.

    `file://` is taken from the allowed directories only, wherever links may lead; `https://` from anywhere,
    `http://` from this machine alone, and so for whatever they redirect to.

    Raises:
        Permanent: `SourceForbidden` or `SourceMissing`.
        Retryable: `SourceUnreachable`, also from the iterator.
    """
    if urlsplit(url).scheme == "file":
        with _open_file(url, allowed_dirs) as chunks:
            yield chunks
    else:
        with _open_http(url) as chunks:
            yield chunks


@contextmanager
def _open_file(url: str, allowed_dirs: Sequence[Path]) -> Generator[Iterator[bytes]]:
    path = Path(os.path.normpath(unquote(urlsplit(url).path)))
    allowed = [directory.resolve() for directory in allowed_dirs]
    # What is outside gets one answer, whether it is there or not.
    forbidden = Permanent("SourceForbidden", f"{url} is not a regular file in a directory that images may come from")
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR) and _within(path, [*allowed, *allowed_dirs]):
            raise Permanent("SourceMissing", f"{url} does not exist") from error
        raise forbidden from error
    try:
        opened = Path(f"/proc/self/fd/{handle}")
        # Of what was opened, not of the path, which may lead elsewhere by now.
        if not _within(opened.readlink(), allowed) or not stat.S_ISREG(os.fstat(handle).st_mode):
            raise forbidden
        if not os.access(opened, os.R_OK):
            raise Permanent("SourceForbidden", f"{url} cannot be read by this process")
        with opened.open("rb") as file:
            yield iter(lambda: file.read(CHUNK_BYTES), b"")
    finally:
        os.close(handle)


def _within(path: Path, directories: Sequence[Path]) -> bool:
    return any(path.is_relative_to(directory) for directory in directories)


@contextmanager
def _open_http(url: str) -> Generator[Iterator[bytes]]:
    with urllib3.PoolManager(timeout=_TIMEOUT, retries=False) as pool:
        for _ in range(_REDIRECTS + 1):
            _refuse_foreign(url)
            response = _get(pool, url)
            location = response.get_redirect_location()
            if not location:
                break
            response.close()
            url = urljoin(url, location)
        else:
            raise Permanent("SourceForbidden", f"{url} was redirected more than {_REDIRECTS} times")
        try:
            _refuse_status(url, response.status)
            yield _chunks(url, response)
        finally:
            response.close()


def _get(pool: urllib3.PoolManager, url: str) -> urllib3.BaseHTTPResponse:
    try:
        return pool.request("GET", url, preload_content=False, redirect=False, headers={"Accept-Encoding": "identity"})
    except urllib3.exceptions.LocationValueError as error:
        raise Permanent("SourceForbidden", f"{url} is not a URL") from error
    except urllib3.exceptions.HTTPError as error:
        raise Retryable("SourceUnreachable", f"{url}: {error}") from error


def _refuse_foreign(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return
    raise Permanent(
        "SourceForbidden",
        f"an image cannot come from {url}: use file://, https://, or http:// on this machine",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_status(url: str, status: int) -> None:
    if status == 200:
        return
    message = f"{url} answered with status {status}"
    if status in (404, 410):
        raise Permanent("SourceMissing", message)
    if status in (408, 425, 429) or status >= 500:
        raise Retryable("SourceUnreachable", message)
    raise Permanent("SourceForbidden", message)


def _chunks(url: str, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        # An answer that ends before its announced length raises as well.
        yield from response.stream(CHUNK_BYTES)
    except urllib3.exceptions.HTTPError as error:
        raise Retryable("SourceUnreachable", f"{url} broke off: {error}") from error
