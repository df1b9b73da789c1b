"""Puts together the processes that serve, set up by their environment; none of them knows a driver.

Apart from `wiring`, because five such processes start at once and each pays for what it imports.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Final
from wsgiref.types import WSGIApplication

from pextra.api.agents import create_agents_app
from pextra.api.app import create_app
from pextra.api.settings import MAX_UPLOAD_BYTES, ApiSettings
from pextra.api.streams import create_streams_app
from pextra.depot import Depot
from pextra.encryption.failures import KeyUnavailable
from pextra.encryption.sources import keeper_of
from pextra.encryption.wrapping import KeyKeeper
from pextra.identity.directories import Directories
from pextra.identity.keys import IssuerKeys
from pextra.identity.outbound import Outbound
from pextra.network_lists import LOOPBACK, Network, networks
from pextra.resources import REGISTRY
from pextra.services import sessions
from pextra.services.bootstrap import open_cloud
from pextra.services.cloud import Addresses, Cloud
from pextra.services.keyring import told
from pextra.store.database import Database

DATABASE_URL: Final = "PEXTRA_DATABASE_URL"
TRUSTED_PROXIES: Final = "PEXTRA_TRUSTED_PROXIES"
OPERATOR_NETWORKS: Final = "PEXTRA_OPERATOR_NETWORKS"
"""Networks, with commas between, from which metrics may be asked for; by default loopback."""
STREAMS_URL: Final = "PEXTRA_STREAMS_URL"
STREAM_PLACES: Final = "PEXTRA_STREAM_PLACES"
RELAY_URL: Final = "PEXTRA_RELAY_URL"
CONSOLES_URL: Final = "PEXTRA_CONSOLES_URL"
PAGES_URL: Final = "PEXTRA_PAGES_URL"
DEPOT: Final = "PEXTRA_DEPOT"
"""The directory of uploaded images, which all processes of the control plane share; without it none are taken."""
KEY_SOURCE: Final = "PEXTRA_KEY_SOURCE"
KEY_FILE: Final = "keys.json"
IDENTITY_HOSTS: Final = "PEXTRA_IDENTITY_HOSTS"
"""Hosts of identity providers, with commas between, that may be called though their addresses are not public."""
SESSION: Final = "PEXTRA_SESSION_S"
"""How long a login lasts, in seconds."""
LARGEST_UPLOAD: Final = "PEXTRA_MAX_UPLOAD_BYTES"


def api() -> WSGIApplication:
    """The API application of a worker process, set up by its environment: `gunicorn 'pextra.serving:api()'`.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
        ValueError: `PEXTRA_TRUSTED_PROXIES` is no list of networks, or `PEXTRA_SESSION_S` is out of bounds.
    """
    settings = ApiSettings(
        streams_url=os.environ.get(STREAMS_URL),
        max_upload_bytes=int(os.environ.get(LARGEST_UPLOAD, MAX_UPLOAD_BYTES)),
        trusted_proxies=_trusted_proxies(),
        operator_networks=operator_networks(),
        session_s=session_s(os.environ.get(SESSION)),
    )
    return create_app(_cloud_of_environment(keys=True), settings)


def session_s(text: str | None) -> int:
    """How long a login lasts, by what the environment says.

    Raises:
        ValueError: it is no number of seconds between a quarter of an hour and 30 days.
    """
    if text is None:
        return sessions.LASTING_S
    if not text.isascii() or not text.isdecimal() or not sessions.SHORTEST_S <= int(text) <= sessions.LONGEST_S:
        raise ValueError(f"{SESSION} is from {sessions.SHORTEST_S} to {sessions.LONGEST_S} seconds, not {text[:40]!r}")
    return int(text)


def relay() -> Cloud:
    """The cloud that a relay process serves, set up by its environment.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
    """
    return _cloud_of_environment(everything=True)


def agents() -> WSGIApplication:
    """The application that host agents speak to, set up by its environment: `gunicorn 'pextra.serving:agents()'`.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
    """
    return create_agents_app(_cloud_of_environment(keys=True, everything=True))


def _cloud_of_environment(*, keys: bool = False, everything: bool = False) -> Cloud:
    """The cloud of a server process; only those that store or deliver secrets hold the keys.

    Args:
        everything: it serves hosts or connections of several tenants, not the requests of one: see `Database`.
    """
    database = Database(os.environ[DATABASE_URL], pool_size=16, everything=everything)
    cloud, _ = open_cloud(database, REGISTRY, keeper_for(database) if keys else None)
    env = os.environ.get
    outbound = Outbound(env(IDENTITY_HOSTS, "").split(","))
    cloud = replace(
        cloud,
        addresses=Addresses(env(RELAY_URL), env(CONSOLES_URL), env(PAGES_URL, "")),
        issuer_keys=IssuerKeys(outbound),
        directories=Directories(outbound),
    )
    return with_depot(cloud, Path(folder)) if (folder := env(DEPOT)) else cloud


def with_depot(cloud: Cloud, folder: Path) -> Cloud:
    """The cloud with a place for uploaded images; made when the first one comes."""
    return replace(cloud, depot=Depot(folder))


def streams() -> WSGIApplication:
    """The stream application, set up by its environment: `gunicorn 'pextra.serving:streams()'`.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
    """
    places = int(os.environ.get(STREAM_PLACES, "100"))
    return create_streams_app(_cloud_of_environment(), places=places, trusted=_trusted_proxies())


def _trusted_proxies() -> tuple[Network, ...]:
    return networks(os.environ.get(TRUSTED_PROXIES, ""))


def operator_networks() -> tuple[Network, ...]:
    """From where numbers about the processes may be asked for: what the environment says, or loopback.

    Raises:
        ValueError: it is no list of networks.
    """
    text = os.environ.get(OPERATOR_NETWORKS)
    return LOOPBACK if text is None else networks(text)


def keeper_for(database: Database, source: str | None = None) -> KeyKeeper:
    """What keeps the key-encryption key of the site in this database.

    Args:
        source: see `encryption.sources`; by default what `PEXTRA_KEY_SOURCE` says, or else a file beside an embedded
            database.

    Raises:
        PextraError: `keys.unavailable`: neither says where the key is, or what is said cannot be used.
    """
    source = source or os.environ.get(KEY_SOURCE)
    if source is None and (embedded := database.file) is not None:
        source = f"file:{embedded.absolute().with_name(KEY_FILE)}"
    with told():
        if source is None:
            raise KeyUnavailable(f"Say where the key-encryption key is: set {KEY_SOURCE}, see docs/secrets.md.")
        return keeper_of(source)
