"""The tree is RFC 6962's: roots of known leaves, and proofs that an independent verifier takes or refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pextra.transparency.tree import STRIDE, Reader, Tree, completed, leaf_hash, node_hash
from pextra_client.transparency import tree as verifier

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The roots of the first one to eight leaves. Source: the reference vectors of Certificate Transparency."""


class Grown:
    """A tree that was grown in steps, with the nodes that growing left."""

    def __init__(self, steps: Sequence[int]) -> None:
        self.leaves: list[bytes] = []
        self.nodes: dict[tuple[int, int], bytes] = {}
        for step in steps:
            before = len(self.leaves)
            self.leaves += [leaf_hash(b"%d" % n) for n in range(before, before + step)]
            for level, position, value in completed(before, len(self.leaves), self.read):
                assert (level, position) not in self.nodes
                self.nodes[level, position] = value
        self.tree = Tree(len(self.leaves), self.read)

    @property
    def read(self) -> Reader:
        def read(level: int, first: int, count: int) -> Sequence[bytes]:
            if level == 0:
                return self.leaves[first : first + count]
            return [self.nodes[level, i] for i in range(first, first + count)]

        return read


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_the_reference_vectors(size: int) -> None:
    hashes = [leaf_hash(leaf) for leaf in LEAVES]

    def read(level: int, first: int, count: int) -> Sequence[bytes]:
        assert level == 0
        return hashes[first : first + count]

    assert Tree(size, read).root().hex() == ROOTS[size - 1]


@given(st.lists(st.integers(1, 90), min_size=1, max_size=8))
def test_however_a_tree_is_grown_its_roots_are_the_definitions(steps: list[int]) -> None:
    grown = Grown(steps)
    size = len(grown.leaves)
    for some in {1, size // 2 or 1, size - 1 or 1, size}:
        assert grown.tree.root(some) == naive_root(grown.leaves[:some])
    assert len(grown.nodes) <= size / (2**STRIDE - 1)


@given(st.lists(st.integers(1, 150), min_size=1, max_size=4), st.data())
def test_an_inclusion_proof_holds_for_its_leaf_and_for_no_other(steps: list[int], data: st.DataObject) -> None:
    grown = Grown(steps)
    size, root = len(grown.leaves), grown.tree.root()
    index = data.draw(st.integers(0, size - 1))
    path = grown.tree.inclusion(index)
    assert len(path) <= size.bit_length()
    assert verifier.included(grown.leaves[index], index, size, path, root)
    assert not verifier.included(leaf_hash(b"another"), index, size, path, root)
    assert not verifier.included(grown.leaves[index], index, size, path, leaf_hash(b"another"))
    if size > 1:
        other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index))
        assert not verifier.included(grown.leaves[index], other, size, path, root)
        assert not verifier.included(grown.leaves[index], index, size, path[:-1], root)


@given(st.lists(st.integers(1, 150), min_size=1, max_size=4), st.data())
def test_a_consistency_proof_holds_for_the_earlier_tree_and_for_no_other(steps: list[int], data: st.DataObject) -> None:
    grown = Grown(steps)
    size = len(grown.leaves)
    earlier = data.draw(st.integers(1, size))
    path = grown.tree.consistency(earlier)
    before, now = grown.tree.root(earlier), grown.tree.root()
    assert verifier.continues(earlier, before, size, now, path)
    assert not verifier.continues(earlier, leaf_hash(b"x"), size, now, path)
    if earlier < size:
        assert not verifier.continues(earlier, before, size, leaf_hash(b"x"), path)
        assert not verifier.continues(earlier, before, size, now, path[:-1])


@given(st.lists(st.integers(1, 150), min_size=1, max_size=4), st.integers(0, 100))
def test_a_tree_is_grown_from_its_peaks_alone(steps: list[int], more: int) -> None:
    grown = Grown(steps)
    peaks = verifier.Peaks(len(grown.leaves), grown.tree.peaks())
    further = Grown([*steps, more])
    for leaf in further.leaves[len(grown.leaves) :]:
        peaks.append(leaf)
    assert peaks.root() == further.tree.root()
