"""`pextra explain`: what a kind's fields mean, from the server's own schemas."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from pextra_client.cli import yaml12
from pextra_client.cli.exits import UsageError
from pextra_client.cli.output import Output
from pextra_client.cli.placed import explain_placement
from pextra_client.cli.selection import select_some
from pextra_client.cli.session import Session
from pextra_client.cli.text import columns, inline
from pextra_client.discovery import Kind
from pextra_client.schema import Field, Node

_BLOCKS: Final = ("spec", "status")
_IN_PLACE: Final = "in place"


def run(
    session: Session,
    *,
    path: Annotated[
        str | None,
        typer.Argument(metavar="[KIND[.FIELD]…]", help="volume, volume.size_gib, instance.networks"),
    ] = None,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="NAME, or TENANT/NAME: why that instance is where it is.")
    ] = None,
) -> None:
    """Explains a kind or one of its fields: type, unit, default, and whether it can change.

    With the name of an instance, explains why it is on its host, or what keeps it from every host: how many hosts
    each filter rejects, and, to who runs the cloud, which host comes closest and what it lacks. Without a kind, lists
    the kinds that there are.
    """
    if path is not None and (name is not None or "/" in path):
        explain_placement(session, select_some(session, path, [] if name is None else [name])[0])
        return
    if path is None:
        rows = [
            [kind.name, kind.plural, ", ".join(kind.short_names) or "-", kind.scope.value, kind.description]
            for kind in session.catalog
        ]
        session.out.table(["KIND", "PLURAL", "SHORT", "SCOPE", "DESCRIPTION"], rows)
        return
    word, *parts = path.replace("[]", "").split(".")
    kind = session.catalog.find(word)
    if not parts:
        _explain_kind(session.out, kind)
        return
    block = parts.pop(0) if parts[0] in _BLOCKS else "spec"
    node = Node.of(kind.spec_schema if block == "spec" else kind.status_schema)
    if not parts:
        _explain_fields(session.out, block.upper(), node)
        return
    field, change = _field_at(node, parts, kind)
    _explain_field(session.out, f"{kind.name}.{block}.{'.'.join(parts)}", field, change)


def _explain_kind(out: Output, kind: Kind) -> None:
    out.line(f"{kind.name} ({', '.join((kind.plural, *kind.short_names))})", "bold")
    out.line(f"  {kind.description}")
    out.line(f"  Lives in {'a tenant' if kind.scope == 'tenant' else 'the cloud'}.")
    if kind.singleton is not None:
        out.line(f"  A tenant has one, named {kind.singleton!r}.")
    _explain_fields(out, "SPEC", Node.of(kind.spec_schema))
    _explain_fields(out, "STATUS", Node.of(kind.status_schema))
    if kind.actions:
        out.line("ACTIONS", "bold")
        for action in kind.actions:
            out.line(f"  {action.name}  {action.description}")
            for line in columns(_rows(Node.of(action.arguments))) if action.arguments.get("properties") else []:
                out.line(f"    {line}")
    if kind.example:
        out.line("EXAMPLE", "bold")
        for line in yaml12.dump(dict(kind.example)).splitlines():
            out.line(f"  {line}")


def _explain_fields(out: Output, title: str, node: Node) -> None:
    rows = _rows(node)
    if rows:
        out.line(title, "bold")
        for line in columns(rows):
            out.line(f"  {line}")


def _rows(node: Node) -> list[list[str]]:
    return [[field.name, type_name(field.node), _notes(field), field.description] for field in node.fields()]


def _explain_field(out: Output, path: str, field: Field, change: str) -> None:
    out.line(f"{path}: {type_name(field.node)}", "bold")
    if field.description:
        out.line(f"  {field.description}")
    facts = field.facts
    schema = field.node.simplified().schema
    out.line(f"  required: {'yes' if field.required else 'no'}")
    if field.has_default:
        out.line(f"  default: {inline(field.default)}")
    if facts.get("unit"):
        out.line(f"  unit: {facts['unit']}")
    if "enum" in schema:
        out.line(f"  one of: {', '.join(map(inline, schema['enum']))}")
    for name, title in (
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("maxLength", "longest"),
        ("pattern", "form"),
    ):
        if name in schema:
            out.line(f"  {title}: {inline(schema[name])}")
    if facts.get("ref"):
        target = facts["ref"].get("kind") or "another object"
        out.line(f"  names a: {target} (deleting it: {facts['ref'].get('on_delete', 'block')})")
    if facts.get("secret"):
        out.line("  secret: written once and never read back")
    if facts.get("filterable"):
        out.line(f"  filterable: --filter {path.partition('.')[2]}=…")
    out.line(f"  change: {change}")
    _explain_fields(out, "FIELDS", _inner(field.node))


def _field_at(node: Node, parts: list[str], kind: Kind) -> tuple[Field, str]:
    """The field, and what changing it does: what holds for a field holds for all within it."""
    field: Field | None = None
    change = _IN_PLACE
    for part in parts:
        inner = node if field is None else _inner(field.node)
        known = {each.name: each for each in inner.fields()}
        if part not in known:
            raise UsageError(f"{kind.name} has no field {part!r} there; it has: {', '.join(known) or 'none'}")
        field = known[part]
        change = _change(field.facts) or change
    if field is None:
        raise UsageError("name a field")
    return field, change


def _inner(node: Node) -> Node:
    """The object that a field holds, in a list or by itself."""
    found = node.simplified()
    items = found.items
    if items is not None:
        return _inner(items)
    values = found.values
    return _inner(values) if values is not None else found


def _notes(field: Field) -> str:
    facts = field.facts
    notes = ["required"] if field.required else []
    notes += [str(facts["unit"])] if facts.get("unit") else []
    notes += ["immutable"] if facts.get("immutable") else []
    notes += ["restarts"] if facts.get("change") == "restart" else []
    notes += ["secret"] if facts.get("secret") else []
    if field.has_default and field.default not in ("", [], {}):
        notes.append(f"default {inline(field.default)}")
    return ", ".join(notes) or "-"


def _change(facts: dict[str, object]) -> str | None:
    if facts.get("immutable"):
        return "cannot change; the object must be deleted and created anew"
    if facts.get("change") == "restart":
        return "takes effect when the guest is started again"
    return None


def type_name(node: Node) -> str:
    """The type of a place in a few words: `list of string`, `map of integer`, `integer or "unlimited"`."""
    found = node.simplified()
    members = found.alternatives
    if members:
        return " or ".join(dict.fromkeys(type_name(each) for each in members))
    schema = found.schema
    if "const" in schema:
        return inline(schema["const"])
    items, values = found.items, found.values
    if items is not None:
        return f"list of {type_name(items)}"
    if values is not None:
        return f"map of {type_name(values)}"
    return str(schema.get("type", "anything"))
