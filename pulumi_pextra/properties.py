"""Objects of the API as properties of a Pulumi resource, and back.

A resource has `name`, `tenant`, `labels`, `annotations` and the fields of its spec side by side, all under the names
that the API has for them. Its outputs are the same with the server's defaults filled in, and `uid`, `status` and what
was minted. What begins with two underscores the engine neither shows nor compares.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from pextra_client.discovery import Kind, Scope
from pextra_client.lifecycle import UNKNOWN, Desired, Owned, Unknown, as_written, secret_digests
from pextra_client.lifecycle.projection import is_secret_state
from pextra_client.schema import Node
from pextra_client.wire import Object

STACK: Final = "__stack"
"""Input: which stack the resource is of."""
PREVIEW: Final = "__preview"
"""Input that is there in a preview only."""
MEMORY: Final = "__pextra"
"""Output: what has to be remembered of an object besides how it reads."""
MINTED: Final[Mapping[str, tuple[str, ...]]] = {
    "api_token": ("token",),
    "application_credential": ("token",),
    "join_token": ("token",),
}
"""The outputs that are there because making the object mints a credential."""

# The spec of these kinds has fields whose names every resource has already.
_RENAMED: Final[Mapping[tuple[str, str], str]] = {
    ("share", "name"): "shared_name",
    ("application_credential", "tenant"): "scope",
}
_READ_AS: Final = "SecretState"
"""How a secret reads."""


def property_of(kind: Kind, field: str) -> str:
    """What the property of a field of a kind's spec is called."""
    return _RENAMED.get((kind.name, field), field)


def spec_of(kind: Kind, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The spec that properties mean; what is not given is left out."""
    fields = Node.of(kind.spec_schema).fields()
    given = {field.name: properties.get(property_of(kind, field.name)) for field in fields}
    return {name: value for name, value in given.items() if value is not None}


def desired(kind: Kind, properties: Mapping[str, Any]) -> Desired:
    """What properties mean altogether; they have a name and, where the kind wants it, a tenant."""
    return Desired(
        kind=kind,
        name=properties["name"],
        tenant=properties.get("tenant") if kind.scope is Scope.TENANT else None,
        spec=spec_of(kind, properties),
        labels=properties.get("labels") or {},
        annotations=properties.get("annotations") or {},
    )


def owned(kind: Kind, outputs: Mapping[str, Any]) -> Owned:
    """The object that a resource stands for, out of its outputs."""
    return Owned(kind=kind, name=outputs["name"], tenant=outputs.get("tenant"), uid=outputs["uid"])


def identifier(obj: Object) -> str:
    """What Pulumi knows and imports the object by: `tenant/name`, or `name` where there is no tenant."""
    metadata = obj["metadata"]
    tenant = metadata.get("tenant")
    return f"{tenant}/{metadata['name']}" if tenant else metadata["name"]


def addressed(kind: Kind, identifier: str) -> tuple[str, str | None]:
    """Name and tenant that an identifier stands for; without a tenant, the client's own."""
    tenant, _, name = identifier.rpartition("/")
    return name, tenant or None if kind.scope is Scope.TENANT else None


def wrote(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of which the outputs came."""
    memory = cast("Mapping[str, Any]", outputs.get(MEMORY) or {})
    shape = cast("Mapping[str, Any]", memory.get("written") or {})
    return {
        **{name: outputs[name] for name in ("name", "tenant") if outputs.get(name) is not None},
        **cast("dict[str, Any]", _restricted(outputs, shape)),
    }


def read_back(kind: Kind, obj: Object, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that would make the object what it is; empty outputs are those of one that is imported."""
    memory = cast("Mapping[str, Any]", outputs.get(MEMORY) or {})
    before = wrote(outputs) if outputs else None
    spec = as_written(kind, obj["spec"], None if before is None else spec_of(kind, before), memory.get("digests"))
    metadata = obj["metadata"]
    inputs: dict[str, Any] = {"name": metadata["name"]}
    if metadata.get("tenant"):
        inputs["tenant"] = metadata.get("tenant")
    for name in ("labels", "annotations"):
        if metadata.get(name) or (before is not None and name in before):
            inputs[name] = metadata.get(name) or {}
    return inputs | {property_of(kind, name): value for name, value in spec.items()}


def outputs_of(
    kind: Kind, obj: Object, inputs: Mapping[str, Any], kept: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Everything of an object that a resource tells.

    Args:
        kind: of the object.
        obj: as it was read.
        inputs: as they are written; secrets are taken from here.
        kept: earlier outputs, in which is what was minted.
    """
    metadata = obj["metadata"]
    spec = cast("dict[str, Any]", _without_secrets(obj["spec"], spec_of(kind, inputs)))
    found: dict[str, Any] = {property_of(kind, name): value for name, value in spec.items()}
    found["name"], found["uid"] = metadata["name"], metadata.get("uid", "")
    if metadata.get("tenant"):
        found["tenant"] = metadata.get("tenant")
    found["labels"], found["annotations"] = metadata.get("labels") or {}, metadata.get("annotations") or {}
    found["status"] = obj.get("status") or {}
    minted = obj.get("minted") or {}
    for name in MINTED.get(kind.name, ()):
        value = minted.get(name) or (kept or {}).get(name)
        if value is not None:
            found[name] = value
    written = {name: value for name, value in inputs.items() if name not in {"name", "tenant"} and name[:2] != "__"}
    found[MEMORY] = {"written": _shape(written), "digests": secret_digests(obj["spec"])}
    return found


def expected(kind: Kind, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What the outputs of an object that is not made yet will be, as far as its inputs tell; the rest is not known."""
    fields = Node.of(kind.spec_schema).fields()
    found = {property_of(kind, field.name): field.default for field in fields if field.has_default}
    return {
        **found,
        "labels": {},
        "annotations": {},
        **{name: value for name, value in inputs.items() if name[:2] != "__"},
        **dict.fromkeys(("uid", "status", *MINTED.get(kind.name, ())), UNKNOWN),
    }


def secrets_of(kind: Kind) -> tuple[str, ...]:
    """The properties of a kind that are secrets."""
    fields = Node.of(kind.spec_schema).fields()
    found = [property_of(kind, field.name) for field in fields if _holds_secret(field.node)]
    return (*found, *MINTED.get(kind.name, ()))


def plain(value: Any, is_unknown: Callable[[Any], bool]) -> Any:
    """A value as the engine passes it, as Python has it: whole numbers whole, and `UNKNOWN` for what is not known.

    Args:
        value: of JSON's types.
        is_unknown: tells what stands for a value that is not known.
    """
    if is_unknown(value):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {name: plain(each, is_unknown) for name, each in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [plain(each, is_unknown) for each in cast("list[Any]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether two sets of inputs want the same; nothing that is not known is the same as anything."""
    olds, news = ({name: v for name, v in each.items() if name[:2] != "__"} for each in (before, after))
    return _equal(olds, news)


def _equal(old: Any, new: Any) -> bool:
    if isinstance(old, Unknown) or isinstance(new, Unknown):
        return False
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        first, second = _given(cast("Mapping[str, Any]", old)), _given(cast("Mapping[str, Any]", new))
        return first.keys() == second.keys() and all(_equal(first[name], second[name]) for name in first)
    if isinstance(old, list) and isinstance(new, list):
        olds, news = cast("list[Any]", old), cast("list[Any]", new)
        return len(olds) == len(news) and all(map(_equal, olds, news))
    return old == new


def _given(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in value.items() if each is not None}


def _shape(value: Any) -> Any:
    """Which places of a value there are, without what is there."""
    if isinstance(value, Mapping):
        return {name: _shape(each) for name, each in cast("Mapping[str, Any]", value).items() if each is not None}
    if isinstance(value, list):
        return [_shape(each) for each in cast("list[Any]", value)]
    return True


def _restricted(value: Any, shape: Any) -> Any:
    """What of a value is in the places of a shape."""
    if isinstance(value, Mapping) and isinstance(shape, Mapping):
        there, places = cast("Mapping[str, Any]", value), cast("Mapping[str, Any]", shape)
        return {name: _restricted(there[name], each) for name, each in places.items() if there.get(name) is not None}
    if isinstance(value, list) and isinstance(shape, list):
        values, shapes = cast("list[Any]", value), cast("list[Any]", shape)
        if len(values) == len(shapes):
            return list(map(_restricted, values, shapes))
    return cast(Any, value)


def _without_secrets(value: Any, written: Any) -> Any:
    """What was read, with what was written where what was read is a secret."""
    if is_secret_state(value):
        return written
    if isinstance(value, Mapping):
        known: Mapping[str, Any] = cast("Mapping[str, Any]", written) if isinstance(written, Mapping) else {}
        told = cast("Mapping[str, Any]", value).items()
        found = {name: _without_secrets(each, known.get(name)) for name, each in told}
        return {name: each for name, each in found.items() if each is not None}
    if isinstance(value, list):
        values = cast("list[Any]", value)
        others: list[Any] = cast("list[Any]", written) if isinstance(written, list) else []
        if len(others) != len(values):
            others = [None] * len(values)
        return list(map(_without_secrets, values, others))
    return value


def _holds_secret(node: Node) -> bool:
    return f"#/$defs/{_READ_AS}" in json.dumps(node.schema)
