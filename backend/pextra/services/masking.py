"""Taking secrets out of a spec before it is stored, and recognising those that stay."""

from __future__ import annotations

from dataclasses import dataclass

from pextra.declaration.fields import set_at, values_at
from pextra.declaration.kind import Kind, Spec
from pextra.errors import invalid
from pextra.services.cloud import Context
from pextra.store import secrets
from pextra.store.secrets import StoredSecret


@dataclass(frozen=True, slots=True)
class Masked:
    """What is to be stored of an object's secrets."""

    written: dict[str, tuple[str, StoredSecret]]
    gone: tuple[str, ...]


def mask(ctx: Context, kind: Kind, spec: Spec, *, owner_uid: str, uid: str, fresh: bool, what: str) -> Masked:
    """Replace each secret in `spec` by its digest and version. A digest that was sent back stands for the stored value.

    Raises:
        PextraError: `spec.invalid` for a digest of nothing that is stored.
    """
    if not kind.secrets:
        return Masked({}, ())
    stored = {} if fresh else secrets.facts(ctx.tx, owner_uid, uid)
    written: dict[str, tuple[str, StoredSecret]] = {}
    seen: set[str] = set()
    for facts in kind.secrets:
        for path, value, _ in list(values_at(spec, facts.path)):
            seen.add(path)
            held = stored.get(path)
            if isinstance(value, str):
                digest = secrets.digest(ctx.cloud.site.digest_key, uid, path, value)
                if held is None or held.digest != digest:
                    held = StoredSecret(digest, (held.version if held else 0) + 1)
                    written[path] = (value, held)
            elif held is None or value["secret"]["digest"] != held.digest:
                message = "is a digest of no stored value: send the value itself"
                raise invalid([{"field": f"spec.{path}", "message": message}], what)
            set_at(spec, path, {"secret": {"digest": held.digest, "version": held.version}})
    return Masked(written, tuple(p for p in stored if p not in seen))


def store(ctx: Context, masked: Masked, *, owner_uid: str, uid: str) -> None:
    """Store what `mask` found."""
    for path, (value, facts) in masked.written.items():
        secrets.put(ctx.tx, owner_uid, uid, path, value, facts)
    for path in masked.gone:
        secrets.remove(ctx.tx, owner_uid, uid, path)
