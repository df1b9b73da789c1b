"""Verbs that other packages add: entry points of the group `pextra.cli`.

An entry point names a `typer.Typer` (a verb with verbs of its own) or a function (a verb). It is loaded when
it is called for, or when help lists it: the server package is not imported to list volumes.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from pextra_client.errors import ClientError

GROUP = "pextra.cli"


class PluginGroup(TyperGroup):
    """The command's verbs and, after them, those of other packages. A package cannot replace a verb."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of every verb."""
        own = super().list_commands(ctx)
        return [*own, *sorted(name for name in _plugins() if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The verb of that name, or None."""
        found = super().get_command(ctx, cmd_name)
        if found is not None or cmd_name not in _plugins():
            return found
        return _load(_plugins()[cmd_name])


def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _load(point: EntryPoint) -> Any:
    try:
        loaded = point.load()
    except ImportError as error:
        return _broken(point.name, f"{point.value} cannot be loaded: {error}")
    if isinstance(loaded, typer.Typer):
        app = loaded
    else:
        app = typer.Typer(add_completion=False)
        app.command(point.name)(loaded)
    command = get_command(app)
    command.name = point.name
    return command


def _broken(name: str, reason: str) -> Any:
    """A verb that says why it cannot be had, so that the others still can."""
    app = typer.Typer(add_completion=False)

    def fail() -> None:
        raise ClientError(reason)

    app.command(name, help=f"Not available: {reason}")(fail)
    return get_command(app)
