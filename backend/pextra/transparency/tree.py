"""The Merkle tree over a log's entries, with proofs that cost O(log n) reads.

Source: RFC 6962 section 2.1. Of the tree's inner nodes only every `STRIDE`th level is stored, and of those only nodes
whose subtree is complete: they never change. What lies between is hashed again when it is asked for, from at most
2^(STRIDE-1) stored ones; so a log of n entries stores n/15 nodes beside its leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

STRIDE: Final = 4

Reader = Callable[[int, int, int], Sequence[bytes]]
"""(level, first, count) → hashes of that many complete subtrees of 2^level leaves; level 0 are the leaves."""

EMPTY: Final = hashlib.sha256().digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _folded(hashes: Sequence[bytes]) -> bytes:
    """The root of a complete subtree whose leaves or inner nodes of one level these are."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


class Tree:
    """A tree of `size` leaves.

    Args:
        read: where its stored hashes come from.
    """

    def __init__(self, size: int, read: Reader) -> None:
        self.size = size
        self._read = read

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves, by default of all."""
        size = self.size if size is None else size
        return self._hash(0, size) if size else EMPTY

    def peaks(self) -> list[bytes]:
        """The roots of the complete subtrees that the tree falls into, the largest first: all that appending needs."""
        found: list[bytes] = []
        start = 0
        for level in reversed(range(self.size.bit_length())):
            if self.size >> level & 1:
                found.append(self._subtree(level, start >> level))
                start += 1 << level
        return found

    def inclusion(self, index: int) -> list[bytes]:
        """The audit path of the leaf at `index` (from 0), nearest sibling first.

        Raises:
            ValueError: there is no such leaf.
        """
        if not 0 <= index < self.size:
            raise ValueError(f"leaf {index} of {self.size}")
        return self._path(index, 0, self.size)

    def consistency(self, earlier: int) -> list[bytes]:
        """The proof that this tree continues the one of its first `earlier` leaves.

        Raises:
            ValueError: `earlier` is not between 1 and the size.
        """
        if not 0 < earlier <= self.size:
            raise ValueError(f"size {earlier} of {self.size}")
        return self._subproof(earlier, 0, self.size, whole=True)

    def _path(self, index: int, start: int, count: int) -> list[bytes]:
        if count == 1:
            return []
        left = _split(count)
        if index < left:
            return [*self._path(index, start, left), self._hash(start + left, count - left)]
        return [*self._path(index - left, start + left, count - left), self._hash(start, left)]

    def _subproof(self, earlier: int, start: int, count: int, *, whole: bool) -> list[bytes]:
        if earlier == count:
            return [] if whole else [self._hash(start, count)]
        left = _split(count)
        if earlier <= left:
            return [*self._subproof(earlier, start, left, whole=whole), self._hash(start + left, count - left)]
        rest = self._subproof(earlier - left, start + left, count - left, whole=False)
        return [*rest, self._hash(start, left)]

    def _hash(self, start: int, count: int) -> bytes:
        """The root over `count` leaves from `start` on, which is a multiple of the power of two below `count`."""
        if count & (count - 1) == 0:
            level = count.bit_length() - 1
            return self._subtree(level, start >> level)
        left = _split(count)
        return node_hash(self._hash(start, left), self._hash(start + left, count - left))

    def _subtree(self, level: int, position: int) -> bytes:
        above = level % STRIDE
        return _folded(self._read(level - above, position << above, 1 << above))


def completed(before: int, after: int, read: Reader) -> list[tuple[int, int, bytes]]:
    """The nodes to store when a tree grows from `before` to `after` leaves: (level, position, hash), lowest first.

    Args:
        read: must know the new leaves.
    """
    made: dict[tuple[int, int], bytes] = {}
    level = STRIDE
    while after >> level > before >> level:
        for position in range(before >> level, after >> level):
            first = position << STRIDE
            below = [made.get((level - STRIDE, i)) for i in range(first, first + (1 << STRIDE))]
            known = [b for b in below if b is not None]
            missing = len(below) - len(known)  # those that were stored before come first
            old = list(read(level - STRIDE, first, missing)) if missing else []
            made[level, position] = _folded([*old, *known])
        level += STRIDE
    return [(level, position, value) for (level, position), value in made.items()]


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1
