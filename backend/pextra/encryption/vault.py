"""A key-encryption key that never leaves Vault: its transit engine wraps and unwraps.

Needs the optional dependency `vault` (hvac). Source: Vault's documentation, secrets engine `transit`, HTTP API.
"""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import hvac
import requests
from hvac import exceptions as refusals

from pextra.encryption.failures import KeyLost, KeyUnavailable, Tampered
from pextra.encryption.wrapping import Wrapped

TIMEOUT_S: Final = 3
"""Shorter than a caller waits for the database, for a transaction may be open."""
_KEY_TYPE: Final = "aes256-gcm96"


@dataclass(frozen=True, slots=True)
class VaultAddress:
    """Where the key is, and with what we are known there.

    Attributes:
        url: Vault's own, `https://vault:8200`.
        mount: where the transit engine is mounted.
        key: the key's name.
        token: gives the token; asked again for each client, so that a renewed one is taken.
        authority: the file with the authority of Vault's certificate; None for the system's.
        namespace: of Vault Enterprise.
    """

    url: str
    mount: str
    key: str
    token: Callable[[], str] = field(repr=False)
    authority: Path | None = None
    namespace: str | None = None


def token_of_environment() -> str:
    """The token, from `VAULT_TOKEN`, or from the file that `VAULT_TOKEN_FILE` names: a Vault agent renews that.

    Raises:
        KeyUnavailable: there is none.
    """
    if token := os.environ.get("VAULT_TOKEN"):
        return token
    path = os.environ.get("VAULT_TOKEN_FILE")
    if path is None:
        raise KeyUnavailable("Vault wants a token: set VAULT_TOKEN, or VAULT_TOKEN_FILE to a file that holds it.")
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise KeyUnavailable(f"{path} (VAULT_TOKEN_FILE) cannot be read: {error.strerror}") from error


class VaultTransit:
    """See `KeyKeeper`. The token's policy needs `read` on the key and `update` on encrypt and decrypt of it.

    To rotate, `update` on `keys/NAME/rotate`; to forget old versions, on `keys/NAME/config`; to make the key, `create`.
    """

    def __init__(self, address: VaultAddress) -> None:
        self._address = address
        self._local = threading.local()

    def describe(self) -> str:
        """See `KeyKeeper.describe`."""
        return f"the key {self._address.mount}/{self._address.key} of Vault at {self._address.url}"

    def ensure(self) -> str:
        """See `KeyKeeper.ensure`."""
        try:
            return self.newest()
        except KeyLost:
            with self._asking() as transit:
                transit.create_key(self._address.key, key_type=_KEY_TYPE, mount_point=self._address.mount)
            return self.newest()

    def newest(self) -> str:
        """See `KeyKeeper.newest`."""
        return self.versions()[-1]

    def require(self, kek: str) -> None:
        """See `KeyKeeper.require`."""
        if kek not in (held := self.versions()):
            raise KeyLost(f"{self.describe()} does not have version {kek}; it has: {', '.join(held)}.")

    def wrap(self, kek: str, key: bytes, place: bytes) -> Wrapped:
        """See `KeyKeeper.wrap`."""
        with self._asking() as transit:
            answer = transit.encrypt_data(
                self._address.key,
                plaintext=_text(key),
                key_version=self._number(kek),
                associated_data=_text(place),
                mount_point=self._address.mount,
            )
        return Wrapped(kek, str(_data(answer)["ciphertext"]))

    def unwrap(self, wrapped: Wrapped, place: bytes) -> bytes:
        """See `KeyKeeper.unwrap`."""
        self._number(wrapped.kek)
        with self._asking(wrapped.kek) as transit:
            answer = transit.decrypt_data(
                self._address.key,
                ciphertext=wrapped.text,
                associated_data=_text(place),
                mount_point=self._address.mount,
            )
        return base64.b64decode(str(_data(answer)["plaintext"]))

    def rotate(self) -> str:
        """See `KeyKeeper.rotate`."""
        with self._asking() as transit:
            transit.rotate_key(self._address.key, mount_point=self._address.mount)
        return self.newest()

    def versions(self) -> list[str]:
        """See `KeyKeeper.versions`."""
        with self._asking() as transit:
            known = _data(transit.read_key(self._address.key, mount_point=self._address.mount))
        made = cast("Mapping[str, int]", known["keys"])
        usable = sorted(int(n) for n in made if int(n) >= int(known.get("min_decryption_version", 1)))
        return [f"{self._prefix}{n}:{made[str(n)]}" for n in usable]

    def forget(self, before: str) -> list[str]:
        """See `KeyKeeper.forget`. Vault archives what is older than its least version for decryption."""
        held = self.versions()
        if before not in held:
            raise KeyLost(f"{self.describe()} does not have version {before}; it has: {', '.join(held)}.")
        gone = held[: held.index(before)]
        if gone:
            with self._asking() as transit:
                transit.update_key_configuration(
                    self._address.key, min_decryption_version=self._number(before), mount_point=self._address.mount
                )
        return gone

    @property
    def _prefix(self) -> str:
        return f"vault:{self._address.mount}/{self._address.key}:"

    def _number(self, kek: str) -> int:
        """The number of a version of this key.

        Raises:
            KeyLost: it is a version of another key.
        """
        if not kek.startswith(self._prefix):
            raise KeyLost(f"{kek} is no version of {self.describe()}: name the key that was used before.")
        return int(kek.removeprefix(self._prefix).partition(":")[0])

    @contextmanager
    def _asking(self, kek: str = "") -> Generator[Any]:
        """The transit engine; what Vault or the network answers becomes one of our failures."""
        try:
            yield cast("Any", self._client()).secrets.transit
        except refusals.InvalidPath as error:
            raise KeyLost(f"There is no {self.describe()}.") from error
        except refusals.InvalidRequest as error:
            if "too old" in str(error):
                raise KeyLost(f"Vault does not let version {kek} decrypt any more (min_decryption_version).") from error
            message = f"{self.describe()} refused: what is stored was changed, moved, or is another key's"
            raise Tampered(message) from error
        except (refusals.Forbidden, refusals.Unauthorized) as error:
            self._local.client = None  # the token may have been renewed
            raise KeyUnavailable(f"{self.describe()} may not be used with our token: see docs/secrets.md.") from error
        except (refusals.VaultError, requests.RequestException) as error:
            raise KeyUnavailable(f"{self.describe()} does not answer ({type(error).__name__}).") from error

    def _client(self) -> hvac.Client:
        """A client of this thread's own: a session of `requests` is not made for several."""
        client: hvac.Client | None = getattr(self._local, "client", None)
        if client is None:
            where = self._address
            trust = str(where.authority) if where.authority is not None else True
            client = hvac.Client(
                url=where.url, token=where.token(), verify=trust, timeout=TIMEOUT_S, namespace=where.namespace
            )
            self._local.client = client
        return client


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _data(answer: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", answer["data"])
