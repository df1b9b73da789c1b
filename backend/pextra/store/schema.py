"""Bringing a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from pextra.store.database import Database


def _config(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["engine"] = database.engine
    return config


def migrate(database: Database) -> None:
    """Apply every migration that the database lacks. Run by one process, before the others start."""
    command.upgrade(_config(database), "head")


def is_current(database: Database) -> bool:
    """Whether the database has exactly this version's schema."""
    head = ScriptDirectory.from_config(_config(database)).get_current_head()
    with database.engine.connect() as conn:
        return MigrationContext.configure(conn).get_current_revision() == head
