"""The migrations leave exactly the schema that the code expects, on every database."""

from __future__ import annotations

import importlib
import io
import re
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from pextra.store import schema
from pextra.store.database import Database
from pextra.store.tables import metadata
from tests.store.conftest import Opener

BOOKKEEPING = "alembic_version"


def described(database: Database) -> dict[str, Any]:
    """Every table with its columns, keys and indexes, as the database tells them."""
    inspector = inspect(database.engine)
    return {
        table: {
            "columns": [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)],
            "primary key": inspector.get_pk_constraint(table)["constrained_columns"],
            "indexes": sorted((i["name"], i["column_names"], bool(i["unique"])) for i in inspector.get_indexes(table)),
        }
        for table in inspector.get_table_names()
        if table != BOOKKEEPING
    }


@pytest.mark.parametrize("flavour", ["sqlite", "postgres"], indirect=True)
class TestSchema:
    """Inspection is compared where SQLAlchemy's is exact."""

    def test_the_migrated_schema_is_the_one_that_the_code_expects(self, database: Database) -> None:
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []

    def test_every_primary_key_has_the_columns_that_the_code_expects_in_their_order(self, database: Database) -> None:
        keys = {table: facts["primary key"] for table, facts in described(database).items()}
        assert keys == {t.name: [c.name for c in t.primary_key.columns] for t in metadata.sorted_tables}

    def test_no_column_may_be_null_that_the_code_takes_for_given(self, database: Database) -> None:
        nullable = {(t, c[0]) for t, facts in described(database).items() for c in facts["columns"] if c[2]}
        assert nullable == {(t.name, c.name) for t in metadata.sorted_tables for c in t.columns if c.nullable}


def test_names_are_ordered_by_their_bytes_on_every_database(database: Database) -> None:
    """`-` before letters, as SQLite and CockroachDB have it; a linguistic collation would skip it."""
    names = ["a-b", "ab", "a", "a.b", "b", "a-", "a1"]
    with database.engine.begin() as connection:
        for number, name in enumerate(names):
            connection.execute(
                metadata.tables["resource"].insert(),
                {
                    **{block: {} for block in ("labels", "annotations", "spec", "resolved", "finalizers")},
                    **dict.fromkeys(("generation", "spec_version", "created_us", "updated_us"), 1),
                    "tenant_uid": f"00000000-0000-0000-0000-{1:012}",
                    "uid": f"00000000-0000-0000-0000-{number:012}",
                    "kind": "volume",
                    "name": name,
                },
            )
        ordered = list(connection.scalars(text("SELECT name FROM resource ORDER BY name")))
    assert ordered == sorted(names)


def test_an_empty_database_is_not_current_and_a_migrated_one_is(database_url: str, open_database: Opener) -> None:
    database = open_database(database_url)
    assert not schema.is_current(database)
    schema.migrate(database)
    assert schema.is_current(database)


def test_a_second_upgrade_changes_nothing(database: Database) -> None:
    with database.engine.connect() as connection:
        version = connection.scalar(text(f"SELECT version_num FROM {BOOKKEEPING}"))
    before = inspect(database.engine).get_table_names()
    schema.migrate(database)
    with database.engine.connect() as connection:
        assert connection.scalar(text(f"SELECT version_num FROM {BOOKKEEPING}")) == version
    assert inspect(database.engine).get_table_names() == before


@pytest.mark.parametrize("flavour", ["sqlite", "postgres"], indirect=True)
def test_a_second_upgrade_leaves_every_table_as_it_is(database: Database) -> None:
    before = described(database)
    schema.migrate(database)
    assert described(database) == before


def offline(dialect: str) -> str:
    """All migrations as SQL for a database that is not there."""
    output = io.StringIO()
    context = MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True, "output_buffer": output})
    scripts = ScriptDirectory(str(importlib.import_module("pextra.store.migrations").__path__[0]))
    with Operations.context(context):
        for script in reversed(list(scripts.walk_revisions())):
            script.module.upgrade()
    return output.getvalue()


@pytest.mark.parametrize("dialect", ["cockroachdb", "postgresql", "sqlite"])
def test_the_migrations_can_be_written_down_for_a_database_that_is_not_there(dialect: str) -> None:
    script = offline(dialect).replace('"', "")
    for table in metadata.sorted_tables:
        assert f"CREATE TABLE {table.name} (" in script
        for index in table.indexes:
            assert f"INDEX {index.name} ON {table.name}" in script


def test_what_is_written_down_for_cockroachdb_is_what_it_takes() -> None:
    """Only what adds, so that no migration drops and makes again what it made; no collation, which it lacks."""
    statements = [s.strip() for s in offline("cockroachdb").split(";") if s.strip()]
    assert not [s for s in statements if not re.match(r'CREATE |ALTER TABLE "?\w+"? ADD COLUMN ', s)]
    assert not any("COLLATE" in s for s in statements)


def test_the_history_of_migrations_is_one_line(sqlite_database: Database) -> None:
    scripts = ScriptDirectory(str(importlib.import_module("pextra.store.migrations").__path__[0]))
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1
