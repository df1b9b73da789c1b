"""The global options, which every verb takes too, and the decorator that makes a function a verb."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from pextra_client.cli.failures import report
from pextra_client.cli.output import Format
from pextra_client.cli.session import Options, Session
from pextra_client.errors import ClientError

P = ParamSpec("P")
Verb = Callable[Concatenate[Session, P], int | None]

_PANEL = "Global options"


def _declared(
    profile: Annotated[
        str | None,
        typer.Option(help="Settings stored by `pextra login`. (PEXTRA_PROFILE)", rich_help_panel=_PANEL),
    ] = None,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(help="Address of the API; may be repeated. (PEXTRA_ENDPOINT)", rich_help_panel=_PANEL),
    ] = None,
    tenant: Annotated[
        str | None,
        typer.Option("--tenant", "-t", help="Whose objects. (PEXTRA_TENANT)", rich_help_panel=_PANEL),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(help="Better in the environment: PEXTRA_TOKEN.", rich_help_panel=_PANEL),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(help="Certificates to trust instead of the system's. (PEXTRA_CA)", rich_help_panel=_PANEL),
    ] = None,
    output: Annotated[
        Format | None, typer.Option("--output", "-o", help="How to print results.", rich_help_panel=_PANEL)
    ] = None,
    quiet: Annotated[
        bool | None,
        typer.Option("--quiet", "-q", help="Nothing but results and errors.", rich_help_panel=_PANEL),
    ] = None,
    no_color: Annotated[bool | None, typer.Option("--no-color", help="Never colour.", rich_help_panel=_PANEL)] = None,
    verbose: Annotated[
        bool | None,
        typer.Option("--verbose", "-v", help="Say what is tried again, and request ids.", rich_help_panel=_PANEL),
    ] = None,
) -> None:
    """The signature is what matters: Typer reads the options from it."""


_GLOBAL = tuple(
    parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
    for parameter in inspect.signature(_declared, eval_str=True).parameters.values()
)
_CONTEXT = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)


def root(app: typer.Typer) -> None:
    """Lets the command take the global options before the verb."""

    def callback(**given: Any) -> None:
        context: typer.Context = given.pop("ctx")
        context.obj = Options(**given)

    _sign(callback, [_CONTEXT, *_GLOBAL])
    app.callback()(callback)


def verb(app: typer.Typer, name: str, *, panel: str | None = None) -> Callable[[Verb[P]], Verb[P]]:
    """Makes a function a verb of the command.

    The function's first parameter is the session; the others are what Typer reads from it. Its docstring is
    the verb's help. It returns the exit code, or None for success.

    Args:
        app: the command.
        name: of the verb.
        panel: under which heading the verb is listed.
    """

    def register(function: Verb[P]) -> Verb[P]:
        _, *own = inspect.signature(function, eval_str=True).parameters.values()

        def run(**given: Any) -> None:
            context: typer.Context = given.pop("ctx")
            after_verb = Options(**{each.name: given.pop(each.name) for each in _GLOBAL})
            before_verb = context.find_root().obj or Options()
            with Session(after_verb.over(before_verb)) as session:
                try:
                    code = function(session, **given)  # pyright: ignore[reportCallIssue] - Typer checked them
                except ClientError as error:
                    code = report(session.out, error, verbose=bool(session.options.verbose))
            if code:
                raise typer.Exit(code)

        keyword_only = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
        _sign(run, [_CONTEXT, *keyword_only, *_GLOBAL])
        app.command(name, help=inspect.getdoc(function), rich_help_panel=panel)(run)
        return function

    return register


def _sign(function: Callable[..., None], parameters: list[inspect.Parameter]) -> None:
    """Gives a function the signature that Typer shall see."""
    function.__annotations__ = {each.name: each.annotation for each in parameters}
    setattr(function, "__signature__", inspect.Signature(parameters))  # noqa: B010 - not an attribute to a type checker
