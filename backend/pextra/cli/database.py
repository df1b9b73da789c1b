"""`pextra database`: what the owner of the database does to it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pextra import serving, wiring
from pextra.cli.up import data_folder, embedded_database
from pextra.errors import PextraError
from pextra.pki.audit_key import AuditKey, KeyUnusable
from pextra.store.database import Database
from pextra.store.database_tls import DatabaseUnprotected
from pextra.store.roles import NoRoles

app = typer.Typer(help="What the owner of the database does to it.", no_args_is_help=True)

DataDir = Annotated[Path | None, typer.Option(help="Where the cloud keeps its data.")]
Url = Annotated[str | None, typer.Option(help="The database, as the owner of its tables reaches it.")]


def _opened(database_url: str | None, data_dir: Path | None) -> Database:
    url = database_url or os.environ.get(serving.DATABASE_URL) or embedded_database(data_folder(data_dir))
    try:
        return Database(url)
    except DatabaseUnprotected as error:
        raise _failed(error) from error


def _failed(error: Exception) -> typer.Exit:
    Console(stderr=True).print(f"[red]error:[/red] {error}", highlight=False, soft_wrap=True)
    return typer.Exit(1)


@app.command("grant-roles")
def grant_roles(
    api_role: Annotated[str, typer.Option(help="Role of what serves requests.")],
    loops_role: Annotated[str, typer.Option(help="Role of the loops.")],
    fence: Annotated[
        bool, typer.Option(help="Put up the database's fence between tenants, on PostgreSQL; or take it down.")
    ] = True,
    database_url: Url = None,
    data_dir: DataDir = None,
) -> None:
    """Make or upgrade the tables, and give two roles what the product's processes need, first and after each upgrade.

    Neither of them can alter the sealed audit log.
    """
    database = _opened(database_url, data_dir)
    try:
        for statement in wiring.grant_roles(database, api_role=api_role, loops_role=loops_role, fence=fence):
            typer.echo(f"{statement};")
        typer.echo(f"-- {wiring.fence_state(database)}")
    except (NoRoles, PextraError) as error:
        raise _failed(error) from error
    finally:
        database.close()


@app.command("check-fence")
def check_fence(database_url: Url = None, data_dir: DataDir = None) -> None:
    """Tell whether the database's fence between tenants is up, and binds the role in the URL; fails when not."""
    database = _opened(database_url, data_dir)
    try:
        state = wiring.fence_state(database)
    except PextraError as error:
        raise _failed(error) from error
    finally:
        database.close()
    typer.echo(str(state))
    if state.missing or not state.binds:
        raise typer.Exit(1)


@app.command("prune-audit")
def prune_audit(
    older_than_days: Annotated[int, typer.Option(min=1, help="Keep what was made in the last so many days.")] = 400,
    database_url: Url = None,
    data_dir: DataDir = None,
) -> None:
    """Take old entries of the audit log away. Nothing else ever does; every proof can still be made."""
    database = _opened(database_url, data_dir)
    try:
        pruned = wiring.prune_audit(database, timedelta(days=older_than_days))
    except PextraError as error:
        raise _failed(error) from error
    finally:
        database.close()
    typer.echo(f"{pruned} entries pruned.")


@app.command("rotate-audit-key")
def rotate_audit_key(
    key: Annotated[Path | None, typer.Option(help="The key's file; in the data folder without it.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Replace the key that signs the audit log; the old one signs its successor. Restart the loops afterwards."""
    path = key or data_folder(data_dir) / "control" / "audit-key.pem"
    try:
        made = AuditKey.rotate(path)
    except (KeyUnusable, OSError) as error:
        raise _failed(error) from error
    typer.echo(f"The new key is {made.public_hex}.")
