"""Facts of this site that are made once, at its first start, and what it keeps sealed for itself."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select

from pextra.store.database import Tx
from pextra.store.secrets import Sealed
from pextra.store.tables import site as table

_AUTHORITY: Final = "agent_authority"
_KEK: Final = "kek"
_LOGIN_SALT: Final = "login_salt"
_NOTHING_CLEAR: Final = "nothing_clear"
CLEAR: Final = ("digest_key", "agent_authority_key")
"""What lay here in the clear before there were keys; the names are those of the sealed values, too."""


@dataclass(frozen=True, slots=True)
class Site:
    """Who this site is.

    Attributes:
        uid: the site; cloud-wide objects are stored under it.
        system_uid: the cloud's own tenant.
    """

    uid: str
    system_uid: str


def load(tx: Tx) -> Site | None:
    """The site, or None before its first start."""
    values = _values(tx, "uid", "system_uid")
    return Site(values["uid"], values["system_uid"]) if values else None


def create(tx: Tx) -> Site:
    """Make the site's facts."""
    made = Site(tx.new_uid(), tx.new_uid())
    tx.insert(table, [{"key": "uid", "value": made.uid}, {"key": "system_uid", "value": made.system_uid}])
    return made


def authority(tx: Tx) -> str | None:
    """Certificate of the authority of host agents, PEM; None before there is one."""
    return _values(tx, _AUTHORITY).get(_AUTHORITY)


def keep_authority(tx: Tx, certificate_pem: str) -> None:
    """Store the authority's certificate, for good."""
    _put(tx, _AUTHORITY, certificate_pem)


def login_salt(tx: Tx) -> str | None:
    """What makes it unforeseeable who shares a count of login attempts with whom; None before there is one."""
    return _values(tx, _LOGIN_SALT).get(_LOGIN_SALT)


def keep_login_salt(tx: Tx, salt: str) -> None:
    """Store the salt, for good."""
    _put(tx, _LOGIN_SALT, salt)


def kek(tx: Tx) -> str | None:
    """The version of the key-encryption key that data keys are wrapped with now; None before there is one."""
    return _values(tx, _KEK).get(_KEK)


def keep_kek(tx: Tx, version: str) -> None:
    """From now on data keys are wrapped with this version."""
    _put(tx, _KEK, version)


def sealed(tx: Tx, name: str) -> Sealed | None:
    """What the site keeps sealed under this name."""
    text = _values(tx, f"sealed_{name}").get(f"sealed_{name}")
    if text is None:
        return None
    version, _, content = text.partition(":")
    return Sealed(base64.b64decode(content), int(version))


def keep_sealed(tx: Tx, name: str, value: Sealed) -> None:
    """Keep it; what lay under the name in the clear goes."""
    _put(tx, f"sealed_{name}", f"{value.key_version}:{base64.b64encode(value.content).decode()}")
    tx.conn.execute(delete(table).where(table.c.key == name))


def clear(tx: Tx) -> dict[str, str]:
    """What lies here in the clear and should not."""
    return _values(tx, *CLEAR)


def holds_nothing_clear(tx: Tx) -> bool:
    """Whether everything that was stored before there were keys is sealed, and its traces overwritten."""
    return bool(_values(tx, _NOTHING_CLEAR))


def keep_nothing_clear(tx: Tx) -> None:
    """Note that it is."""
    _put(tx, _NOTHING_CLEAR, "1")


def _values(tx: Tx, *keys: str) -> dict[str, str]:
    rows: Sequence[tuple[str, str]] = [
        (r[0], r[1]) for r in tx.conn.execute(select(table.c.key, table.c.value).where(table.c.key.in_(keys)))
    ]
    return dict(rows)


def _put(tx: Tx, key: str, value: str) -> None:
    tx.upsert(table, [{"key": key, "value": value}], update={"value": value})
