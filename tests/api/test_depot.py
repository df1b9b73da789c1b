"""The depot of uploads: what a kill leaves goes on, what nobody goes on with goes, a full disk is told."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from pextra.depot import KEPT_S, Declared, Depot, Received
from pextra.errors import PextraError

CONTENT = os.urandom(3 << 20)


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    """An empty depot."""
    return Depot(tmp_path / "depot")


@pytest.fixture
def declared() -> Declared:
    """An image with CONTENT."""
    return Declared(str(uuid4()), len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


UPLOADING = """
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from pextra.depot import Declared, Depot

depot, declared = Depot(Path(sys.argv[1])), Declared(sys.argv[2], int(sys.argv[3]), sys.argv[4])
depot.begin(declared)
offset = depot.observe(declared).offset
content = Path(sys.argv[5]).read_bytes()

def chunks():
    for start in range(offset, len(content), 65536):
        yield content[start : start + 65536]
        print(start, flush=True)
        if start >= offset + 8 * 65536:
            signal.pause()  # until the test ends this process

depot.append(declared, offset, len(content) - offset, chunks())
"""


def test_a_kill_in_the_middle_leaves_a_beginning_from_which_the_upload_goes_on(
    depot: Depot, declared: Declared, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    command = [sys.executable, "-c", UPLOADING, str(tmp_path / "depot"), declared.uid]
    command += [str(declared.size_bytes), declared.sha256, str(source)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    offsets: list[int] = []
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
            assert process.stdout is not None
            for _ in range(8):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
        seen = depot.observe(declared)
        assert not seen.complete
        assert seen.offset is not None
        assert (tmp_path / "depot" / declared.uid / "part").read_bytes() == CONTENT[: seen.offset]
        offsets.append(seen.offset)
    assert 0 < offsets[0] < offsets[1] < offsets[2] < len(CONTENT)
    rest = CONTENT[offsets[2] :]
    assert depot.append(declared, offsets[2], len(rest), [rest]) == Received(len(CONTENT), complete=True)


def test_what_was_killed_before_it_was_verified_is_verified_by_the_next_request(
    depot: Depot, declared: Declared, tmp_path: Path
) -> None:
    depot.begin(declared)
    (tmp_path / "depot" / declared.uid / "part").write_bytes(CONTENT)
    assert depot.observe(declared) == Received(len(CONTENT))
    assert depot.content(declared.uid) is None
    assert depot.append(declared, len(CONTENT), 0, []).complete


def test_a_torn_beginning_is_never_kept(depot: Depot, declared: Declared, tmp_path: Path) -> None:
    depot.begin(declared)
    (tmp_path / "depot" / declared.uid / "part").write_bytes(bytes(len(CONTENT)))
    with pytest.raises(PextraError) as refused:
        depot.append(declared, len(CONTENT), 0, [])
    assert refused.value.code == "upload.digest_mismatch"
    assert depot.observe(declared) == Received(None, refused=hashlib.sha256(bytes(len(CONTENT))).hexdigest())


def test_a_request_that_breaks_off_keeps_what_came(depot: Depot, declared: Declared) -> None:
    def broken() -> Iterator[bytes]:
        yield CONTENT[:1000]
        raise ConnectionResetError

    depot.begin(declared)
    with pytest.raises(ConnectionResetError):
        depot.append(declared, 0, len(CONTENT), broken())
    assert depot.observe(declared).offset == 1000


def test_removing_an_image_ends_its_upload(depot: Depot, declared: Declared, tmp_path: Path) -> None:
    def removed() -> Iterator[bytes]:
        yield CONTENT[:1000]
        depot.remove(declared.uid)
        yield CONTENT[1000:]

    depot.begin(declared)
    with pytest.raises(PextraError) as refused:
        depot.append(declared, 0, len(CONTENT), removed())
    assert refused.value.code == "object.not_found"
    assert list((tmp_path / "depot").iterdir()) == []


def test_only_abandoned_uploads_and_contents_without_an_image_are_swept(tmp_path: Path) -> None:
    now = time.time()
    depot, later = Depot(tmp_path), Depot(tmp_path, clock=lambda: now + KEPT_S + 60)
    whole, begun, orphan = (Declared(str(uuid4()), len(CONTENT), hashlib.sha256(CONTENT).hexdigest()) for _ in range(3))
    for each, length in ((whole, len(CONTENT)), (begun, 10), (orphan, len(CONTENT))):
        depot.begin(each)
        depot.append(each, 0, length, [CONTENT[:length]])
    known = {whole.uid, begun.uid}
    assert depot.sweep(lambda: {*known, orphan.uid}) == 0
    assert depot.sweep(lambda: known) == 1
    assert depot.content(orphan.uid) is None
    assert depot.observe(begun).offset == 10
    assert later.sweep(lambda: known) == 1
    assert depot.observe(begun) == Received(None)
    assert depot.content(whole.uid) is not None


def test_nobody_else_may_look_into_it(depot: Depot, declared: Declared, tmp_path: Path) -> None:
    depot.begin(declared)
    depot.append(declared, 0, len(CONTENT), [CONTENT])
    modes = {p: p.stat().st_mode & 0o777 for p in [tmp_path / "depot", *(tmp_path / "depot").glob("**/*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


FULL = """
import json, resource, sys
from collections.abc import Iterator
from pathlib import Path
from pextra.depot import Declared, Depot
from pextra.errors import PextraError

depot, declared = Depot(Path(sys.argv[1])), Declared(sys.argv[2], int(sys.argv[3]), sys.argv[4])
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, -1))
depot.begin(declared)
try:
    depot.append(declared, 0, declared.size_bytes, [bytes(declared.size_bytes)])
except PextraError as error:
    print(json.dumps([error.code, error.status, depot.observe(declared).offset]))
"""


def test_a_full_disk_is_told_and_what_came_is_kept(depot: Depot, declared: Declared, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "depot"), declared.uid, str(declared.size_bytes), declared.sha256],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert json.loads(done.stdout) == ["upload.full", 503, 1 << 20]
    assert depot.observe(declared) == Received(1 << 20)
