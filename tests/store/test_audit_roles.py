"""The database itself refuses what would alter the sealed audit log, in the roles that the product's processes have."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pextra import wiring
from pextra.controllers.sequencer import Sequencer
from pextra.pki.audit_key import AuditKey
from pextra.store import audit, roles, schema
from pextra.store.database import Database
from tests.api.site import Site, populate
from tests.store.clock import ManualClock
from tests.store.conftest import Opener
from tests.store.two_roles import as_role, new_roles

SEALED = ("audit_entry", "audit_node", "audit_head", "audit_chain")
WITH_ROLES = pytest.mark.parametrize("flavour", ["postgres", "cockroach"], indirect=True)


def refused(database: Database, statement: str) -> bool:
    """Whether the database refuses the statement for want of a right."""
    with database.engine.connect() as connection:
        try:
            connection.execute(text(statement))
        except DBAPIError as error:
            return getattr(error.orig, "sqlstate", "") == "42501"
        return False


@WITH_ROLES
def test_a_site_works_in_its_roles_and_neither_can_alter_what_is_sealed(
    database: Database, database_url: str, open_database: Opener
) -> None:
    tokens = populate(database)
    with new_roles(database.url) as (api_role, loops_role):
        wiring.grant_roles(database, api_role=api_role, loops_role=loops_role)
        wiring.grant_roles(database, api_role=api_role, loops_role=loops_role)
        api, loops = (as_role(database_url, role, open_database) for role in (api_role, loops_role))
        site = Site(api, ManualClock(), tokens)
        site.ada.put("tenants/acme/networks/front", {}).ok()
        assert site.ada.put("tenants/acme/networks/front", {"mtu": 1}).status == 422
        site.ada.delete("tenants/acme/networks/front").ok()
        sequencer = Sequencer(Site(loops, ManualClock(), tokens).cloud, holder="t", signer=AuditKey.generate())
        while sequencer.step():
            pass
        assert not loops.read(audit.pending_any)
        assert site.ada.get("tenants/acme/audit").ok()["items"][0]["action"] == "network.delete"
        assert site.ada.get("tenants/acme/audit/proof", sequence=2).status == 200
        for table in SEALED:
            for role in (api, loops):
                assert refused(role, f"UPDATE {table} SET tenant_uid = tenant_uid")
                assert refused(role, f"DELETE FROM {table}")
                assert refused(role, f"TRUNCATE TABLE {table}")
                assert refused(role, f"DROP TABLE {table}") or role.engine.dialect.name == "cockroachdb"
            assert refused(api, f"INSERT INTO {table} SELECT * FROM {table}")
        for verb in ("UPDATE pending_audit SET body = ''", "DELETE FROM pending_audit"):
            assert refused(api, verb)
        assert refused(loops, "UPDATE pending_audit SET body = ''")
        assert refused(loops, "DELETE FROM audit_pruned")
        for role in (api, loops):
            role.close()


@WITH_ROLES
def test_a_new_database_gets_its_tables_with_its_roles_and_the_loops_may_begin(
    database_url: str, open_database: Opener
) -> None:
    owner = open_database(database_url)
    with new_roles(owner.url) as (api_role, loops_role):
        wiring.grant_roles(owner, api_role=api_role, loops_role=loops_role)
        loops = as_role(database_url, loops_role, open_database)
        assert wiring.open_site(loops).admin_token
        loops.close()


@WITH_ROLES
def test_a_role_that_is_not_there_is_named_and_no_table_is_made(database_url: str, open_database: Opener) -> None:
    owner = open_database(database_url)
    with new_roles(owner.url) as (api_role, _), pytest.raises(roles.NoRoles, match="no role 'nobody-here'"):
        wiring.grant_roles(owner, api_role=api_role, loops_role="nobody-here")
    assert not schema.is_current(owner)


@WITH_ROLES
def test_loops_that_find_the_tables_of_another_version_are_told_what_to_do(
    database_url: str, open_database: Opener
) -> None:
    owner = open_database(database_url)
    with new_roles(owner.url) as (_, loops_role):
        loops = as_role(database_url, loops_role, open_database)
        with pytest.raises(schema.SchemaBehind, match="grant-roles"):
            schema.migrate(loops)
        loops.close()


def test_every_table_of_the_audit_log_is_thought_of() -> None:
    tables = {name for name in roles.metadata.tables if "audit" in name}
    assert tables == set(roles.API) == set(roles.LOOPS) - {"user_password"}
    for rules in (roles.API, roles.LOOPS):
        assert all(not {"UPDATE", "DELETE"} & set(rules[table]) for table in SEALED)


def test_sqlite_has_no_roles_and_says_so(sqlite_database: Database) -> None:
    with pytest.raises(roles.NoRoles):
        wiring.grant_roles(sqlite_database, api_role="a", loops_role="b")


def test_on_sqlite_triggers_refuse_what_would_alter_what_is_sealed(sqlite_database: Database) -> None:
    """Against accidents: whoever can write the file can drop the triggers."""
    tokens = populate(sqlite_database)
    Site(sqlite_database, ManualClock(), tokens).number_events()
    with sqlite_database.engine.connect() as connection:
        for table in SEALED:
            if connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0:
                continue  # a short chain has no nodes
            for statement in (f"UPDATE {table} SET tenant_uid = tenant_uid", f"DELETE FROM {table}"):
                with pytest.raises(DBAPIError, match="is only added to"):
                    connection.execute(text(statement))
    assert schema.is_current(sqlite_database)
