"""What a configured provider works with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pextra_client.client import Client
from pextra_client.config import Settings, resolve
from pextra_client.lifecycle import Forecaster, Owner
from terraform_provider_pextra.attributes import Attribute
from terraform_provider_pextra.durations import seconds
from terraform_provider_pextra.stack import identity

ATTRIBUTES: Final = (
    Attribute(
        name="endpoints",
        type=["list", "string"],
        optional=True,
        description="Addresses of the API, all of one cloud; `PEXTRA_ENDPOINTS` or the profile's by default.",
    ),
    Attribute(
        name="token",
        optional=True,
        sensitive=True,
        description="The bearer token; `PEXTRA_TOKEN` or the profile's by default. Rather leave it to the environment.",
    ),
    Attribute(
        name="tenant",
        optional=True,
        description="Whose the objects are that name no tenant; `PEXTRA_TENANT` or the profile's by default.",
    ),
    Attribute(
        name="ca_file",
        optional=True,
        description="File of the certificates to trust in place of the system's; `PEXTRA_CA` or the profile's by default.",
    ),
    Attribute(
        name="profile",
        optional=True,
        description="The profile of the command line to take what is missing from; `PEXTRA_PROFILE` or the current one "
        "by default.",
    ),
    Attribute(
        name="stack",
        optional=True,
        description="Tells this stack from every other, so that an apply that was killed finds what it made again, for "
        "24 hours. By default this machine, folder and workspace: name it where applies run on changing machines.",
    ),
    Attribute(
        name="timeout",
        optional=True,
        description="How long to wait for one object at most, such as `20m`; 10 minutes by default.",
    ),
)

_TIMEOUT_S: Final = 600.0


class Session:
    """A cloud, and what this process knows of the stack that is worked on. Safe to share between threads.

    Args:
        client: of the cloud.
        stack: the stack's identity.
        timeout_s: how long to wait for one object.
    """

    def __init__(self, client: Client, *, stack: str, timeout_s: float = _TIMEOUT_S) -> None:
        self.client = client
        self.owner = Owner(client, stack=stack, timeout_s=timeout_s)
        self.forecaster = Forecaster(client)
        self.timeout_s = timeout_s
        self.owned: set[str] = set()
        """The uids of what is in the state."""
        self.applying = False
        """Whether something has been written: then plans are old, and what is new is made right after it is planned."""

    @property
    def tenant(self) -> str | None:
        """Whose the objects are that name no tenant."""
        return self.client.tenant


def opened(config: Mapping[str, Any]) -> Session:
    """A session as the provider's configuration says.

    Raises:
        ConfigError: something is missing or cannot be used.
        ValueError: the timeout is none.
    """
    flags = Settings(
        endpoints=tuple(config.get("endpoints") or ()),
        token=config.get("token"),
        tenant=config.get("tenant"),
        ca=Path(config["ca_file"]) if config.get("ca_file") else None,
    )
    settings = resolve(flags, profile=config.get("profile"), environment=os.environ)
    timeout_s = seconds(config["timeout"]) if config.get("timeout") else _TIMEOUT_S
    return Session(settings.client(), stack=config.get("stack") or identity(), timeout_s=timeout_s)
