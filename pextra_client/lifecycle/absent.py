"""What a program names, and nobody has made or is about to make."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pextra_client.discovery import Catalog, Kind, Reference, Scope
from pextra_client.lifecycle.desired import Desired

Identity = tuple[str, str | None, str]
"""Kind, tenant (None: cloud-wide) and name."""

_INDEX = re.compile(r"\[\d+\]")
_STEP = re.compile(r"[^.\[\]]+")


def identity(kind: Kind, tenant: str | None, name: str) -> Identity:
    """What tells an object of a kind from all others."""
    return kind.name, None if kind.scope is Scope.CLOUD else tenant, name


def named(desired: Desired, tenant: str | None, paths: Sequence[str]) -> Iterator[tuple[str, Identity]]:
    """What is named by fields of an object.

    Args:
        desired: the object.
        tenant: whose it is.
        paths: of the fields, such as `spec.networks[0].network`; one that names no other object is left out.

    Yields:
        The field, and what it names.
    """
    kinds = Catalog.bundled()
    for path in paths:
        if path == "metadata.tenant" and tenant is not None:
            yield path, identity(kinds.find("tenant"), None, tenant)
            continue
        reference = next((each for each in desired.kind.references if each.path == _INDEX.sub("[]", path)), None)
        if reference is None:
            continue
        target, text = _target(reference, desired.spec, path)
        if target is None:
            continue
        above, slash, name = text.rpartition("/")
        yield path, identity(kinds.find(target), above if slash else tenant, name)


def _target(reference: Reference, spec: Mapping[str, Any], path: str) -> tuple[str | None, str]:
    """The kind and the text of what a field names."""
    holder: Any = {"spec": spec}
    *steps, last = [int(step) if step.isdecimal() else step for step in _STEP.findall(path)]
    for step in steps:
        holder = holder[step]
    if isinstance(last, int):
        return reference.kind, str(holder[last])
    return reference.kind or holder.get("kind"), str(holder[last])
