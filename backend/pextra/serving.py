"""Puts together the processes that serve, set up by their environment; none of them knows a driver.

Apart from `wiring`, because five such processes start at once and each pays for what it imports.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Final
from wsgiref.types import WSGIApplication

from pextra.api.agents import create_agents_app
from pextra.api.app import create_app
from pextra.api.settings import ApiSettings
from pextra.api.streams import create_streams_app
from pextra.resources import REGISTRY
from pextra.services.bootstrap import open_cloud
from pextra.services.cloud import Addresses, Cloud
from pextra.store.database import Database

DATABASE_URL: Final = "PEXTRA_DATABASE_URL"
STREAMS_URL: Final = "PEXTRA_STREAMS_URL"
STREAM_PLACES: Final = "PEXTRA_STREAM_PLACES"
RELAY_URL: Final = "PEXTRA_RELAY_URL"
CONSOLES_URL: Final = "PEXTRA_CONSOLES_URL"
PAGES_URL: Final = "PEXTRA_PAGES_URL"


def api() -> WSGIApplication:
    """The API application of a worker process, set up by its environment: `gunicorn 'pextra.serving:api()'`.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
    """
    return create_app(_cloud_of_environment(), ApiSettings(streams_url=os.environ.get(STREAMS_URL)))


def relay() -> Cloud:
    """The cloud that a relay process serves, set up by its environment.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
    """
    return _cloud_of_environment()


def agents() -> WSGIApplication:
    """The application that host agents speak to, set up by its environment: `gunicorn 'pextra.serving:agents()'`.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
    """
    return create_agents_app(_cloud_of_environment())


def _cloud_of_environment() -> Cloud:
    cloud, _ = open_cloud(Database(os.environ[DATABASE_URL], pool_size=16), REGISTRY)
    env = os.environ.get
    return replace(cloud, addresses=Addresses(env(RELAY_URL), env(CONSOLES_URL), env(PAGES_URL, "")))


def streams() -> WSGIApplication:
    """The stream application, set up by its environment: `gunicorn 'pextra.serving:streams()'`.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
    """
    return create_streams_app(_cloud_of_environment(), places=int(os.environ.get(STREAM_PLACES, "100")))
