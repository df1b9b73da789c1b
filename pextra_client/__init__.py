"""The Python SDK of Pextra: the public HTTP API, nothing else.

from pextra_client import Client

with Client("https://cloud.example.com:8443", token, tenant="acme") as cloud:
    cloud.put("volume", "data", {"size_gib": 10})
    cloud.wait_ready("volume", "data")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
        WaitStoppedError,
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
    "WaitStoppedError",
    "WaitTimeoutError",
    "Watch",
    "WatchExpiredError",
    "resolve",
]

# Imported when they are asked for: a program that needs one part does not pay for the rest in each of its starts.
_HOMES = {
    "Client": "client",
    "Page": "client",
    "Profiles": "config",
    "Settings": "config",
    "resolve": "config",
    "Catalog": "discovery",
    "Kind": "discovery",
    "Scope": "discovery",
    "AddressError": "errors",
    "ApiError": "errors",
    "ClientError": "errors",
    "ConfigError": "errors",
    "OperationFailedError": "errors",
    "TransportError": "errors",
    "WaitStoppedError": "errors",
    "WaitTimeoutError": "errors",
    "WatchExpiredError": "errors",
    "Follow": "follow",
    "Snapshot": "follow",
    "RetryPolicy": "retry",
    "VERSION": "version",
    "Event": "watch",
    "EventType": "watch",
    "Watch": "watch",
    "Object": "wire",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
