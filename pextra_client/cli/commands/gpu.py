"""`pextra gpu`: how long a tenant's instances had GPUs, and the program by which guests tell of their work."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final

import typer

from pextra_client.cli.commands.get import Recursive
from pextra_client.cli.exits import UsageError
from pextra_client.cli.options import verb
from pextra_client.cli.session import Session
from pextra_client.guest import program, service, user_data

app = typer.Typer(help="How long a tenant's instances had GPUs, and what they tell of them.")

_SHOWN: Final = {
    "tenant": ("tenant",),
    "model": ("model",),
    "profile": ("mode", "slice", "milli"),
    "instance": ("tenant", "instance"),
}


@verb(app, "usage")
def usage(
    session: Session,
    *,
    since: Annotated[
        str | None,
        typer.Option("--since", "--from", help="2027-01-01T00:00:00Z; else from the beginning of the month."),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", "--to", help="2027-02-01T00:00:00Z; else until now.")] = None,
    by: Annotated[
        str, typer.Option(help="Some of tenant, model, profile, instance; commas between.")
    ] = "model,profile",
    recursive: Recursive = False,
) -> None:
    """Tells for how many seconds GPUs were had, by model, profile, tenant or instance.

    With --recursive of the tenants below, too; of tenant `system`, of all that there are and were.

    Seconds of parts of GPUs are GPU seconds as far as they were parts: a quarter of a GPU for an hour is 900 of them.
    """
    if not session.client.tenant:
        raise UsageError("GPUs are had by a tenant: give --tenant, set PEXTRA_TENANT, or log in with one")
    asked = session.client.gpu_usage(since=since, until=until, by=by.split(","), recursive=recursive)
    items = list(asked)
    if session.out.structured:
        start, end = asked.window
        session.out.document({"kind": "gpu_usage_list", "since": start, "until": end, "items": items})
        return
    if not items:
        session.out.notice("nobody had a GPU then")
        return
    names = list(dict.fromkeys(name for each in by.split(",") for name in _SHOWN[each]))
    header = [*(name.upper() for name in names), "PARTS", "GPU SECONDS", "GPU HOURS"]
    session.out.table(header, [_row(item, names) for item in items])


def _row(item: dict[str, Any], names: list[str]) -> list[str]:
    seconds = Decimal(item["gpu_seconds"])
    cells = [_cell(item, name) for name in names]
    return [*cells, str(item["parts"]), f"{seconds:f}", f"{seconds / 3600:.2f}"]


def _cell(item: dict[str, Any], name: str) -> str:
    """What has gone has no name any more, and is told by its uid."""
    value = item[name]
    if value is None:
        return str(item[f"{name}_uid"])
    return str(value) or "-"


@app.command("reporter")
def reporter(
    *,
    unit: Annotated[bool, typer.Option("--unit", help="The unit of systemd that runs it.")] = False,
    cloud_init: Annotated[
        bool, typer.Option("--cloud-init", help="User data for an instance, which installs and starts both.")
    ] = False,
) -> None:
    """Prints the program by which a guest tells its host what its GPUs say of their work. It asks nobody."""
    if unit and cloud_init:
        raise typer.BadParameter("give one of --unit and --cloud-init")
    typer.echo(user_data() if cloud_init else service() if unit else program(), nl=False)
