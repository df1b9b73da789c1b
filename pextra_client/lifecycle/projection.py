"""An object as its program wrote it, out of the object as the server reads it.

The server fills in defaults and hides secrets. A program that compares what it reads with what it wrote must see
neither: only what somebody changed since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pextra_client.discovery import Kind
from pextra_client.schema import Node


def as_written(
    kind: Kind,
    spec: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    digests: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The desired state as the program would write it.

    What the program wrote has the value that the server has now; what it left to its default is left out for as long
    as it has its default. A secret has the value that was written for as long as its digest is the one that was read
    then, else a text that says that somebody changed it. Writing the answer back changes nothing but such secrets.

    Args:
        kind: of the object.
        spec: as the server reads it.
        before: as the program wrote it last; None for an object that it did not write: then every value that is not
            the default's is told, and secrets are left out.
        digests: of the secrets, as `secret_digests` told them after that.
    """
    return _written(Node.of(kind.spec_schema), "", spec, before, digests or {})


def secret_digests(spec: Mapping[str, Any]) -> dict[str, str]:
    """For each secret in a spec as the server reads it, by dotted path: its digest, which changes with its value."""
    return dict(_digests("", spec))


def is_secret_state(value: object) -> bool:
    """Whether a value is what a secret reads as."""
    match value:
        case {"secret": {"digest": str(), "version": int()}}:
            return len(cast("Mapping[str, Any]", value)) == 1
        case _:
            return False


def _digests(path: str, value: object) -> Iterator[tuple[str, str]]:
    if is_secret_state(value):
        yield path, cast("Mapping[str, Any]", value)["secret"]["digest"]
    elif isinstance(value, Mapping):
        for name, each in cast("Mapping[str, Any]", value).items():
            yield from _digests(f"{path}.{name}" if path else name, each)
    elif isinstance(value, list):
        for place, each in enumerate(cast("list[Any]", value)):
            yield from _digests(f"{path}[{place}]", each)


def _written(
    node: Node, path: str, read: Mapping[str, Any], before: Mapping[str, Any] | None, digests: Mapping[str, str]
) -> dict[str, Any]:
    fields = {each.name: each for each in node.fields()}
    written: dict[str, Any] = {}
    for name, value in read.items():
        here = f"{path}.{name}" if path else name
        wrote = before is not None and before.get(name) is not None
        declared = fields.get(name)
        if not wrote and declared is not None and not declared.required and value == declared.default:
            continue
        if before is None and is_secret_state(value):
            continue
        inner = (node.values if declared is None else declared.node) or Node.of({})
        was = before[name] if wrote and before is not None else None
        written[name] = _value(inner.simplified(), here, value, was, digests)
    return written


def _value(node: Node, path: str, value: Any, was: Any, digests: Mapping[str, str]) -> Any:
    if is_secret_state(value):
        facts = value["secret"]
        if was is not None and digests.get(path) == facts["digest"]:
            return was
        return f"(a secret that was changed elsewhere; version {facts['version']})"
    if isinstance(value, Mapping):
        told = cast("Mapping[str, Any]", value)
        return _written(node, path, told, cast("Mapping[str, Any]", was) if isinstance(was, Mapping) else None, digests)
    if isinstance(value, list):
        told_list = cast("list[Any]", value)
        olds: list[Any] = cast("list[Any]", was) if isinstance(was, list) else []
        if len(olds) != len(told_list):
            olds = [None] * len(told_list)
        item = (node.items or Node.of({})).simplified()
        return [
            _value(item, f"{path}[{place}]", each, old, digests)
            for place, (each, old) in enumerate(zip(told_list, olds, strict=True))
        ]
    return value
