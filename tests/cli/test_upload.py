"""`pextra upload`: an image from a file, whatever is lost on the way, and never two contents under one name."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pextra import wiring
from pextra.cli.processes import Server, start_api, wait_ready
from pextra.cli.settings import UpSettings
from pextra.store.database import Database
from pextra_client.cli.exits import ExitCode
from pextra_client.client import Client
from pextra_client.uploading import PIECE_BYTES, FileChangedError, describe
from tests.cli.cloud import RunningCloud
from tests.cli.conftest import Pextra
from tests.labs.ports import free_port
from tests.labs.waiting import wait_until

MIB = 1 << 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of several pieces."""
    path = tmp_path / "disk.raw"
    path.write_bytes(os.urandom(PIECE_BYTES * 2 + 12_345))
    return path


def declare(client: Client, name: str, file: Path) -> None:
    described = describe(file)
    client.put(
        "image",
        name,
        {"upload": {"size_bytes": described.size_bytes}, "sha256": described.sha256, "format": "raw"},
    )


def test_a_file_becomes_an_image_and_again_is_nothing_to_do(pextra: Pextra, client: Client, file: Path) -> None:
    assert pextra("upload", "mine", "--file", str(file), "--format", "raw").code == 0
    image: Any = client.get("image", "mine")
    assert image["status"]["conditions"][0]["reason"] == "Ready"
    assert image["status"]["uploaded_bytes"] == file.stat().st_size
    again = pextra("upload", "mine", "-f", str(file))
    assert again.code == 0
    same: Any = client.get("image", "mine")
    assert same["metadata"]["uid"] == image["metadata"]["uid"]


def test_another_file_is_refused_under_the_same_name(pextra: Pextra, client: Client, file: Path) -> None:
    assert pextra("upload", "mine", "-f", str(file), "--format", "raw", "--no-wait").code == 0
    file.write_bytes(b"something else")
    refused = pextra("upload", "mine", "-f", str(file), "--no-wait")
    assert refused.code == ExitCode.INVALID
    assert "never changes" in refused.err


def test_an_image_that_comes_from_a_url_takes_no_file(pextra: Pextra, file: Path) -> None:
    refused = pextra("upload", "system/sim-linux", "-f", str(file))
    assert refused.code == ExitCode.INVALID
    assert "declared otherwise" in refused.err


def test_lost_answers_are_found_again(cloud: RunningCloud, client: Client, tenant: str, file: Path) -> None:
    declare(client, "mine", file)
    cloud.loser.lose_next("PATCH", 3)
    seen: list[int] = []
    with Client(cloud.lossy_url, cloud.admin_token, tenant=tenant, policy=client.transport.policy) as lossy:
        lossy.upload_image("mine", file, progress=lambda done, _: seen.append(done))
    assert cloud.loser.lost_all
    assert seen == sorted(set(seen)), "what came is not sent again"
    assert seen[-1] == file.stat().st_size
    client.wait_ready("image", "mine", timeout_s=30)


def test_a_file_that_changed_since_it_was_declared_is_not_uploaded(client: Client, file: Path) -> None:
    declare(client, "mine", file)
    with file.open("ab") as grown:
        grown.write(b"x")
    with pytest.raises(FileChangedError):
        client.upload_image("mine", file)


# --- two API processes, and a kill ---


@dataclass(frozen=True)
class Workers:
    """Two API processes of one site, whose loops do not run."""

    server: Server
    settings: UpSettings
    token: str

    def pids(self) -> list[int]:
        """The processes that serve now."""
        master = self.server.process.pid
        return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    """See `Workers`."""
    (tmp_path / "d" / "control").mkdir(mode=0o700, parents=True)
    url = f"sqlite:///{tmp_path / 'd' / 'control' / 'pextra.db'}"
    settings = UpSettings(tmp_path / "d", url, "127.0.0.1", free_port(), workers=2)
    database = Database(url)
    token = wiring.open_site(database).admin_token
    assert token is not None
    server = start_api(settings)
    try:
        wait_ready(server, settings.api_address, tls=False)
        wait_until(lambda: len(Workers(server, settings, token).pids()) == 2, 20, "two processes")
        yield Workers(server, settings, token)
    finally:
        server.stop()
        database.close()


def test_an_upload_goes_on_when_its_server_was_killed_in_the_middle_of_a_piece(workers: Workers, file: Path) -> None:
    with Client(workers.settings.api_url, workers.token, tenant="system") as client:
        declare(client, "mine", file)
        uid = client.get("image", "mine")["metadata"].get("uid", "")
        folder = workers.settings.depot_dir / uid
        head = (
            "PATCH /v1/tenants/system/images/mine/content HTTP/1.1\r\nHost: x\r\nUpload-Offset: 0\r\n"
            f"Authorization: Bearer {workers.token}\r\nContent-Type: application/partial-upload\r\n"
            f"Content-Length: {PIECE_BYTES}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", workers.settings.port)) as broken:
            broken.sendall(head.encode() + file.read_bytes()[: 2 * MIB + 1000])
            part = folder / "part"
            wait_until(lambda: part.exists() and part.stat().st_size >= 2 * MIB, 20, "a part of the piece")
            before = workers.pids()
            for pid in before:
                os.kill(pid, 9)
            wait_until(lambda: len(set(workers.pids()) - set(before)) == 2, 20, "new processes")
        seen: list[int] = []
        client.upload_image("mine", file, progress=lambda done, _: seen.append(done))
    assert seen[0] == 2 * MIB, "what had come is not sent again"
    assert (folder / "content").read_bytes() == file.read_bytes()
