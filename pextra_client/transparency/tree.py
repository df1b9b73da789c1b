"""Merkle proofs as their receiver checks them. Source: RFC 9162 sections 2.1.3.2 and 2.1.4.2."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf(entry: bytes) -> bytes:
    """The hash of an entry's canonical bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def included(hash_: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path proves that the leaf with this hash is at `index` (from 0) of the tree of that size and root."""
    if not 0 <= index < size:
        return False
    place, last, value = index, size - 1, hash_
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            value = _node(sibling, value)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            value = _node(value, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and value == root


def continues(earlier: int, earlier_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path proves that the tree of `size` begins with the very leaves of the earlier one."""
    if earlier == size:
        return not path and earlier_root == root
    if not 0 < earlier < size or not path:
        return False
    steps = list(path) if earlier & (earlier - 1) else [earlier_root, *path]
    place, last = earlier - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = _node(sibling, old), _node(sibling, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = _node(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old == earlier_root and new == root


class Peaks:
    """A tree that grows, of which only the roots of its complete subtrees are kept: O(log n) memory.

    Args:
        size: how many leaves it has.
        peaks: those roots, the largest subtree first.

    Raises:
        ValueError: there are too many peaks for that size, or too few.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks, not {len(peaks)}")
        self.size = size
        self._peaks = list(peaks)

    def append(self, hash_: bytes) -> None:
        """Add a leaf."""
        self._peaks.append(hash_)
        place = self.size
        while place & 1:
            right = self._peaks.pop()
            self._peaks[-1] = _node(self._peaks[-1], right)
            place >>= 1
        self.size += 1

    def root(self) -> bytes:
        """The root of all leaves."""
        if not self._peaks:
            return hashlib.sha256().digest()
        value = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            value = _node(peak, value)
        return value
