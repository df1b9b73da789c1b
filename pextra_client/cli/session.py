"""What every verb works with: the settings in force, one client, one output."""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pextra_client.cli.exits import UsageError
from pextra_client.cli.output import Format, Output
from pextra_client.client import Client
from pextra_client.config import Settings, resolve
from pextra_client.discovery import Catalog, Kind, Scope

_CALL_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The global options, as given before or after the verb. None is not given.

    Args:
        profile: whose settings to use.
        endpoint: addresses of the API.
        tenant: whom objects belong to.
        token: the bearer token.
        ca: certificates to trust.
        output: how results are written.
        quiet: say nothing but results and errors.
        no_color: never colour.
        verbose: say what is tried again, and request ids.
    """

    profile: str | None = None
    endpoint: list[str] | None = None
    tenant: str | None = None
    token: str | None = None
    ca: Path | None = None
    output: Format | None = None
    quiet: bool | None = None
    no_color: bool | None = None
    verbose: bool | None = None

    def over(self, fallback: Options) -> Options:
        """These options, and the fallback's where these are not given."""
        merged: dict[str, Any] = {
            each.name: getattr(self, each.name) or getattr(fallback, each.name) for each in fields(self)
        }
        return Options(**merged)


class Session:
    """One run of one verb; closes its client at the end.

    Args:
        options: the global options.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.out = Output(
            options.output or Format.TABLE,
            quiet=bool(options.quiet),
            color=False if options.no_color else None,
        )
        self._client: Client | None = None
        self._handler = _Notices(self.out)

    def __enter__(self) -> Self:
        logger = logging.getLogger("pextra_client")
        logger.addHandler(self._handler)
        logger.setLevel(logging.INFO if self.options.verbose else logging.WARNING)
        if self.options.token:
            self.out.warn(
                "--token shows the token to everybody on this machine who can list processes; "
                "set PEXTRA_TOKEN or use `pextra login`"
            )
        return self

    def __exit__(
        self, type_: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.getLogger("pextra_client").removeHandler(self._handler)
        if self._client is not None:
            self._client.close()

    @cached_property
    def settings(self) -> Settings:
        """Where the cloud is and who asks.

        Raises:
            ConfigError: the profile does not exist or cannot be read.
        """
        return resolve(self.flags, profile=self.options.profile)

    @property
    def flags(self) -> Settings:
        """What the command line says of the settings."""
        return Settings(
            endpoints=tuple(self.options.endpoint or ()),
            token=self.options.token,
            tenant=self.options.tenant,
            ca=self.options.ca,
        )

    @property
    def client(self) -> Client:
        """The client, made when it is first used.

        Raises:
            ConfigError: there is no endpoint, or a setting cannot be used.
        """
        if self._client is None:
            self._client = self.settings.client(timeout_s=_CALL_TIMEOUT_S)
        return self._client

    @property
    def catalog(self) -> Catalog:
        """The kinds that the server has."""
        return self.client.kinds()

    def tenant_of(self, kind: Kind) -> str | None:
        """The tenant in which an object of that kind is meant; None for cloud-wide kinds.

        Raises:
            UsageError: none is set.
        """
        if kind.scope is Scope.CLOUD:
            return None
        if not self.client.tenant:
            raise UsageError(f"a {kind.name} lives in a tenant: give --tenant, set PEXTRA_TENANT, or log in with one")
        return self.client.tenant


class _Notices(logging.Handler):
    """Shows what the client logs on standard error."""

    def __init__(self, out: Output) -> None:
        super().__init__()
        self._out = out

    def emit(self, record: logging.LogRecord) -> None:
        """One message: a warning as such, anything less as a notice."""
        if record.levelno >= logging.WARNING:
            self._out.warn(record.getMessage())
        else:
            self._out.notice(record.getMessage())
