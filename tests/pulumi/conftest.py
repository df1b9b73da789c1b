from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.cloud import RunningCloud
from tests.lifecycle.conftest import client, cloud, tenant
from tests.pulumi.stacks import Stack

__all__ = ["client", "cloud", "tenant"]

PROVIDERS = ("pulumi_pextra", "pulumi_pextra.native")


@pytest.fixture(params=PROVIDERS)
def module(request: pytest.FixtureRequest) -> str:
    """The module whose classes a program uses: those of the dynamic provider, or of the plugin."""
    return request.param


@pytest.fixture
def new_stack(cloud: RunningCloud, tenant: str, tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Makes stacks of the test's own, which work in its tenant."""
    if shutil.which("pulumi") is None:
        pytest.skip("pulumi is not on PATH: take a release of 3.x with its Python language host")
    made: list[Stack] = []

    def new(program: str, name: str = "dev", *, url: str | None = None, token: str | None = None) -> Stack:
        folder = tmp_path / f"stack-{len(made)}"
        settings = {
            "PEXTRA_ENDPOINT": url or cloud.url,
            "PEXTRA_TOKEN": token or cloud.admin_token,
            "PEXTRA_TENANT": tenant,
        }
        made.append(Stack(folder, program, name, settings, backend=tmp_path / "backend"))
        return made[-1]

    yield new
    for stack in made:
        stack.end()
