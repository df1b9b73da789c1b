from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pextra_client.cli import yaml12
from pextra_client.cli.entry import run
from pextra_client.client import Client
from pextra_client.retry import RetryPolicy
from tests.cli.cloud import RunningCloud, running_cloud

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud with two flavors and three simulated hosts, which the tests of a process share."""
    with running_cloud(tmp_path_factory.mktemp("cloud")) as running:
        with Client(running.url, running.admin_token) as client:
            client.put("flavor", "small", {"vcpus": 1, "memory_mib": 1024, "disk_gib": 5})
            client.put("flavor", "large", {"vcpus": 4, "memory_mib": 8192, "disk_gib": 20})
            for number in range(1, 4):
                client.put("host", f"sim-{number}", {"driver": "sim", "zone": f"zone-{number}"})
            for number in range(1, 4):
                client.wait_ready("host", f"sim-{number}", timeout_s=30)
            for image in ("sim-linux", "tiny"):
                client.wait_ready("image", image, tenant="system", timeout_s=30)
        yield running


@pytest.fixture
def client(cloud: RunningCloud, tenant: str) -> Iterator[Client]:
    """The administrator's client, working in the test's tenant."""
    policy = RetryPolicy(first_delay_s=0.01, longest_delay_s=0.05)
    with Client(cloud.url, cloud.admin_token, tenant=tenant, policy=policy) as opened:
        yield opened


@pytest.fixture
def tenant(cloud: RunningCloud) -> str:
    """A tenant of the test's own that may use plenty."""
    name = f"t{next(_numbers)}"
    limits = {
        "instances": 20, "vcpus": 50, "memory_mib": 100_000, "volumes": 2000, "volume_gib": 3000, "networks": 20,
        "subnets": 20, "security_groups": 20, "ssh_keys": 20, "users": 20, "api_tokens": 20, "images": 5,
        "image_gib": 50, "shares": 5, "placement_groups": 20, "routers": 5, "load_balancers": 5,
        "address_groups": 20,
    }  # fmt: skip
    with Client(cloud.url, cloud.admin_token) as client:
        client.put("tenant", name, {})
        client.put("quota", "default", {"limits": limits}, tenant=name)
        client.wait_ready("tenant", name, timeout_s=30)
    return name


@dataclass(frozen=True)
class Result:
    """How a run of the command ended."""

    code: int
    out: str
    err: str

    def document(self) -> Any:
        """Standard output as the one document that it is; JSON is YAML."""
        [found] = yaml12.load_all(self.out)
        return found

    def lines(self) -> list[str]:
        return self.out.splitlines()


class _Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


class Pextra:
    """Runs the command in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, stdin: str = "", terminal: bool = False) -> Result:
        self._monkeypatch.setattr("sys.stdin", _Terminal(stdin) if terminal else io.StringIO(stdin))
        self._capsys.readouterr()
        code = run(arguments)
        captured = self._capsys.readouterr()
        return Result(code, captured.out, captured.err)


@pytest.fixture
def anonymous(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pextra:
    """The command of somebody who has nothing set up."""
    for name in ("ENDPOINT", "ENDPOINTS", "TOKEN", "TENANT", "CA", "PROFILE"):
        monkeypatch.delenv(f"PEXTRA_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Pextra(capsys, monkeypatch)


@pytest.fixture
def pextra(anonymous: Pextra, cloud: RunningCloud, tenant: str, monkeypatch: pytest.MonkeyPatch) -> Pextra:
    """The administrator's command, working in the test's tenant."""
    monkeypatch.setenv("PEXTRA_ENDPOINT", cloud.url)
    monkeypatch.setenv("PEXTRA_TOKEN", cloud.admin_token)
    monkeypatch.setenv("PEXTRA_TENANT", tenant)
    return anonymous


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Writes a manifest and tells its path."""

    def writing(text: str, name: str = "manifest.yaml") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return writing
