from __future__ import annotations

from collections.abc import Iterator

import pytest

from pextra_client.client import Client
from pextra_client.retry import RetryPolicy
from tests.cli.cloud import RunningCloud, running_cloud
from tests.lifecycle.tenants import new_tenant, stocked

PATIENCE = RetryPolicy(first_delay_s=0.01, longest_delay_s=0.05)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud with flavors, images and three simulated hosts, which the tests of a process share."""
    with running_cloud(tmp_path_factory.mktemp("cloud")) as running:
        stocked(running)
        yield running


@pytest.fixture
def tenant(cloud: RunningCloud) -> str:
    """A tenant of the test's own that may use plenty."""
    return new_tenant(cloud)


@pytest.fixture
def client(cloud: RunningCloud, tenant: str) -> Iterator[Client]:
    """The administrator's client, working in the test's tenant."""
    with Client(cloud.url, cloud.admin_token, tenant=tenant, policy=PATIENCE) as opened:
        yield opened
