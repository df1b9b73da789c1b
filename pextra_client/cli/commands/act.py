"""`pextra act`: imperative acts on objects."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from pextra_client.cli.commands.get import KindWord
from pextra_client.cli.exits import UsageError
from pextra_client.cli.output import Format
from pextra_client.cli.selection import select_some
from pextra_client.cli.session import Session
from pextra_client.cli.text import inline
from pextra_client.discovery import Action, Kind
from pextra_client.schema import Node
from pextra_client.wire import Object


def run(
    session: Session,
    *,
    kind: KindWord,
    words: Annotated[list[str], typer.Argument(metavar="[NAME] ACTION")],
    argument: Annotated[
        list[str] | None,
        typer.Option("--argument", "-a", help="key=value, as the action declares; may be repeated."),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it is done.")] = True,
    timeout: Annotated[float, typer.Option(help="Seconds to wait.")] = 600.0,
) -> None:
    """Asks for an act on an object, such as `pextra act instance web-1 reboot`.

    `pextra explain KIND` names the acts of a kind and their arguments.
    """
    *names, verb = words
    target = select_some(session, kind, names)[0]
    if len(names) > 1:
        raise UsageError("name one object and one action")
    action = _declared(target.kind, verb)
    operation = session.client.act(
        target.kind,
        target.name,
        action.name,
        _arguments(action, argument or []),
        tenant=target.tenant,
    )
    if action.mints:
        session.out.document(operation)
        return
    if wait:
        operation = session.client.wait_for_operation(operation, timeout_s=timeout)
    _show(session, operation)


def _declared(kind: Kind, verb: str) -> Action:
    for action in kind.actions:
        if action.name == verb.replace("-", "_"):
            return action
    known = ", ".join(action.name for action in kind.actions) or "none"
    raise UsageError(f"{kind.name} has no action {verb!r}; it has: {known}")


def _arguments(action: Action, given: Sequence[str]) -> dict[str, Any]:
    """The arguments with the types that the action declares."""
    fields = {field.name: field for field in Node.of(action.arguments).fields()}
    arguments: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"-a {text!r}: write key=value")
        field = fields.get(name)
        if field is None:
            known = ", ".join(fields) or "none"
            raise UsageError(f"{action.name} has no argument {name!r}; it has: {known}")
        arguments[name] = _value(name, value, field.node.simplified().schema)
    return arguments


def _value(name: str, text: str, schema: Mapping[str, Any]) -> Any:
    if schema.get("type") == "string" or "type" not in schema:
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"-a {name}={text}: is not {schema['type']} (write it as JSON)") from error


def _show(session: Session, operation: Object) -> None:
    out, metadata = session.out, operation["metadata"]
    if out.structured:
        out.document(operation)
        return
    if out.format is Format.NAME:
        out.line(f"{operation['kind']}/{metadata['name']}")
        return
    status = operation.get("status", {})
    out.line(f"operation {metadata['name']}: {status.get('phase', 'pending')}")
    result: dict[str, Any] = status.get("result") or {}
    for name, value in result.items():
        out.line(f"  {name}: {inline(value)}")
