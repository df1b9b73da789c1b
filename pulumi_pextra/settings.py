"""Where the cloud is: the stack's configuration before the environment before the profile in the user's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pextra_client.client import Client
from pextra_client.config import Settings, resolve
from pextra_client.errors import ConfigError

NAMES: Final[Mapping[str, str]] = {
    "endpoint": "Address of the API, or several of the same cloud, separated by commas.",
    "token": "The bearer token.",
    "tenant": "Whose the objects are when a resource does not say.",
    "ca": "File with certificates to trust instead of the system's.",
    "profile": "The profile of the `pextra` command that holds what is not set here or in the environment.",
    "timeout_s": "Deadline of one call of the API in seconds, retries included; 60 by default.",
    "ready_timeout_s": "How long an object may take to become ready or to go, in seconds; 600 by default.",
}
"""What can be configured, and what it means."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A client, and how patient its user is.

    Args:
        client: whom to ask.
        ready_timeout_s: how long an object may take to become ready or to go.
    """

    client: Client
    ready_timeout_s: float


def connect(values: Mapping[str, str | None]) -> Connection:
    """A client by what is configured, under the names in `NAMES`. Nothing is asked yet.

    Raises:
        ConfigError: no endpoint is known, or something cannot be used.
    """
    flags = Settings(
        endpoints=tuple((values.get("endpoint") or "").replace(",", " ").split()),
        token=values.get("token") or None,
        tenant=values.get("tenant") or None,
        ca=Path(ca) if (ca := values.get("ca")) else None,
    )
    settings = resolve(flags, profile=values.get("profile") or None)
    if not settings.endpoints:
        raise ConfigError(
            "no endpoint is known: `pulumi config set pextra:endpoint https://…`, or PEXTRA_ENDPOINT, or `pextra login`"
        )
    client = settings.client(timeout_s=_seconds(values, "timeout_s", 60.0))
    return Connection(client, _seconds(values, "ready_timeout_s", 600.0))


def _seconds(values: Mapping[str, str | None], name: str, default: float) -> float:
    text = values.get(name)
    if text is None or text == "":
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise ConfigError(f"pextra:{name} is a number of seconds, at most 86400; {text!r} given")
    return seconds
