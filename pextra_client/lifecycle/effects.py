"""What differs between two desired states, and what a difference does, as far as a kind's declaration tells it.

The API's dry run says it better; this is for previews in which something is not known yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

from pextra_client.discovery import Kind
from pextra_client.lifecycle.unknown import is_known
from pextra_client.schema import Field, Node
from pextra_client.wire import FieldChange

Effect = Literal["in_place", "restart", "replace"]
_HIDDEN = "(secret)"


def changes(kind: Kind, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldChange]:
    """The fields that differ; one that is not known counts as different.

    Both are whole desired states. A default that one of them leaves out and the other writes down is no difference.
    Values of secrets are not told.
    """
    root = Node.of(kind.spec_schema)
    return list(_within(root, "spec", before, after, "in_place"))


def _within(
    node: Node, path: str, before: Mapping[str, Any], after: Mapping[str, Any], effect: Effect
) -> Iterator[FieldChange]:
    fields = {each.name: each for each in node.fields()}
    for name in dict.fromkeys([*before, *after]):
        declared = fields.get(name)
        old, new = _effective(declared, before.get(name)), _effective(declared, after.get(name))
        if old == new and is_known(new):
            continue
        here = _effect(declared, effect)
        inner = None if declared is None else declared.node.simplified()
        if inner is not None and inner.schema.get("properties") and _both_objects(old, new):
            yield from _within(inner, f"{path}.{name}", old, new, here)
        elif declared is not None and declared.facts.get("secret"):
            yield {"path": f"{path}.{name}", "before": _HIDDEN, "after": _HIDDEN, "effect": here}
        else:
            yield {"path": f"{path}.{name}", "before": old, "after": new, "effect": here}


def _effective(declared: Field | None, value: object) -> Any:
    return declared.default if value is None and declared is not None else value


def _effect(declared: Field | None, inherited: Effect) -> Effect:
    if declared is None:
        return inherited
    return cast(Effect, declared.facts.get("change", inherited))


def _both_objects(old: object, new: object) -> bool:
    return isinstance(old, Mapping) and isinstance(new, Mapping)
