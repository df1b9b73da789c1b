"""The Python SDK of Pextra: the public HTTP API, nothing else.

from pextra_client import Client

with Client("https://cloud.example.com:8443", token, tenant="acme") as cloud:
    cloud.put("volume", "data", {"size_gib": 10})
    cloud.wait_ready("volume", "data")
"""

from pextra_client.client import Client, Page
from pextra_client.config import Profiles, Settings, resolve
from pextra_client.discovery import Catalog, Kind, Scope
from pextra_client.errors import (
    AddressError,
    ApiError,
    ClientError,
    ConfigError,
    OperationFailedError,
    TransportError,
    WaitTimeoutError,
    WatchExpiredError,
)
from pextra_client.follow import Follow, Snapshot
from pextra_client.retry import RetryPolicy
from pextra_client.version import VERSION
from pextra_client.watch import Event, EventType, Watch
from pextra_client.wire import Object

__all__ = [
    "VERSION",
    "AddressError",
    "ApiError",
    "Catalog",
    "Client",
    "ClientError",
    "ConfigError",
    "Event",
    "EventType",
    "Follow",
    "Kind",
    "Object",
    "OperationFailedError",
    "Page",
    "Profiles",
    "RetryPolicy",
    "Scope",
    "Settings",
    "Snapshot",
    "TransportError",
    "WaitTimeoutError",
    "Watch",
    "WatchExpiredError",
    "resolve",
]
