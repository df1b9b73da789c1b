"""Tokens are stored as digests only; a secret's digest says whether it changed and nothing about its value."""

from __future__ import annotations

from sqlalchemy import select

from pextra.store import credentials, secrets
from pextra.store.credentials import Holder
from pextra.store.database import Database
from pextra.store.secrets import Sealed, StoredSecret
from pextra.store.tables import credential, sealed_secret
from tests.store import records

KEY, OTHER_KEY = "11" * 32, "22" * 32


SITE = "01a00000-0000-7000-8000-00000000000a"


def add_token(database: Database, *, enabled: bool = True, expires_us: int | None = None) -> tuple[str, str, str]:
    token = credentials.mint()
    owner = records.volume(database, SITE, "acme", kind="tenant", spec={})
    user = records.volume(database, owner.uid, "ada", kind="user", spec={"enabled": enabled})
    api_token = records.volume(database, owner.uid, "ci", kind="api_token", spec={"user": "ada"})
    for record in (owner, user, api_token):
        records.store(database, record)
    database.write(
        lambda tx: credentials.add(
            tx, token, tenant_uid=owner.uid, token_uid=api_token.uid, user_uid=user.uid, expires_us=expires_us
        )
    )
    return token, owner.uid, api_token.uid


def holder_of(database: Database, token: str) -> Holder | None:
    return database.read(lambda tx: credentials.holder(tx, SITE, token))


def test_a_token_leads_to_its_user(database: Database) -> None:
    token, tenant, uid = add_token(database, expires_us=5)
    holder = holder_of(database, token)
    assert holder is not None
    assert (holder.subject.name, holder.tenant_path, holder.tenant_uid) == ("ada", "acme", tenant)
    assert (holder.token.uid, holder.token.kind, holder.expires_us) == (uid, "api_token", 5)


def test_the_token_of_a_disabled_user_may_not_be_used(database: Database) -> None:
    token, _, _ = add_token(database, enabled=False)
    holder = holder_of(database, token)
    assert holder is not None
    assert not holder.is_usable(0)


def test_an_unknown_and_a_revoked_token_lead_nowhere(database: Database) -> None:
    token, tenant, uid = add_token(database)
    assert holder_of(database, credentials.mint()) is None
    database.write(lambda tx: credentials.revoke(tx, tenant, uid))
    assert holder_of(database, token) is None


def test_the_end_of_a_token_can_be_moved(database: Database) -> None:
    token, tenant, uid = add_token(database)
    database.write(lambda tx: credentials.expire(tx, tenant, uid, 7))
    holder = holder_of(database, token)
    assert holder is not None
    assert holder.expires_us == 7


def test_the_database_never_holds_a_token(database: Database) -> None:
    token, _, _ = add_token(database)
    rows = database.read(lambda tx: tx.conn.execute(select(credential)).all())
    assert len(rows) == 1
    assert token.removeprefix("pxt_") not in repr(rows)


def test_tokens_are_long_random_and_recognisable(sqlite_database: Database) -> None:
    tokens = {credentials.mint() for _ in range(100)}
    assert len(tokens) == 100
    assert all(t.startswith("pxt_") and len(t) >= 47 and t.isascii() for t in tokens)


def test_equal_values_have_equal_digests_only_in_one_field_of_one_object_of_one_site() -> None:
    first = secrets.digest(KEY, "uid-1", "user_data", "hunter2")
    assert first == secrets.digest(KEY, "uid-1", "user_data", "hunter2")
    others = {
        secrets.digest(OTHER_KEY, "uid-1", "user_data", "hunter2"),
        secrets.digest(KEY, "uid-2", "user_data", "hunter2"),
        secrets.digest(KEY, "uid-1", "password", "hunter2"),
        secrets.digest(KEY, "uid-1", "user_data", "hunter3"),
    }
    assert len(others | {first}) == 5


def test_a_sealed_value_and_its_facts_are_what_was_stored_last(database: Database) -> None:
    tenant, uid = database.new_uid(), database.new_uid()
    for version, value in enumerate(["old", "new"], start=1):
        facts = StoredSecret(f"digest of {value}", version)
        sealed = Sealed(value.encode(), version)
        database.write(lambda tx, v=sealed, f=facts: secrets.put(tx, tenant, uid, "user_data", v, f))
    facts = database.read(lambda tx: secrets.facts(tx, tenant, uid))
    assert facts == {"user_data": StoredSecret("digest of new", 2)}
    assert database.read(lambda tx: secrets.sealed(tx, tenant, uid)) == {"user_data": (Sealed(b"new", 2), 2)}
    assert database.read(lambda tx: secrets.sizes(tx, tenant, uid)) == {"user_data": 3}


def test_a_removed_secret_is_gone_from_the_database(database: Database) -> None:
    tenant, uid = database.new_uid(), database.new_uid()
    for path in ("a", "b", "c"):
        database.write(lambda tx, p=path: secrets.put(tx, tenant, uid, p, Sealed(p.encode(), 1), StoredSecret("d", 1)))
    database.write(lambda tx: secrets.remove(tx, tenant, uid, "a"))
    assert set(database.read(lambda tx: secrets.facts(tx, tenant, uid))) == {"b", "c"}
    database.write(lambda tx: secrets.remove(tx, tenant, uid))
    assert database.read(lambda tx: tx.conn.execute(select(sealed_secret)).all()) == []
