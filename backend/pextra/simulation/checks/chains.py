"""Audit chains are whole in every state that is committed, and tell of every generation of every object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pextra.simulation.checks.view import View, named
from pextra_client.transparency import tree
from pextra_client.transparency.canonical import canonical


class ChainsAreWhole:
    """A check that remembers what it has seen. It computes everything anew, with the client's verifier."""

    def __init__(self) -> None:
        self._trees: dict[str, tree.Peaks] = {}
        self._met: set[str] = set()
        self._told: set[tuple[str, int]] = set()

    def __call__(self, view: View) -> Iterator[str]:
        """See `Check`."""
        heads = {(h.tenant_uid, h.size): h for h in view.ground.heads}
        for sealed in view.ground.sealed:
            peaks = self._trees.setdefault(sealed.tenant_uid, tree.Peaks())
            body: dict[str, Any] = json.loads(sealed.body)
            if sealed.sequence != peaks.size + 1 or body["sequence"] != sealed.sequence:
                yield f"audit entry {sealed.uid} has sequence {sealed.sequence} and follows {peaks.size}"
            if sealed.uid in self._met:
                yield f"audit entry {sealed.uid} is sealed twice"
            if canonical(body).decode() != sealed.body:
                yield f"audit entry {sealed.uid} is not canonical"
            self._met.add(sealed.uid)
            peaks.append(tree.leaf(sealed.body.encode()))
            self._tell(body)
            head = heads.pop((sealed.tenant_uid, sealed.sequence), None)
            if head is not None and (head.root, head.chain_hash) != (peaks.root().hex(), sealed.chain_hash):
                yield f"{head} stands for other entries than those that are sealed"
        for head in heads.values():
            yield f"{head} was signed without its entries"
        for uid, text in view.ground.unsealed:
            if uid in self._met:
                yield f"audit entry {uid} is sealed, and waits to be"
            self._tell(json.loads(text))
        yield from self._objects(view)

    def _tell(self, body: dict[str, Any]) -> None:
        about = body.get("object", {})
        if body["outcome"] == "succeeded" and "generation" in about:
            self._told.add((about["uid"], about["generation"]))

    def _objects(self, view: View) -> Iterator[str]:
        """An operation's own row is told of by the act that made it."""
        for record in view.ground.objects.values():
            if record.kind != "operation" and (record.uid, record.generation) not in self._told:
                yield f"{named(record)} is at generation {record.generation}, which no audit entry tells of"
