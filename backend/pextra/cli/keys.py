"""`pextra keys`: the key that secrets are encrypted with, from the database itself."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pextra import serving, wiring
from pextra.cli.up import data_folder, default_key_source, embedded_database
from pextra.errors import PextraError
from pextra.services import key_rotation
from pextra.services.cloud import Cloud
from pextra.services.key_rotation import KeyStatus
from pextra.store.database import Database
from pextra.store.database_tls import DatabaseUnprotected

keys = typer.Typer(
    help="The key that secrets are encrypted with: how it is, and how it is changed.", no_args_is_help=True
)

_DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where the cloud keeps its data.")]
_DatabaseUrl = Annotated[
    str | None, typer.Option("--database-url", help="Its database, when that is not in the data folder.")
]
_KeySource = Annotated[
    str | None,
    typer.Option("--key-source", help="Where the key is, when it is not in the data folder; as `pextra up`."),
]


@keys.command()
def status(data_dir: _DataDir = None, database_url: _DatabaseUrl = None, key_source: _KeySource = None) -> None:
    """Show which versions of the key there are, and what is wrapped with each."""
    with _opened(data_dir, database_url, key_source) as cloud:
        _show(key_rotation.status(cloud))


@keys.command()
def rotate(data_dir: _DataDir = None, database_url: _DatabaseUrl = None, key_source: _KeySource = None) -> None:
    """Make a new version of the key and wrap every data key with it, while the cloud runs.

    Run it again after it was interrupted: it goes on.
    """
    with _opened(data_dir, database_url, key_source) as cloud:
        before = key_rotation.status(cloud)
        if not before.finished:
            typer.echo("An earlier rotation was not finished: it is now.")
        _show(key_rotation.rotate(cloud, lambda done: typer.echo(f"{done} data keys wrapped anew")))
    typer.echo("Older versions are kept: backups of the database need them. `pextra keys forget` destroys them.")


@keys.command()
def forget(
    data_dir: _DataDir = None,
    database_url: _DatabaseUrl = None,
    key_source: _KeySource = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy the versions of the key that the database does not need. Older backups of it cannot be opened then."""
    if not yes:
        typer.confirm("Secrets in older backups of the database will be lost. Go on?", abort=True)
    with _opened(data_dir, database_url, key_source) as cloud:
        gone = key_rotation.forget(cloud)
        typer.echo(f"Destroyed: {', '.join(gone) or 'nothing'}.")


@contextmanager
def _opened(data_dir: Path | None, database_url: str | None, key_source: str | None) -> Generator[Cloud]:
    folder = data_folder(data_dir)
    embedded = embedded_database(folder)
    url = database_url or os.environ.get(serving.DATABASE_URL) or embedded
    try:
        database = Database(url)
    except DatabaseUnprotected as error:
        Console(stderr=True).print(f"[red]error:[/red] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    try:
        if database.file is not None and not database.file.exists():
            raise PextraError("keys.unavailable", f"There is no cloud in {folder}.")
        source = key_source or os.environ.get(serving.KEY_SOURCE) or default_key_source(folder)
        yield wiring.opened_with_keys(database, source)
    except PextraError as error:
        Console(stderr=True).print(f"[red]error:[/red] {error.code}: {error.message}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    finally:
        database.close()


def _show(now: KeyStatus) -> None:
    typer.echo(f"{now.where}: {now.secrets} sealed secrets")
    for version in now.versions:
        state = "current" if version == now.current else "older"
        typer.echo(f"  {version}  {state}, {now.data_keys.get(version, 0)} data keys")
