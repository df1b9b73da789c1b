"""What a volume consists of, in one small file that is replaced as a whole.

Every change of a volume makes new files first and then replaces the manifest: that is the moment in which it happens.
Files that no manifest names are litter of something that was interrupted. A change of several volumes happens when
one file with all their new manifests gets its name; it counts for each of them until it has been carried over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pextra.drivers.file.durable import remove_file, write_file
from pextra.drivers.file.pool import VolumePlace
from pextra.drivers.interface import Permanent

_NAME: Final = "volume.json"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class KeptSnapshot:
    """A snapshot, and the layer that it is."""

    uid: str
    id: int
    layer: str
    taken_s: float


@dataclass(frozen=True, slots=True)
class Pending:
    """An overlay that a running guest may or may not write to by now."""

    snapshot_uid: str
    overlay: str
    taken_s: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a volume consists of.

    Attributes:
        head: the layer that guests write.
        layers: each layer's name, and that of the one beneath it.
        snapshots: oldest first.
        next_id, next_layer: numbers that were never used.
        revision: grows with every change.
        acts: the last rollbacks.
    """

    head: str
    layers: Mapping[str, str | None]
    snapshots: tuple[KeptSnapshot, ...] = ()
    next_id: int = 1
    next_layer: int = 1
    revision: int = 0
    pending: Pending | None = None
    lock_owner: str = ""
    acts: tuple[str, ...] = ()

    def chain(self, layer: str | None) -> tuple[str, ...]:
        """The layer and all beneath it, from the top down."""
        found: list[str] = []
        while layer is not None:
            found.append(layer)
            layer = self.layers[layer]
        return tuple(found)

    def snapshot(self, uid: str) -> KeptSnapshot | None:
        """The snapshot, or None."""
        return next((s for s in self.snapshots if s.uid == uid), None)

    def roots(self) -> set[str]:
        """The layers that something is read from by itself."""
        found = {self.head, *(s.layer for s in self.snapshots)}
        return found | {self.pending.overlay} if self.pending else found

    def trimmed(self) -> Manifest:
        """Without the layers that nothing is read through."""
        kept = {name for root in self.roots() for name in self.chain(root)}
        return replace(self, layers={name: below for name, below in self.layers.items() if name in kept})


@dataclass(frozen=True, slots=True)
class _Group:
    path: Path
    members: Mapping[str, Manifest] = field(default_factory=dict[str, Manifest])


def read(place: VolumePlace) -> Manifest | None:
    """The volume's manifest, or None when there is no volume."""
    known = _read_file(place.dir / _NAME)
    if known is None:
        return None
    for group in _groups(place.tenant_dir):
        decided = group.members.get(place.uid)
        if decided is not None and decided.revision > known.revision:
            known = decided
    return known


def read_in(directory: Path) -> Manifest | None:
    """The manifest in a volume's directory, wherever that is."""
    return _read_file(directory / _NAME)


def write(directory: Path, manifest: Manifest) -> Manifest:
    """Replace the manifest in a volume's directory; the answer is the new one, with the next revision."""
    new = replace(manifest.trimmed(), revision=manifest.revision + 1)
    write_file(directory / _NAME, _encode(new))
    return new


def write_group(tenant_dir: Path, name: str, changed: Mapping[str, Manifest]) -> None:
    """Replace the manifests of several volumes of a tenant, which are held: all of them or none."""
    new = {uid: replace(m.trimmed(), revision=m.revision + 1) for uid, m in changed.items()}
    path = tenant_dir / f".{name}.group"
    write_file(path, json.dumps({uid: asdict(m) for uid, m in new.items()}).encode())
    for uid in new:
        _carry_over(new, tenant_dir, uid)
    remove_file(path)


def settle(place: VolumePlace) -> None:
    """Carry over what was decided for the volume, which is held, and has not been carried over."""
    for group in _groups(place.tenant_dir):
        if place.uid in group.members:
            _carry_over(group.members, place.tenant_dir, place.uid)
            if not any(_is_behind(group.members, place.tenant_dir, uid) for uid in group.members):
                remove_file(group.path)


def _carry_over(members: Mapping[str, Manifest], tenant_dir: Path, uid: str) -> None:
    if _is_behind(members, tenant_dir, uid):
        write_file(tenant_dir / uid / _NAME, _encode(members[uid]))


def _is_behind(members: Mapping[str, Manifest], tenant_dir: Path, uid: str) -> bool:
    present = _read_file(tenant_dir / uid / _NAME)
    return present is not None and present.revision < members[uid].revision


def _groups(tenant_dir: Path) -> Iterator[_Group]:
    for path in sorted(tenant_dir.glob(".*.group")):
        with suppress(FileNotFoundError):
            told: dict[str, Any] = json.loads(path.read_bytes())
            yield _Group(path, {uid: _decode(fields) for uid, fields in told.items()})


def _encode(manifest: Manifest) -> bytes:
    return json.dumps({"version": _VERSION, **asdict(manifest)}).encode()


def _read_file(path: Path) -> Manifest | None:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        told: dict[str, Any] = json.loads(content)
        version = told.pop("version")
        if version != _VERSION:
            raise Permanent("PoolBroken", f"{path} has version {version}: only {_VERSION} is known here")
        return _decode(told)
    except (ValueError, TypeError, KeyError) as error:
        raise Permanent("PoolBroken", f"{path} cannot be read: {error}") from error


def _decode(fields: dict[str, Any]) -> Manifest:
    told = dict(fields)
    told["snapshots"] = tuple(KeptSnapshot(**s) for s in fields["snapshots"])
    told["pending"] = Pending(**fields["pending"]) if fields["pending"] else None
    told["acts"] = tuple(fields["acts"])
    return Manifest(**told)
