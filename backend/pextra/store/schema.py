"""Bringing a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from pextra.store.database import Database

_INSUFFICIENT_PRIVILEGE = "42501"


def _config(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["engine"] = database.engine
    return config


class SchemaBehind(Exception):
    """The database lacks migrations, and this role may not apply them; the message says what to do."""


def migrate(database: Database) -> None:
    """Apply every migration that the database lacks. Run by one process, before the others start.

    Raises:
        SchemaBehind: the role may not.
    """
    if is_current(database):
        return
    try:
        command.upgrade(_config(database), "head")
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _INSUFFICIENT_PRIVILEGE:
            raise
        raise SchemaBehind(
            "The tables of the database are not those of this version, and this role may not change them: run "
            "`pextra database grant-roles` as their owner first."
        ) from error


def is_current(database: Database) -> bool:
    """Whether the database has exactly this version's schema."""
    head = ScriptDirectory.from_config(_config(database)).get_current_head()
    with database.engine.connect() as conn:
        return MigrationContext.configure(conn).get_current_revision() == head
