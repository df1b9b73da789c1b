"""The keys of one site as a process holds them: seals what is secret before it is stored, and opens it for loops.

Each tenant has a data key of its own, and so has the site for what is nobody's. Data keys lie in the database, wrapped
by a key-encryption key that does not (`encryption.wrapping`). See backend/adr/0015-envelope-encryption.md.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Final

from pextra.encryption import sealing
from pextra.encryption.failures import KeyLost, KeyUnavailable, Tampered
from pextra.encryption.wrapping import KeyKeeper, Wrapped
from pextra.errors import PextraError
from pextra.store import data_keys, secrets, site
from pextra.store.data_keys import DataKey
from pextra.store.database import Tx
from pextra.store.secrets import Sealed, StoredSecret

REMEMBERED: Final = 4096
"""So many data keys are held in memory, each 32 bytes: opening one may cost a call to Vault."""
_FIRST: Final = 1
_DIGEST_KEY: Final = "digest_key"


class Keyring:
    """Seals and opens. Safe to use from several threads.

    What it remembers is a function of what the database holds, so that a transaction that is rolled back, or runs
    twice, leaves nothing wrong behind.

    Args:
        keeper: keeps the key-encryption key.
        site_uid: the site's; what is sealed at one site opens at no other.
    """

    def __init__(self, keeper: KeyKeeper, site_uid: str) -> None:
        self.keeper = keeper
        self._site_uid = site_uid
        self._opened: OrderedDict[DataKey, bytes] = OrderedDict()
        self._site_values: dict[Sealed, bytes] = {}
        self._lock = threading.Lock()

    def adopt(self, tx: Tx) -> None:
        """Make sure, at the start, that this is the key of this site; the first one becomes it.

        Raises:
            PextraError: `keys.lost` when it is not, `keys.unavailable`.
        """
        with told(), _naming_the_loss(tx):
            kek = site.kek(tx)
            if kek is None:
                site.keep_kek(tx, self.keeper.newest())
            else:
                self.keeper.require(kek)
        self.digest_key(tx)  # what every write of a secret needs is made, or shown to open

    def digest_key(self, tx: Tx) -> str:
        """The key of `store.secrets.digest`."""
        return self.site_value(tx, _DIGEST_KEY, lambda: sealing.new_key().hex().encode()).decode()

    def site_value(self, tx: Tx, name: str, make: Callable[[], bytes]) -> bytes:
        """What the site keeps sealed under this name, made when it is not there.

        Raises:
            PextraError: `keys.lost`, `keys.unavailable`, `keys.damaged`.
        """
        kept = site.sealed(tx, name)
        if kept is None:
            value = site.clear(tx).get(name, "").encode() or make()
            self.keep_site_value(tx, name, value)
            return value
        with self._lock:
            known = self._site_values.get(kept)
        if known is None:
            known = self._open(data_keys.of_tenant(tx, self._site_uid), kept, self._site_place(name))
            with self._lock:
                self._site_values[kept] = known
        return known

    def keep_site_value(self, tx: Tx, name: str, value: bytes) -> None:
        """Keep something sealed for the site itself."""
        version, key = self._sealing_key(tx, self._site_uid)
        site.keep_sealed(tx, name, Sealed(sealing.seal(key, value, self._site_place(name)), version))

    def put(self, tx: Tx, tenant_uid: str, uid: str, values: Mapping[str, tuple[str, StoredSecret]]) -> None:
        """Store secrets of an object, by path, sealed.

        Raises:
            PextraError: `keys.lost`, `keys.unavailable`, `keys.damaged`.
        """
        version, key = self._sealing_key(tx, tenant_uid)
        for path, (value, facts) in values.items():
            content = sealing.seal(key, value.encode(), self._place(tenant_uid, uid, path, facts.version))
            secrets.put(tx, tenant_uid, uid, path, Sealed(content, version), facts)

    def reveal(self, tx: Tx, tenant_uid: str, uid: str) -> dict[str, str]:
        """An object's secrets by path, for the loop or agent that hands them to a guest.

        Raises:
            PextraError: `keys.lost`, `keys.unavailable`, `keys.damaged`.
        """
        sealed = secrets.sealed(tx, tenant_uid, uid)
        keys = data_keys.of_tenant(tx, tenant_uid) if sealed else {}
        return {
            path: self._open(keys, value, self._place(tenant_uid, uid, path, version)).decode()
            for path, (value, version) in sealed.items()
        }

    def rewrapped(self, key: DataKey, kek: str) -> str:
        """A data key wrapped with another version of the key-encryption key."""
        with told():
            place = self._key_place(key.tenant_uid, key.version)
            return self.keeper.wrap(kek, self._key(key), place).text

    def _place(self, tenant_uid: str, uid: str, path: str, version: int) -> bytes:
        return sealing.place_of("secret", self._site_uid, tenant_uid, uid, path, str(version))

    def _site_place(self, name: str) -> bytes:
        return sealing.place_of("site", self._site_uid, name)

    def _key_place(self, tenant_uid: str, version: int) -> bytes:
        return sealing.place_of("data key", self._site_uid, tenant_uid, str(version))

    def _sealing_key(self, tx: Tx, tenant_uid: str) -> tuple[int, bytes]:
        """The version of the tenant's data key, and the key."""
        with told():
            key = data_keys.newest(tx, tenant_uid) or self._new(tx, tenant_uid)
            return key.version, self._key(key)

    def _open(self, keys: Mapping[int, DataKey], sealed: Sealed, place: bytes) -> bytes:
        with told():
            key = keys.get(sealed.key_version)
            if key is None:
                raise Tampered(f"its data key, version {sealed.key_version}, is not there")
            return sealing.unseal(self._key(key), sealed.content, place)

    def _new(self, tx: Tx, tenant_uid: str) -> DataKey:
        """A tenant's first data key, under the version that the site is at: what rotates reads and writes that too."""
        kek = site.kek(tx)
        if kek is None:
            raise KeyLost("The site has no key-encryption key yet: start it once with one.")
        wrapped = self.keeper.wrap(kek, sealing.new_key(), self._key_place(tenant_uid, _FIRST))
        return data_keys.add(tx, DataKey(tenant_uid, _FIRST, wrapped.kek, wrapped.text))

    def _key(self, key: DataKey) -> bytes:
        with self._lock:
            if key in self._opened:
                self._opened.move_to_end(key)
                return self._opened[key]
        opened = self.keeper.unwrap(Wrapped(key.kek, key.wrapped), self._key_place(key.tenant_uid, key.version))
        if len(opened) != sealing.KEY_BYTES:
            raise Tampered(f"a data key has {len(opened)} bytes")
        with self._lock:
            self._opened[key] = opened
            if len(self._opened) > REMEMBERED:
                self._opened.popitem(last=False)
        return opened


@contextmanager
def told() -> Generator[None]:
    """What goes wrong with keys, as an error of the product."""
    try:
        yield
    except KeyLost as error:
        raise PextraError("keys.lost", str(error)) from error
    except KeyUnavailable as error:
        raise PextraError("keys.unavailable", str(error), retry_after_s=5) from error
    except Tampered as error:
        message = f"A sealed value or key in the database does not open: {error}. Restore the row from a backup."
        raise PextraError("keys.damaged", message) from error


@contextmanager
def _naming_the_loss(tx: Tx) -> Generator[None]:
    """A lost key-encryption key is a disaster: whoever reads of it is told how large it is, and what helps."""
    try:
        yield
    except KeyLost as error:
        values, keys = secrets.count(tx), sum(data_keys.count(tx).values())
        raise KeyLost(
            f"{error} Without it {values} secrets under {keys} data keys, the key of the hosts' certificate authority "
            "and the key of the digests cannot be read; everything else can. What to do when there is no copy "
            "anywhere: docs/secrets.md."
        ) from error
