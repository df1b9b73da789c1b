"""Taking secrets out of a spec before it is stored, and recognising those that stay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pextra.declaration.fields import set_at, values_at
from pextra.declaration.kind import Kind, Spec
from pextra.encryption.sealing import OVERHEAD
from pextra.errors import invalid
from pextra.services.cloud import Context
from pextra.store import secrets
from pextra.store.secrets import StoredSecret

MOST_BYTES: Final = 65_536
"""How long all secrets of one object may be together, in UTF-8."""


@dataclass(frozen=True, slots=True)
class Masked:
    """What is to be stored of an object's secrets."""

    written: dict[str, tuple[str, StoredSecret]] = field(repr=False)
    gone: tuple[str, ...]


def mask(ctx: Context, kind: Kind, spec: Spec, *, owner_uid: str, uid: str, fresh: bool, what: str) -> Masked:
    """Replace each secret in `spec` by its digest and version. A digest that was sent back stands for the stored value.

    Raises:
        PextraError: `spec.invalid` for a digest of nothing that is stored.
    """
    if not kind.secrets:
        return Masked({}, ())
    stored = {} if fresh else secrets.facts(ctx.tx, owner_uid, uid)
    digest_key = ""
    written: dict[str, tuple[str, StoredSecret]] = {}
    seen: set[str] = set()
    for facts in kind.secrets:
        for path, value, _ in list(values_at(spec, facts.path)):
            seen.add(path)
            held = stored.get(path)
            if isinstance(value, str):
                digest_key = digest_key or ctx.cloud.keys.digest_key(ctx.tx)
                digest = secrets.digest(digest_key, uid, path, value)
                if held is None or held.digest != digest:
                    held = StoredSecret(digest, (held.version if held else 0) + 1)
                    written[path] = (value, held)
            elif held is None or value["secret"]["digest"] != held.digest:
                message = "is a digest of no stored value: send the value itself"
                raise invalid([{"field": f"spec.{path}", "message": message}], what)
            set_at(spec, path, {"secret": {"digest": held.digest, "version": held.version}})
    masked = Masked(written, tuple(p for p in stored if p not in seen))
    if written:
        _check_size(ctx, masked, owner_uid, uid, fresh=fresh, what=what)
    return masked


def _check_size(ctx: Context, masked: Masked, owner_uid: str, uid: str, *, fresh: bool, what: str) -> None:
    held = {} if fresh else secrets.sizes(ctx.tx, owner_uid, uid)
    kept = sum(n - OVERHEAD for path, n in held.items() if path not in masked.written and path not in masked.gone)
    new = {path: len(value.encode()) for path, (value, _) in masked.written.items()}
    if kept + sum(new.values()) > MOST_BYTES:
        path = max(new, key=lambda p: new[p])
        message = (
            f"the secrets of one object have at most {MOST_BYTES} bytes together in UTF-8; "
            f"these have {kept + sum(new.values())}: make them shorter, or use another object for some"
        )
        raise invalid([{"field": f"spec.{path}", "message": message}], what)


def store(ctx: Context, masked: Masked, *, owner_uid: str, uid: str) -> None:
    """Store what `mask` found."""
    if masked.written:
        ctx.cloud.keys.put(ctx.tx, owner_uid, uid, masked.written)
    for path in masked.gone:
        secrets.remove(ctx.tx, owner_uid, uid, path)
