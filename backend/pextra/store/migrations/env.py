"""Alembic's entry: runs the migrations on the engine that the caller gives."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Engine


def run() -> None:
    """Apply the migrations, one transaction each."""
    engine: Engine = context.config.attributes["engine"]
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


run()
