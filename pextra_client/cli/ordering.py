"""The order in which objects are made, so that each finds what it refers to."""

from __future__ import annotations

import heapq
from collections.abc import Sequence, Set
from typing import cast

from pextra_client.cli.manifests import Manifest
from pextra_client.cli.text import at
from pextra_client.discovery import Catalog

Key = tuple[str, str, str]


def ordered(manifests: Sequence[Manifest], catalog: Catalog) -> list[Manifest]:
    """The manifests, each after those that it refers to; otherwise kind by kind, in their own order.

    Tenants come before their content, parents before children, and a tenant's quota right after it. Objects
    that refer to each other in a circle keep the order of their kinds.
    """
    rank = {kind.name: index for index, kind in enumerate(catalog.ordered())}
    position = {manifest.key: index for index, manifest in enumerate(manifests)}
    waits_for = {manifest.key: _needs(manifest, position.keys()) for manifest in manifests}
    wanted_by: dict[Key, list[Key]] = {key: [] for key in position}
    for key, needed in waits_for.items():
        for each in needed:
            wanted_by[each].append(key)

    def priority(key: Key) -> tuple[int, int, str, int, int]:
        kind, tenant, name = key
        path = name if kind == "tenant" else tenant
        if kind in {"tenant", "quota"}:
            return 0, path.count("."), path, rank[kind], position[key]
        return 1, 0, "", rank[kind], position[key]

    ready = [(priority(key), key) for key, needed in waits_for.items() if not needed]
    heapq.heapify(ready)
    order: list[Key] = []
    while ready:
        _, key = heapq.heappop(ready)
        order.append(key)
        for each in wanted_by[key]:
            waits_for[each].discard(key)
            if not waits_for[each]:
                heapq.heappush(ready, (priority(each), each))
    circular = sorted(set(position) - set(order), key=priority)
    return [manifests[position[key]] for key in (*order, *circular)]


def _needs(manifest: Manifest, known: Set[Key]) -> set[Key]:
    """What of the batch has to be there before this object."""
    needed: set[Key] = set()
    kind, tenant, name = manifest.key
    if tenant:
        needed.add(("tenant", "", tenant))
    if tenant and kind != "quota":
        needed.add(("quota", tenant, "default"))
    parent = (name if kind == "tenant" else tenant).rpartition(".")[0]
    if kind in {"tenant", "quota"} and parent:
        needed |= {("tenant", "", parent), ("quota", parent, "default")}
    for reference in manifest.kind.references:
        found = at(manifest.object, reference.path)
        for text in _texts(found):
            owner, _, target = text.rpartition("/")
            target_kind = reference.kind or manifest.object["spec"].get("kind")
            if isinstance(target_kind, str):
                needed |= {(target_kind, owner or tenant, target), (target_kind, "", target)}
    return (needed & known) - {manifest.key}


def _texts(found: object) -> list[str]:
    if isinstance(found, str):
        return [found]
    if isinstance(found, list):
        return [text for each in cast("list[object]", found) for text in _texts(each)]
    return []
