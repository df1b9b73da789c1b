"""From a setting to what keeps the key: `file:/path`, or `vault:https://vault:8200/transit/pextra`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pextra.encryption.failures import KeyUnavailable
from pextra.encryption.key_file import KeyFile
from pextra.encryption.wrapping import KeyKeeper

_FORMS: Final = "file:/path/of/the/key-file or vault:https://vault:8200/MOUNT/KEY"


def keeper_of(source: str) -> KeyKeeper:
    """What keeps the key that the setting names.

    Raises:
        KeyUnavailable: the setting cannot be used; the message says why.
    """
    scheme, _, rest = source.partition(":")
    if scheme == "file" and rest.startswith("/"):
        return KeyFile(Path(rest))
    if scheme == "vault":
        return _vault(source, rest)
    raise KeyUnavailable(f"A source of keys is {_FORMS}, not {source[:200]!r}.")


def _vault(source: str, url: str) -> KeyKeeper:
    parts = urlsplit(url)
    mount, _, key = parts.path.strip("/").rpartition("/")
    if parts.scheme not in ("http", "https") or not parts.hostname or not mount or not key or parts.username:
        raise KeyUnavailable(f"A source of keys is {_FORMS}, not {source[:200]!r}.")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise KeyUnavailable(f"{url}: data keys would go over the network in the clear: use https.")
    try:
        from pextra.encryption.vault import VaultAddress, VaultTransit, token_of_environment  # noqa: PLC0415 - optional
    except ImportError as error:
        raise KeyUnavailable("Keys in Vault need hvac: install pextra with its extra `vault`.") from error
    authority = os.environ.get("VAULT_CACERT")
    address = VaultAddress(
        url=f"{parts.scheme}://{parts.netloc}",
        mount=mount,
        key=key,
        token=token_of_environment,
        authority=Path(authority) if authority else None,
        namespace=os.environ.get("VAULT_NAMESPACE"),
    )
    return VaultTransit(address)
