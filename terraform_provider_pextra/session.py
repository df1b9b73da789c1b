"""What a configured provider works with."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pextra_client.client import Client
from pextra_client.config import Settings, resolve
from pextra_client.lifecycle.forecast import Forecaster
from pextra_client.lifecycle.owner import Owner
from terraform_provider_pextra.durations import seconds
from terraform_provider_pextra.stack import identity

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
        self.stop = threading.Event()
        """Set when Terraform wants to end: nothing is waited for any more."""
        self.owner = Owner(client, stack=stack, timeout_s=timeout_s, stop=self.stop)
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
