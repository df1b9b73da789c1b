from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pextra_client.client import Client
from tests.ansible.installed import Installed
from tests.ansible.modules import Modules
from tests.api.site import IMAGE
from tests.cli.cloud import RunningCloud, running_cloud

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud with flavors, an image for all and simulated hosts, which the tests of a process share."""
    with running_cloud(tmp_path_factory.mktemp("cloud")) as running:
        with Client(running.url, running.admin_token, tenant="system") as client:
            client.put("flavor", "small", {"vcpus": 1, "memory_mib": 512, "disk_gib": 4})
            client.put("flavor", "large", {"vcpus": 2, "memory_mib": 1024, "disk_gib": 8})
            for number in (1, 2):
                client.put("host", f"rack-{number}", {"driver": "sim", "zone": f"zone-{number}"})
            machine = {"vcpus": 32, "memory_mib": 65_536, "gpus": {"board": "hgx-h100-8"}}
            client.put("host", "gpu-1", {"driver": "sim", "zone": "zone-1", "simulated": machine})
            client.put("gpu_profile", "h100", {"models": ["h100-80gb-hbm3"]})
            client.put("image", "linux", IMAGE)
            client.put("share", "linux", {"kind": "image", "name": "linux", "tenants": "all"})
            for kind, name in (("host", "rack-1"), ("host", "rack-2"), ("host", "gpu-1"), ("image", "linux")):
                client.wait_ready(kind, name, timeout_s=30)
        yield running


@pytest.fixture(autouse=True)
def nobody_s_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No settings of whoever runs the tests."""
    for name in ("ENDPOINT", "ENDPOINTS", "TOKEN", "TENANT", "CA", "PROFILE"):
        monkeypatch.delenv(f"PEXTRA_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "nothing"))


@pytest.fixture
def tenant(client: Client) -> str:
    """A tenant of the test's own, without limits."""
    name = f"t{next(_numbers)}"
    client.put("tenant", name, {})
    client.put("quota", "default", {"unlisted": "unlimited"}, tenant=name)
    client.wait_ready("tenant", name, timeout_s=30)
    return name


@pytest.fixture
def client(cloud: RunningCloud) -> Iterator[Client]:
    """The administrator's client."""
    with Client(cloud.url, cloud.admin_token) as opened:
        yield opened


@pytest.fixture
def modules(cloud: RunningCloud) -> Modules:
    """The administrator's modules."""
    return Modules({"endpoints": [cloud.url], "token": cloud.admin_token})


@pytest.fixture(scope="session")
def installed_once(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The collection, installed from its archive."""
    return Installed.new(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def installed(installed_once: Installed, cloud: RunningCloud) -> Installed:
    """The same, with the administrator's settings in the environment."""
    connection = {"PEXTRA_ENDPOINT": cloud.url, "PEXTRA_TOKEN": cloud.admin_token}
    return replace(installed_once, environment=connection)
