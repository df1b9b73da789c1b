"""Where a cloud is and who asks: flags before environment before the profile in the user's file."""

from __future__ import annotations

import logging
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import platformdirs

from pextra_client.client import Client
from pextra_client.errors import ConfigError

_log = logging.getLogger(__name__)

DEFAULT_PROFILE = "default"
_KNOWN_SETTINGS = frozenset({"endpoints", "token", "tenant", "ca"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to reach one cloud. Whatever is not set is empty.

    Args:
        endpoints: addresses of the API.
        token: the bearer token.
        tenant: whom objects belong to when a call does not say.
        ca: certificates to trust instead of the system's.
    """

    endpoints: tuple[str, ...] = ()
    token: str | None = field(default=None, repr=False)
    tenant: str | None = None
    ca: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """What `PEXTRA_ENDPOINT(S)`, `PEXTRA_TOKEN`, `PEXTRA_TENANT` and `PEXTRA_CA` say."""
        listed = environment.get("PEXTRA_ENDPOINTS") or environment.get("PEXTRA_ENDPOINT") or ""
        return cls(
            endpoints=tuple(listed.replace(",", " ").split()),
            token=environment.get("PEXTRA_TOKEN", "").strip() or None,
            tenant=environment.get("PEXTRA_TENANT") or None,
            ca=Path(environment["PEXTRA_CA"]) if environment.get("PEXTRA_CA") else None,
        )

    def over(self, fallback: Settings) -> Settings:
        """These settings, and the fallback's where these are empty."""
        return Settings(
            endpoints=self.endpoints or fallback.endpoints,
            token=self.token or fallback.token,
            tenant=self.tenant or fallback.tenant,
            ca=self.ca or fallback.ca,
        )

    def client(self, *, timeout_s: float = 60.0) -> Client:
        """A client with these settings.

        Raises:
            ConfigError: there is no endpoint, or something in the settings cannot be used.
        """
        return Client(self.endpoints, self.token, tenant=self.tenant, ca=self.ca, timeout_s=timeout_s)


class Profiles:
    """The user's file of named settings: readable by its owner only, replaced as a whole.

    Args:
        path: of the file; the user's configuration folder by default.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or platformdirs.user_config_path("pextra") / "config.yaml"

    def current(self) -> str:
        """The name of the profile that is used when nobody names one."""
        return str(self._read().get("current") or DEFAULT_PROFILE)

    def names(self) -> list[str]:
        """The names of every profile."""
        return list(_profiles_of(self._read()))

    def get(self, name: str) -> Settings | None:
        """The profile of that name.

        Raises:
            ConfigError: the file cannot be read.
        """
        document = _profiles_of(self._read()).get(name)
        return None if document is None else self._settings(name, document)

    def save(self, name: str, settings: Settings, *, make_current: bool = True) -> None:
        """Stores a profile.

        Raises:
            ConfigError: the file cannot be read or written.
        """
        document = self._read()
        profiles = _profiles_of(document)
        profiles[name] = {
            "endpoints": list(settings.endpoints),
            **({"token": settings.token} if settings.token else {}),
            **({"tenant": settings.tenant} if settings.tenant else {}),
            **({"ca": str(settings.ca.absolute())} if settings.ca else {}),
        }
        document["profiles"] = profiles
        if make_current or "current" not in document:
            document["current"] = name
        self._write(document)

    def forget_token(self, name: str) -> bool:
        """Removes the token of a profile and leaves the rest; False when there was none.

        Raises:
            ConfigError: the file cannot be read or written.
        """
        settings = self.get(name)
        if settings is None or settings.token is None:
            return False
        self.save(name, replace(settings, token=None), make_current=False)
        return True

    def _read(self) -> dict[str, Any]:
        try:
            text = self.path.read_text("utf-8")
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{self.path} is not UTF-8: {error.reason} at byte {error.start}") from error
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            _log.warning("%s holds tokens and others may read it: chmod 600 it", self.path)
        import yaml  # noqa: PLC0415 - whoever has no such file, as in a pipeline, need not wait for it

        try:
            document = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"{self.path} is not YAML: {error}") from error
        if document is None:
            return {}
        if not isinstance(document, dict):
            raise ConfigError(f"{self.path} must hold `current` and `profiles`")
        return cast("dict[str, Any]", document)

    def _write(self, document: Mapping[str, Any]) -> None:
        import yaml  # noqa: PLC0415

        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A temporary file is made readable by its owner only.
            descriptor, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=".config-")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    yaml.safe_dump(dict(document), file, sort_keys=False)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(self.path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be written: {error.strerror}") from error

    def _settings(self, name: str, document: Mapping[str, Any]) -> Settings:
        unknown = set(document) - _KNOWN_SETTINGS
        if unknown:
            raise ConfigError(f"{self.path}: profile {name!r} has unknown settings: {', '.join(sorted(unknown))}")
        endpoints: str | list[str] = document.get("endpoints") or []
        return Settings(
            endpoints=(endpoints,) if isinstance(endpoints, str) else tuple(map(str, endpoints)),
            token=document.get("token"),
            tenant=document.get("tenant"),
            ca=Path(document["ca"]) if document.get("ca") else None,
        )


def resolve(
    flags: Settings,
    *,
    profile: str | None = None,
    environment: Mapping[str, str] | None = None,
    profiles: Profiles | None = None,
) -> Settings:
    """The settings in force, each on its own: from a flag, else the environment, else the profile.

    Args:
        flags: what was given explicitly.
        profile: the profile's name; `PEXTRA_PROFILE` or the current one by default.
        environment: the process's own by default.
        profiles: the user's own by default.

    Raises:
        ConfigError: the profile was named and does not exist, or the file cannot be read.
    """
    known = os.environ if environment is None else environment
    stored = profiles or Profiles()
    named = profile or known.get("PEXTRA_PROFILE")
    found = stored.get(named or stored.current())
    if found is None and named:
        there = ", ".join(stored.names()) or "none"
        raise ConfigError(f"there is no profile {named!r} in {stored.path}; there are: {there}")
    return flags.over(Settings.from_environment(known)).over(found or Settings())


def _profiles_of(document: Mapping[str, Any]) -> dict[str, Any]:
    profiles = document.get("profiles")
    return cast("dict[str, Any]", profiles) if isinstance(profiles, dict) else {}
