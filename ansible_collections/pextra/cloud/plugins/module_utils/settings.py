# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Where a cloud is and who asks: options before the environment before a profile of the user's file.

The file and the environment are those of the `pextra` command.
"""

from __future__ import annotations

import os
from typing import Any, Mapping

from ansible.module_utils.basic import env_fallback

from ansible_collections.pextra.cloud.plugins.module_utils.errors import SettingsError

try:
    import yaml
except ImportError:
    yaml = None

DEFAULT_PROFILE = "default"
DEFAULT_API_TIMEOUT = 60

CONNECTION_ARGUMENTS: dict[str, Any] = {
    "endpoints": {"type": "list", "elements": "str", "aliases": ["endpoint"]},
    "token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["PEXTRA_TOKEN"])},
    "profile": {"type": "str", "fallback": (env_fallback, ["PEXTRA_PROFILE"])},
    "ca": {"type": "path", "fallback": (env_fallback, ["PEXTRA_CA"])},
    "api_timeout": {"type": "int", "default": DEFAULT_API_TIMEOUT},
}
"""The options of the documentation fragment C(pextra.cloud.connection)."""


class Settings:
    """How to reach one cloud.

    Args:
        endpoints: addresses of the API, at least one.
        token: the bearer token; None for what needs none.
        tenant: whom objects belong to when nothing says.
        ca: file of certificates to trust instead of the system's.
        api_timeout_s: deadline of one call, retries included.
    """

    def __init__(
        self,
        endpoints: list[str],
        token: str | None = None,
        tenant: str | None = None,
        ca: str | None = None,
        api_timeout_s: float = DEFAULT_API_TIMEOUT,
    ) -> None:
        self.endpoints = [each.strip().rstrip("/") for each in endpoints]
        self.token = token
        self.tenant = tenant
        self.ca = ca
        self.api_timeout_s = api_timeout_s
        self._check()

    def _check(self) -> None:
        if not self.endpoints:
            raise SettingsError(
                "no endpoint is known: give endpoints, set PEXTRA_ENDPOINT, or log in with `pextra login`"
            )
        for each in self.endpoints:
            if not each.startswith(("http://", "https://")) or len(each.split("/")) != 3 or each.endswith("://"):
                raise SettingsError(f"{each!r} is not an endpoint: write http(s)://host[:port]")
        token = self.token
        if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
            raise SettingsError("the token holds a space, a line break or another character that no token has")
        if self.ca is not None and not os.path.isfile(self.ca):
            raise SettingsError(f"ca names {self.ca}, which is no file of certificates")
        if self.api_timeout_s < 1:
            raise SettingsError(f"api_timeout is {self.api_timeout_s}: it must be at least 1 second")


def resolve(options: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """The settings in force, each on its own: from an option, else the environment, else the profile.

    Args:
        options: those of C(CONNECTION_ARGUMENTS), and C(tenant).
        environment: the process's own by default.

    Raises:
        SettingsError: there is no endpoint, the profile does not exist, or something cannot be used.
    """
    known = os.environ if environment is None else environment
    profile = _profile(options.get("profile") or known.get("PEXTRA_PROFILE"), known)
    listed = known.get("PEXTRA_ENDPOINTS") or known.get("PEXTRA_ENDPOINT") or ""
    stored = profile.get("endpoints") or []
    return Settings(
        list(options.get("endpoints") or [])
        or listed.replace(",", " ").split()
        or ([stored] if isinstance(stored, str) else [str(each) for each in stored]),
        (options.get("token") or known.get("PEXTRA_TOKEN", "") or profile.get("token") or "").strip() or None,
        options.get("tenant") or known.get("PEXTRA_TENANT") or profile.get("tenant") or None,
        options.get("ca") or known.get("PEXTRA_CA") or profile.get("ca") or None,
        float(options.get("api_timeout") or DEFAULT_API_TIMEOUT),
    )


def _profile(named: str | None, environment: Mapping[str, str]) -> dict[str, Any]:
    """The profile of that name, or the current one; empty when none is named and there is none."""
    path = profile_path(environment)
    if not os.path.exists(path):
        if named:
            raise SettingsError(f"there is no profile {named!r}: {path} is not there")
        return {}
    if yaml is None and not named:
        return {}  # a managed host need not have PyYAML where the options say everything
    document = _read(path)
    profiles = document.get("profiles")
    profiles = profiles if isinstance(profiles, dict) else {}
    found = profiles.get(named or str(document.get("current") or DEFAULT_PROFILE))
    if found is None and named:
        there = ", ".join(map(str, profiles)) or "none"
        raise SettingsError(f"there is no profile {named!r} in {path}; there are: {there}")
    return found if isinstance(found, dict) else {}


def profile_path(environment: Mapping[str, str]) -> str:
    """Where the `pextra` command keeps its profiles."""
    folder = environment.get("XDG_CONFIG_HOME") or os.path.join(environment.get("HOME") or "~", ".config")
    return os.path.join(os.path.expanduser(folder), "pextra", "config.yaml")


def _read(path: str) -> dict[str, Any]:
    if yaml is None:
        raise SettingsError(
            f"PyYAML is needed on this host to read profiles from {path}: install it, or give endpoints and token"
        )
    try:
        with open(path, encoding="utf-8") as file:
            document = yaml.safe_load(file)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not YAML: {error}") from error
    return document if isinstance(document, dict) else {}
