"""Where images may come from, and their bytes from any of them on."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

import urllib3

from pextra.drivers.file.addresses import Network, pool_manager
from pextra.drivers.interface import UPLOADED, Permanent, Retryable

CHUNK_BYTES: Final = 1 << 20
_REDIRECTS: Final = 5
_TIMEOUT: Final = urllib3.Timeout(connect=10, read=60)
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


Uploaded = Callable[[str, Mapping[str, str]], urllib3.BaseHTTPResponse]


@dataclass(frozen=True, slots=True)
class Opened:
    """A source that answers.

    Attributes:
        start: the first byte that comes: what was asked for, or 0 when it begins anew.
        total_bytes: how many there are from 0 on, as far as it says.
        validator: what must not change if more of it is fetched later; empty when nothing tells.
        chunks: the bytes, in pieces of at most a MiB.
    """

    start: int
    total_bytes: int | None
    validator: str
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator allows as sources, beside public machines.

    Attributes:
        dirs: where `file://` may lead.
        networks: machines that are not public and may be asked all the same.
        uploaded: begins the answer with the content of an uploaded image, by its uid; None: there are none. It is given
            headers, and raises `Retryable` (`SourceUnreachable`) when nobody answers.
    """

    dirs: Sequence[Path]
    networks: Sequence[Network] = ()
    uploaded: Uploaded | None = None


@contextmanager
def open_source(url: str, allowed: Allowed, *, start: int = 0, validator: str = "") -> Generator[Opened]:
    """The bytes of an image.

    `file://` is taken from the allowed directories only, wherever links may lead; `https://` and `http://` from
    public machines and those that the operator allowed, and so for whatever they redirect to; what was uploaded, from
    the control plane.

    Args:
        url: the source.
        allowed: what the operator allows.
        start: the first byte that is wanted, when the source still is what `validator` said.
        validator: of an earlier `Opened`; without it everything comes.

    Raises:
        Permanent: `SourceForbidden` or `SourceMissing`.
        Retryable: `SourceUnreachable`, also from the iterator.
    """
    scheme = urlsplit(url).scheme
    if scheme == "file":
        with _open_file(url, allowed.dirs) as opened:
            yield opened
    elif scheme in ("http", "https"):
        with _open_http(url, allowed.networks, start, validator) as opened:
            yield opened
    elif scheme == UPLOADED and allowed.uploaded is not None:
        with _open_uploaded(url, allowed.uploaded, start, validator) as opened:
            yield opened
    else:
        raise _foreign(url)


@contextmanager
def _open_file(url: str, allowed_dirs: Sequence[Path]) -> Generator[Opened]:
    path = Path(os.path.normpath(unquote(urlsplit(url).path)))
    allowed = [directory.resolve() for directory in allowed_dirs]
    # What is outside gets one answer, whether it is there or not.
    forbidden = Permanent("SourceForbidden", f"{url} is not a regular file in a directory that images may come from")
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        if (
            isinstance(error, OSError)
            and error.errno in (errno.ENOENT, errno.ENOTDIR)
            and _within(path, [*allowed, *allowed_dirs])
        ):
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
            yield Opened(0, os.fstat(handle).st_size, "", iter(lambda: file.read(CHUNK_BYTES), b""))
    finally:
        os.close(handle)


def _within(path: Path, directories: Sequence[Path]) -> bool:
    return any(path.is_relative_to(directory) for directory in directories)


def _foreign(url: str) -> Permanent:
    return Permanent("SourceForbidden", f"an image cannot come from {url}: use file://, https:// or http://")


@contextmanager
def _open_http(url: str, networks: Sequence[Network], start: int, validator: str) -> Generator[Opened]:
    wanted = _wanted(start, validator)
    with pool_manager(networks, _TIMEOUT) as pool:
        for _ in range(_REDIRECTS + 1):
            if urlsplit(url).scheme not in ("http", "https"):
                raise _foreign(url)
            response = _get(pool, url, wanted)
            location = response.get_redirect_location()
            if not location:
                break
            response.close()
            url = urljoin(url, location)
        else:
            raise Permanent("SourceForbidden", f"{url} was redirected more than {_REDIRECTS} times")
        try:
            _refuse_status(url, response.status)
            yield _answered(url, response, start)
        finally:
            response.close()


@contextmanager
def _open_uploaded(url: str, uploaded: Uploaded, start: int, validator: str) -> Generator[Opened]:
    response = uploaded(urlsplit(url).path, _wanted(start, validator))
    try:
        _refuse_status(url, response.status)
        yield _answered(url, response, start)
    finally:
        response.close()


def _wanted(start: int, validator: str) -> dict[str, str]:
    """The headers that ask for the rest of what was there before, or for all when it is another."""
    resumed = {"Range": f"bytes={start}-", "If-Range": validator} if start and validator else {}
    return {"Accept-Encoding": "identity", **resumed}


def _get(pool: urllib3.PoolManager, url: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    try:
        return pool.request("GET", url, preload_content=False, redirect=False, headers=headers)
    except urllib3.exceptions.LocationValueError as error:
        raise Permanent("SourceForbidden", f"{url} is not a URL") from error
    except urllib3.exceptions.HTTPError as error:
        raise Retryable("SourceUnreachable", f"{url}: {error}") from error


def _refuse_status(url: str, status: int) -> None:
    if status in (200, 206):
        return
    message = f"{url} answered with status {status}"
    if status in (404, 410):
        raise Permanent("SourceMissing", message)
    if status in (408, 416, 425, 429) or status >= 500:
        raise Retryable("SourceUnreachable", message)
    raise Permanent("SourceForbidden", message)


def _answered(url: str, response: urllib3.BaseHTTPResponse, wanted_start: int) -> Opened:
    start = 0
    if response.status == 206:
        told = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if told is None or int(told.group(1)) != wanted_start:
            raise Retryable("SourceUnreachable", f"{url} answered with another range than was asked for")
        start = wanted_start
    length = response.headers.get("Content-Length", "")
    total = start + int(length) if length.isdecimal() and len(length) < 20 else None
    etag = response.headers.get("ETag", "")
    # A weak one promises the same meaning, not the same bytes.
    validator = response.headers.get("Last-Modified", "") if not etag or etag.startswith("W/") else etag
    return Opened(start, total, validator[:500], _chunks(url, response))


def _chunks(url: str, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        # An answer that ends before its announced length raises as well.
        yield from response.stream(CHUNK_BYTES)
    except urllib3.exceptions.HTTPError as error:
        raise Retryable("SourceUnreachable", f"{url} broke off: {error}") from error
