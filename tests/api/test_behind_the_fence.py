"""The essential part of the contract, with the API in the role that the database's fence binds."""

from __future__ import annotations

import pytest

from tests.api import test_on_every_database as essential
from tests.api.everything import make_everything
from tests.api.site import Site


@pytest.fixture
def any_site(fenced_site: Site) -> Site:
    """A new site behind its fence."""
    return fenced_site


@pytest.fixture
def whole(any_site: Site) -> Site:
    """A site with one of everything, made true."""
    make_everything(any_site)
    any_site.converge()
    return any_site


globals().update({name: test for name, test in vars(essential).items() if name.startswith("test_")})
