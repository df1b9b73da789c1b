"""The `pextra` command: its verbs, and how it ends.

The exit codes are those of `exits.ExitCode`.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, NoReturn

import typer
from typer.main import get_command

from pextra_client.cli.commands import (
    about,
    access,
    account,
    act,
    apply,
    audit,
    console,
    delete,
    describe,
    explain,
    get,
    gpu,
    login,
    metrics,
    passwd,
    plan,
    upload,
    wait,
    watch,
)
from pextra_client.cli.exits import ExitCode
from pextra_client.cli.failures import report
from pextra_client.cli.options import root, verb
from pextra_client.cli.output import Output
from pextra_client.cli.plugins import PluginGroup
from pextra_client.cli.session import Session
from pextra_client.errors import ClientError

_EPILOG = (
    "Exit codes: 0 success, 1 error, 2 changes (plan --detailed-exitcode), 3 invalid, 4 not found, 5 denied, "
    "6 conflict, 7 timeout, 8 unavailable."
)

app = typer.Typer(
    cls=PluginGroup,
    help="A private cloud from the command line: the same API that every other client uses.",
    epilog=_EPILOG,
    no_args_is_help=True,
    # A traceback with the values of variables would show tokens.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
root(app)

_AS_CODE = "The cloud as code"
_OBJECTS = "Objects"
_ACCOUNT = "Account"

verb(app, "apply", panel=_AS_CODE)(apply.run)
verb(app, "plan", panel=_AS_CODE)(plan.run)
verb(app, "get", panel=_OBJECTS)(get.run)
verb(app, "describe", panel=_OBJECTS)(describe.run)
verb(app, "metrics", panel=_OBJECTS)(metrics.run)
verb(app, "watch", panel=_OBJECTS)(watch.run)
verb(app, "wait", panel=_OBJECTS)(wait.run)
verb(app, "act", panel=_OBJECTS)(act.run)
verb(app, "console", panel=_OBJECTS)(console.run)
verb(app, "upload", panel=_OBJECTS)(upload.run)
verb(app, "delete", panel=_OBJECTS)(delete.run)
verb(app, "explain", panel=_OBJECTS)(explain.run)
verb(app, "can-i", panel=_ACCOUNT)(access.can_i)
app.add_typer(access.policy_app, name="policy", rich_help_panel=_ACCOUNT)
app.add_typer(audit.app, name="audit", rich_help_panel=_ACCOUNT)
app.add_typer(gpu.app, name="gpu", rich_help_panel=_ACCOUNT)
verb(app, "login", panel=_ACCOUNT)(login.run)
verb(app, "logout", panel=_ACCOUNT)(account.logout)
verb(app, "passwd", panel=_ACCOUNT)(passwd.run)
verb(app, "whoami", panel=_ACCOUNT)(account.whoami)
verb(app, "version")(about.version)


@verb(app, "completion")
def _completion(session: Session, *, shell: Annotated[about.Shell, typer.Argument()]) -> None:
    """Prints a script that teaches the shell the verbs: `eval "$(pextra completion bash)"`."""
    del session
    about.completion(app, shell)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: without the program's name; the process's own by default.

    Returns:
        The exit code.
    """
    command = get_command(app)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = command.main(args=given, prog_name=about.PROGRAM, standalone_mode=False)
    except typer.TyperException as error:
        out = Output()
        out.error(error.format_message())
        out.detail(f"see `{about.PROGRAM} --help`")
        return ExitCode.INVALID
    except typer.Abort:
        return ExitCode.INTERRUPTED
    except ClientError as error:
        return report(Output(), error)
    return code if isinstance(code, int) else ExitCode.OK


def main() -> None:
    """The entry point of the installed command."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminated)
    sys.exit(run())


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    """Ends as any program does that is told to, but with the terminal's cursor back."""
    del frame
    sys.exit(128 + number)
