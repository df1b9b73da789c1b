"""The names of everything that can be allowed or denied, and the patterns that stand for several of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from pextra.declaration.kind import Area, Kind
from pextra.declaration.registry import Registry

READ: Final = "read"
AUDIT_READ: Final = "audit.read"
GPU_USAGE_READ: Final = "gpu_usage.read"
FURTHER: Final[Mapping[str, str]] = {
    AUDIT_READ: "Read the tenant's audit log.",
    GPU_USAGE_READ: "Read how long the tenant's instances had which GPUs.",
}
"""Actions on what is no object of a kind: name to description."""


def names(registry: Registry) -> dict[str, Kind | None]:
    """Every action, with the kind on whose objects it is."""
    found: dict[str, Kind | None] = {f"{kind.name}.{verb}": kind for kind in registry for verb in kind.verbs}
    return found | dict.fromkeys(FURTHER)


def matching(registry: Registry, patterns: Iterable[str]) -> frozenset[str]:
    """The actions that the patterns stand for."""
    return _matching(registry, tuple(sorted(set(patterns))))


@lru_cache(maxsize=4096)
def _matching(registry: Registry, patterns: tuple[str, ...]) -> frozenset[str]:
    known = names(registry)
    found: set[str] = set()
    for pattern in patterns:
        if pattern == "*":
            return frozenset(known)
        prefix, _, verb = pattern.partition(".")
        found |= {
            name for name in known if _is(prefix, name.partition(".")[0]) and _is(verb, name.partition(".")[2])
        }  # fmt: skip
    return frozenset(found)


def _is(wanted: str, given: str) -> bool:
    return wanted in ("*", given)


def verbs_in(registry: Registry, areas: Iterable[Area], verbs: Iterable[str] | None = None) -> frozenset[str]:
    """The actions on kinds of those areas; all of them, or those with the given verbs."""
    inside, wanted = set(areas), None if verbs is None else set(verbs)
    return frozenset(
        f"{kind.name}.{verb}"
        for kind in registry
        if kind.area in inside
        for verb in kind.verbs
        if wanted is None or verb in wanted
    )
