"""The content of simulated volumes: compared, and as bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pextra.drivers.interface import Extent
from pextra.drivers.interface.difference_stream import Written, Zeroed, damaged
from pextra.drivers.sim.records import BLOCK_BYTES, EXTENT_BYTES

Blocks = Mapping[int, str]


def differences(before: Blocks, after: Blocks, size_bytes: int, *, unit: int = BLOCK_BYTES) -> tuple[Extent, ...]:
    """Where two contents differ, in units of so many bytes."""
    found: dict[int, bool] = {}
    for block in sorted(before.keys() | after.keys()):
        if before.get(block) != after.get(block) and block * BLOCK_BYTES < size_bytes:
            index = block * BLOCK_BYTES // unit
            found[index] = found.get(index, False) or block in after
    joined: list[Extent] = []
    for index, exists in sorted(found.items()):
        offset, end = index * unit, min((index + 1) * unit, size_bytes)
        last = joined[-1] if joined else None
        if last is not None and last.exists == exists and last.offset + last.length == offset:
            joined[-1] = Extent(last.offset, end - last.offset, exists)
        else:
            joined.append(Extent(offset, end - offset, exists))
    return tuple(joined)


def object_differences(before: Blocks, after: Blocks, size_bytes: int) -> tuple[Extent, ...]:
    """Where two contents differ, in whole objects."""
    return differences(before, after, size_bytes, unit=EXTENT_BYTES)


def records(extents: Iterable[Extent], after: Blocks) -> Iterator[Written | Zeroed]:
    """What a stream says of the extents."""
    for extent in extents:
        if not extent.exists:
            yield Zeroed(extent.offset, extent.length)
            continue
        for offset in range(extent.offset, extent.offset + extent.length, BLOCK_BYTES):
            length = min(BLOCK_BYTES, extent.offset + extent.length - offset)
            yield Written(offset, as_bytes(after, offset // BLOCK_BYTES, length))


def as_bytes(blocks: Blocks, block: int, length: int) -> bytes:
    """The first bytes of a block."""
    return blocks.get(block, "").encode("latin-1").ljust(length, b"\0")[:length]


def applied(before: Blocks, changes: Iterable[Written | Zeroed]) -> dict[int, str]:
    """The content after the changes.

    Raises:
        Permanent: `StreamDamaged`: a change that does not begin with a block.
    """
    after = dict(before)
    for change in changes:
        if change.offset % BLOCK_BYTES:
            raise damaged("simulated volumes take whole blocks of 64 KiB alone")
        length = len(change.content) if isinstance(change, Written) else change.length
        for offset in range(0, length, BLOCK_BYTES):
            block = (change.offset + offset) // BLOCK_BYTES
            after.pop(block, None)
            if isinstance(change, Written):
                text = change.content[offset : offset + BLOCK_BYTES].rstrip(b"\0").decode("latin-1")
                if text:
                    after[block] = text
    return after
