from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pextra_client.client import Client
from pextra_client.retry import RetryPolicy
from tests.cli.cloud import RunningCloud, running_cloud
from tests.lifecycle.tenants import new_tenant, stocked
from tests.terraform.engine import Stack, provider_folder

PATIENCE = RetryPolicy(first_delay_s=0.01, longest_delay_s=0.05)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud with flavors, images and three simulated hosts, which the tests of a process share."""
    with running_cloud(tmp_path_factory.mktemp("cloud")) as running:
        stocked(running)
        yield running


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the provider."""
    return provider_folder(tmp_path_factory.mktemp("provider"))


@pytest.fixture
def tenant(cloud: RunningCloud) -> str:
    """A tenant of the test's own that may use plenty."""
    return new_tenant(cloud)


@pytest.fixture
def client(cloud: RunningCloud, tenant: str) -> Iterator[Client]:
    """The administrator's client, working in the test's tenant."""
    with Client(cloud.url, cloud.admin_token, tenant=tenant, policy=PATIENCE) as opened:
        yield opened


NewStack = Callable[[str], Stack]


@pytest.fixture
def new_stack(tmp_path: Path, provider: Path, cloud: RunningCloud, tenant: str) -> NewStack:
    """Makes a stack of that name in the test's tenant."""
    return lambda name: Stack(tmp_path / name, provider, cloud.url, cloud.admin_token, tenant)


@pytest.fixture
def stack(new_stack: NewStack) -> Stack:
    """A stack in the test's tenant."""
    return new_stack("stack")
