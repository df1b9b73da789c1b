"""Where the content of layers differs: read from what each layer holds of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pextra.drivers.file.layers import paths, size_of
from pextra.drivers.file.manifest import Manifest
from pextra.drivers.file.pool import Pool
from pextra.drivers.file.qemu import argument, chain, described, qemu_img
from pextra.drivers.interface import Extent

OBJECT_BYTES: Final = 4 << 20
_LONG_S: Final = 3600


@dataclass(frozen=True, slots=True)
class _Mapped:
    """A range, and the layer that it comes from, counted from the top; None when no layer has it."""

    offset: int
    end: int
    depth: int | None
    exists: bool


def between(pool: Pool, directory: Path, manifest: Manifest, since: str | None, until: str) -> tuple[Extent, ...]:
    """Where layer `until` differs from layer `since` (None: the empty disk), in units of what QEMU allocates."""
    upper = manifest.chain(until)
    now = _mapped(pool, directory, upper)
    if since is None:
        return _joined(Extent(m.offset, m.end - m.offset, exists=True) for m in now if m.exists)
    lower = manifest.chain(since)
    shared = next((name for name in upper if name in lower), None)
    touched = _above(now, upper, shared)
    if shared != since:
        touched = sorted([*touched, *_above(_mapped(pool, directory, lower), lower, shared)])
    return _joined(_described(touched, now, size_of(directory / until)))


def whole_objects(extents: Iterable[Extent], size_bytes: int) -> tuple[Extent, ...]:
    """The objects that the extents touch; one exists when any part of it does."""
    found: dict[int, bool] = {}
    for extent in extents:
        last = (extent.offset + extent.length - 1) // OBJECT_BYTES
        for index in range(extent.offset // OBJECT_BYTES, last + 1):
            found[index] = found.get(index, False) or extent.exists
    return _joined(
        Extent(index * OBJECT_BYTES, min(OBJECT_BYTES, size_bytes - index * OBJECT_BYTES), exists)
        for index, exists in sorted(found.items())
    )


def _mapped(pool: Pool, directory: Path, layers: tuple[str, ...]) -> list[_Mapped]:
    opened = argument(chain(paths(directory, layers)))
    told: list[dict[str, Any]] = described(
        qemu_img("map", "--output=json", opened, account=pool.account, timeout_s=_LONG_S, cpu_s=_LONG_S)
    )
    return [
        _Mapped(m["start"], m["start"] + m["length"], m["depth"] if m["present"] else None, bool(m["data"]))
        for m in told
    ]


def _above(mapped: list[_Mapped], layers: tuple[str, ...], shared: str | None) -> list[tuple[int, int]]:
    """The ranges that come from above the layer that both have."""
    depth = layers.index(shared) if shared is not None else len(layers)
    return [(m.offset, m.end) for m in mapped if m.depth is not None and m.depth < depth]


def _described(touched: list[tuple[int, int]], now: list[_Mapped], size_bytes: int) -> Iterator[Extent]:
    """The ranges, cut where they begin or cease to exist, none of them twice."""
    done = 0
    position = 0
    for start, end in touched:
        at = max(start, done)
        while at < min(end, size_bytes):
            while position < len(now) and now[position].end <= at:
                position += 1
            if position == len(now):
                break
            upto = min(end, size_bytes, now[position].end)
            yield Extent(at, upto - at, now[position].exists)
            at = upto
        done = max(done, end)


def _joined(extents: Iterable[Extent]) -> tuple[Extent, ...]:
    found: list[Extent] = []
    for extent in extents:
        last = found[-1] if found else None
        if last is not None and last.exists == extent.exists and last.offset + last.length == extent.offset:
            found[-1] = Extent(last.offset, last.length + extent.length, last.exists)
        else:
            found.append(extent)
    return tuple(found)
