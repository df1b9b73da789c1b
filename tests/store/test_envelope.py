"""Secrets in the database are sealed; keys are changed, lost and moved without a value being lost or shown."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from pextra import wiring
from pextra.encryption.key_file import KeyFile
from pextra.errors import PextraError
from pextra.pki.authority import Authority
from pextra.resources import REGISTRY
from pextra.services import agents, key_rotation
from pextra.services.bootstrap import open_cloud
from pextra.services.cloud import Cloud
from pextra.store import data_keys, schema, secrets, site
from pextra.store.database import Database, Tx
from pextra.store.secrets import StoredSecret
from pextra.store.tables import data_key, resource_secret, sealed_secret
from pextra.store.tables import site as site_table

MARKER = "marker-0a1b2c3d4e"


@pytest.fixture
def keeper(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


@pytest.fixture
def cloud(database: Database, keeper: KeyFile) -> Cloud:
    """A site on every flavour of database, with a key of its own."""
    return open_cloud(database, REGISTRY, keeper)[0]


@pytest.fixture
def sqlite_cloud(sqlite_database: Database, keeper: KeyFile) -> Cloud:
    return open_cloud(sqlite_database, REGISTRY, keeper)[0]


def keep(cloud: Cloud, value: str = MARKER, *, tenant: str | None = None, version: int = 1) -> tuple[str, str]:
    """Store a secret of a new object; the tenant and the object."""
    tenant, uid = tenant or cloud.database.new_uid(), cloud.database.new_uid()
    values = {"user_data": (value, StoredSecret("d", version))}
    cloud.database.write(lambda tx: cloud.keys.put(tx, tenant, uid, values))
    return tenant, uid


def reveal(cloud: Cloud, tenant: str, uid: str) -> dict[str, str]:
    return cloud.database.read(lambda tx: cloud.keys.reveal(tx, tenant, uid))


def again(cloud: Cloud, keeper: KeyFile | None = None) -> Cloud:
    """The same site, as another process opens it."""
    path = cloud.keys.keeper.path if isinstance(cloud.keys.keeper, KeyFile) else None
    assert path is not None
    return open_cloud(cloud.database, REGISTRY, keeper or KeyFile(path))[0]


def refused(code: str, cloud: Cloud, tenant: str, uid: str) -> PextraError:
    with pytest.raises(PextraError) as raised:
        reveal(again(cloud), tenant, uid)
    assert raised.value.code == code
    assert MARKER not in raised.value.message
    return raised.value


def test_a_value_is_sealed_with_its_tenants_key_and_opens_in_every_process(cloud: Cloud) -> None:
    tenant, uid = keep(cloud)
    other, _ = keep(cloud, tenant=tenant)
    keep(cloud)
    assert other == tenant
    assert reveal(cloud, tenant, uid) == reveal(again(cloud), tenant, uid) == {"user_data": MARKER}
    rows = cloud.database.read(lambda tx: tx.conn.execute(select(sealed_secret)).all())
    assert len(rows) == 3
    assert MARKER not in repr(rows)
    assert sum(cloud.database.read(data_keys.count).values()) == 3  # two tenants, and the site


def test_what_was_rolled_back_leaves_no_key_behind_that_is_used_later(cloud: Cloud) -> None:
    tenant, uid = cloud.database.new_uid(), cloud.database.new_uid()
    values = {"user_data": ("never stored", StoredSecret("d", 1))}
    with pytest.raises(ZeroDivisionError):
        cloud.database.write(lambda tx: (cloud.keys.put(tx, tenant, uid, values), 1 // 0))
    _, kept = keep(cloud, tenant=tenant)
    assert reveal(again(cloud), tenant, kept) == {"user_data": MARKER}
    assert reveal(cloud, tenant, uid) == {}


@pytest.mark.parametrize("column", ["tenant_uid", "uid", "path", "version"])
def test_a_row_that_was_moved_to_another_place_does_not_open(cloud: Cloud, column: str) -> None:
    tenant, uid = keep(cloud)
    stranger, _ = keep(cloud, "of a stranger")
    moved = {"tenant_uid": stranger, "uid": cloud.database.new_uid(), "path": "data.password", "version": 2}
    cloud.database.write(
        lambda tx: tx.conn.execute(
            update(sealed_secret).where(sealed_secret.c.uid == uid).values({column: moved[column]})
        )
    )
    where = {"tenant_uid": tenant, "uid": uid} | {column: moved[column]}
    refused("keys.damaged", cloud, str(where["tenant_uid"]), str(where["uid"]))


def test_a_tenants_data_key_does_not_open_in_the_place_of_anothers(cloud: Cloud) -> None:
    tenant, uid = keep(cloud)
    stranger, _ = keep(cloud, "of a stranger")

    def swap(tx: Tx) -> None:
        theirs = data_keys.newest(tx, stranger)
        assert theirs is not None
        tx.conn.execute(update(data_key).where(data_key.c.tenant_uid == tenant).values(wrapped=theirs.wrapped))

    cloud.database.write(swap)
    refused("keys.damaged", cloud, tenant, uid)


def test_a_data_key_that_is_gone_is_said_to_be(cloud: Cloud) -> None:
    tenant, uid = keep(cloud)
    cloud.database.write(lambda tx: data_keys.remove(tx, tenant))
    refused("keys.damaged", cloud, tenant, uid)


def test_a_rotation_leaves_every_value_readable_and_nothing_under_the_old_key(cloud: Cloud) -> None:
    kept = [keep(cloud, f"{MARKER} {n}") for n in range(3)]
    running = again(cloud)  # a process that knows the old version only
    before = key_rotation.status(cloud)
    after = key_rotation.rotate(cloud)
    assert before.finished
    assert after.finished
    assert after.versions == [before.current, after.current]
    assert after.data_keys == {after.current: 4}
    for other in (running, again(cloud)):
        assert [reveal(other, *each) for each in kept] == [{"user_data": f"{MARKER} {n}"} for n in range(3)]
    tenant, uid = keep(running, "new")  # what it seals now is under the new version
    assert key_rotation.status(cloud).data_keys == {after.current: 5}
    assert key_rotation.forget(cloud) == [before.current]
    assert reveal(again(cloud), tenant, uid) == {"user_data": "new"}
    assert reveal(again(cloud), *kept[0]) == {"user_data": f"{MARKER} 0"}


def test_an_interrupted_rotation_loses_nothing_and_is_finished_by_the_next(
    sqlite_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = sqlite_cloud
    monkeypatch.setattr(key_rotation, "BATCH", 1)
    kept = [keep(cloud, f"{MARKER} {n}") for n in range(3)]

    def die(done: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        key_rotation.rotate(cloud, die)
    half = key_rotation.status(cloud)
    assert not half.finished
    assert sorted(half.data_keys.values()) == [2, 2]
    assert [reveal(again(cloud), *each) for each in kept] == [{"user_data": f"{MARKER} {n}"} for n in range(3)]
    assert key_rotation.forget(cloud) == []  # what is in use stays
    whole = key_rotation.rotate(cloud)
    assert whole.finished
    assert whole.versions == half.versions  # no third version was made
    assert [reveal(again(cloud), *each) for each in kept] == [{"user_data": f"{MARKER} {n}"} for n in range(3)]


def test_a_lost_key_stops_the_start_and_says_what_is_lost_and_nothing_is_made_in_its_place(
    sqlite_cloud: Cloud, keeper: KeyFile
) -> None:
    keep(sqlite_cloud)
    keeper.path.rename(keeper.path.with_name("away"))
    with pytest.raises(PextraError) as raised:
        again(sqlite_cloud)
    assert raised.value.code == "keys.lost"
    for word in (str(keeper.path), "1 secrets", "2 data keys", "certificate authority", "docs/secrets.md"):
        assert word in raised.value.message
    assert not keeper.path.exists()


def test_a_wrong_key_file_stops_the_start_and_names_the_key_that_is_wanted(
    sqlite_cloud: Cloud, keeper: KeyFile, tmp_path: Path
) -> None:
    stranger = KeyFile(tmp_path / "stranger.json")
    stranger.ensure()
    with pytest.raises(PextraError) as raised:
        again(sqlite_cloud, stranger)
    assert raised.value.code == "keys.lost"
    assert keeper.newest() in raised.value.message
    assert stranger.newest() in raised.value.message


def test_a_key_file_that_cannot_be_used_now_is_worth_another_try(sqlite_cloud: Cloud, keeper: KeyFile) -> None:
    tenant, uid = keep(sqlite_cloud)
    keeper.path.chmod(0o644)
    with pytest.raises(PextraError) as raised:
        again(sqlite_cloud)
    assert raised.value.code == "keys.unavailable"
    keeper.path.chmod(0o600)
    assert reveal(again(sqlite_cloud), tenant, uid) == {"user_data": MARKER}


def test_the_authoritys_key_and_the_key_of_the_digests_are_not_in_the_database(cloud: Cloud) -> None:
    authority = cloud.database.write(lambda tx: agents.authority(cloud, tx))
    digest_key = cloud.database.read(cloud.keys.digest_key)
    rows = repr(cloud.database.read(lambda tx: tx.conn.execute(select(site_table)).all()))
    assert authority.certificate_pem.splitlines()[1] in rows
    assert "PRIVATE" not in rows
    assert authority.key_pem().splitlines()[1] not in rows
    assert digest_key not in rows
    other = again(cloud)
    assert other.database.read(lambda tx: agents.authority(other, tx)).key_pem() == authority.key_pem()
    assert other.database.read(other.keys.digest_key) == digest_key


# --- what an earlier version stored in the clear ---


@pytest.fixture
def earlier(tmp_path: Path) -> Iterator[Database]:
    """A database as the version before left it: 250 clear secrets, and clear keys of the site."""
    database = Database(f"sqlite:///{tmp_path / 'earlier.db'}")
    schema.migrate(database)

    def fill(tx: Tx) -> None:
        site.create(tx)
        made = authority_of_earlier()
        rows = {"digest_key": "ab" * 32, "agent_authority": made[0], "agent_authority_key": made[1]}
        tx.insert(site_table, [{"key": key, "value": value} for key, value in rows.items()])
        tenant = tx.new_uid()
        tx.insert(
            resource_secret,
            [
                {"tenant_uid": tenant, "uid": tx.new_uid(), "path": "user_data", "value": f"{MARKER} {n}",
                 "digest": f"{n:064}", "version": n + 1}
                for n in range(250)
            ],
        )  # fmt: skip

    database.write(fill)
    yield database
    database.close()


def authority_of_earlier() -> tuple[str, str]:
    made = Authority.create("earlier", datetime.now(UTC))
    return made.certificate_pem, made.key_pem()


def on_disk(database: Database) -> bytes:
    assert database.file is not None
    return b"".join(path.read_bytes() for path in database.file.parent.glob(f"{database.file.name}*"))


def test_what_was_stored_in_the_clear_is_sealed_at_the_next_start_and_its_traces_overwritten(
    earlier: Database, keeper: KeyFile
) -> None:
    before = earlier.read(lambda tx: secrets.clear_values(tx, limit=1000))
    clear_key = earlier.read(site.clear)["agent_authority_key"].splitlines()[1]
    earlier.write(lambda tx: tx.conn.execute(delete(resource_secret).where(resource_secret.c.version > 240)))
    assert MARKER.encode() in on_disk(earlier)
    cloud = wiring.open_site(earlier, keeper=keeper).cloud
    for each in before[:240]:
        assert reveal(cloud, each.tenant_uid, each.uid) == {"user_data": each.value}
        assert earlier.read(lambda tx, e=each: secrets.facts(tx, e.tenant_uid, e.uid)) == {"user_data": each.facts}
    assert earlier.read(cloud.keys.digest_key) == "ab" * 32  # digests that clients hold stay good
    assert clear_key in earlier.read(lambda tx: agents.authority(cloud, tx)).key_pem()
    for trace in (MARKER, clear_key, "ab" * 32):
        assert trace.encode() not in on_disk(earlier)


def test_sealing_what_was_clear_may_die_after_any_batch(
    earlier: Database, keeper: KeyFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pextra.services.sealing_clear.BATCH", 60)
    before = earlier.read(lambda tx: secrets.clear_values(tx, limit=1000))
    for death in range(1, 20):
        left = [death]

        def point(name: str, left: list[int] = left) -> None:
            left[0] -= name == "committed"
            if left[0] == 0:
                raise KeyboardInterrupt

        dying = Database(f"sqlite:///{tmp_path / 'earlier.db'}", point=point)
        try:
            wiring.open_site(dying, keeper=keeper)
        except KeyboardInterrupt:
            continue
        finally:
            dying.close()
        break
    else:
        raise AssertionError("the start never came to its end")
    cloud = again(wiring.open_site(earlier, keeper=keeper).cloud)
    assert [reveal(cloud, e.tenant_uid, e.uid)["user_data"] for e in before] == [e.value for e in before]
    assert earlier.read(secrets.count) == 250
    assert MARKER.encode() not in on_disk(earlier)


def test_a_copied_database_is_worth_nothing_without_the_key(sqlite_cloud: Cloud, tmp_path: Path) -> None:
    tenant, uid = keep(sqlite_cloud)
    sqlite_cloud.database.write(lambda tx: secrets.remove(tx, tenant, uid))
    keep(sqlite_cloud, tenant=tenant)
    raw = on_disk(sqlite_cloud.database)
    assert b"sealed_secret" in raw
    assert MARKER.encode() not in raw
    assert sqlite_cloud.database.file is not None
    sqlite_cloud.database.overwrite_freed()  # so that one file is all of it
    copy = shutil.copy(sqlite_cloud.database.file, tmp_path / "copy.db")
    stolen = Database(f"sqlite:///{copy}")
    thief = KeyFile(tmp_path / "thief.json")
    thief.ensure()
    with pytest.raises(PextraError):
        open_cloud(stolen, REGISTRY, thief)
    stolen.close()
