"""The fence goes up and down by the owner's word, and tells where it is."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text
from typer.testing import CliRunner, Result

from pextra import wiring
from pextra.cli.database import app
from pextra.store import fence
from pextra.store.database import Database, Tx
from pextra.store.tables import resource
from tests.api.site import populate
from tests.store.conftest import Opener
from tests.store.two_roles import as_role, new_roles

POSTGRES = pytest.mark.parametrize("flavour", ["postgres"], indirect=True)


def run(database: Database, *words: str) -> Result:
    """A verb of `pextra database`, on this database as its role reaches it."""
    return CliRunner().invoke(app, [*words, "--database-url", database.url.render_as_string(hide_password=False)])


def objects_seen(database: Database) -> int:
    return database.read(lambda tx: tx.conn.execute(select(func.count()).select_from(resource)).scalar_one())


@POSTGRES
def test_the_fence_is_put_up_again_and_taken_down_by_the_owner(
    database: Database, database_url: str, open_database: Opener
) -> None:
    populate(database)
    fenced = sum(isinstance(how, fence.Fence) for how in fence.FENCES.values())
    with new_roles(database.url) as (api_role, loops_role):
        grant = ["grant-roles", "--api-role", api_role, "--loops-role", loops_role]
        assert run(database, "check-fence").exit_code == 1
        for _ in range(2):
            put_up = run(database, *grant)
            assert put_up.exit_code == 0, put_up.output
            assert f"up around {fenced} tables; role 'postgres' is not bound by it" in put_up.output
        api, loops = (as_role(database_url, role, open_database) for role in (api_role, loops_role))
        assert run(api, "check-fence").exit_code == 0
        assert [run(each, "check-fence").exit_code for each in (database, loops)] == [1, 1]
        everything = objects_seen(database)
        assert objects_seen(loops) == everything > objects_seen(api)
        database.write(lambda tx: tx.conn.execute(text("ALTER TABLE sealed_secret DISABLE ROW LEVEL SECURITY")))
        found = run(api, "check-fence")
        assert (found.exit_code, "not up around sealed_secret" in found.output) == (1, True)
        assert "is not up" in run(database, *grant, "--no-fence").output
        api.close()
        again = as_role(database_url, api_role, open_database)
        assert objects_seen(again) == everything
        for each in (again, loops):
            each.close()


@POSTGRES
def test_a_process_that_serves_hosts_has_no_bounds_in_the_same_role(
    database: Database, database_url: str, open_database: Opener
) -> None:
    populate(database)
    with new_roles(database.url) as (api_role, loops_role):
        wiring.grant_roles(database, api_role=api_role, loops_role=loops_role)
        serving = open_database(database_url, everything=True)
        serving.url = serving.url.set(username=api_role)

        def change_all(tx: Tx) -> int:
            return tx.conn.execute(resource.update().values(updated_us=tx.now_us)).rowcount

        assert objects_seen(serving) == objects_seen(database) == serving.write(change_all)
        assert not serving.fenced
        serving.close()


def test_other_databases_say_that_they_have_no_fence(sqlite_database: Database) -> None:
    said = run(sqlite_database, "check-fence")
    assert (said.exit_code, "SQLite has no roles" in said.output) == (1, True)
