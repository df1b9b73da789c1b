"""What the database's fence holds back when the application's own filters are gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, get_args

import pytest
from sqlalchemy import ColumnElement, and_, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.schema import Table

from pextra.errors import PextraError
from pextra.resources.share import ShareSpec
from pextra.services import authorization, bounds, tenancy, writing
from pextra.services.authentication import authenticate
from pextra.services.cloud import Cloud, Context
from pextra.store import fence, objects
from pextra.store.database import Database, Key, Rollback, Tx
from pextra.store.fence import Fence, Open
from pextra.store.tables import metadata, request_key, resource, resource_status
from tests.api.everything import make_everything
from tests.api.site import Site

T = TypeVar("T")
OWNER_COLUMNS: Final = ("tenant_uid", "source_tenant_uid", "stream")
HELD: Final = frozenset(
    {
        "resource", "resource_status", "resource_index", "resource_reference", "data_key", "sealed_secret",
        "credential", "quota_usage", "event", "allocation", "address", "audit_entry", "audit_head", "request_key",
    }
)  # fmt: skip
"""Tables in which acme has rows once it has one of everything: those that show most."""


def in_tx_of(site: Site, token: str, work: Callable[[Context], T]) -> T:
    """Run `work` where the API runs use cases of this token, and roll it back."""
    cloud = site.served

    def run(tx: Tx) -> T:
        raise Rollback(work(bounds.confine(Context(cloud, tx, authenticate(cloud, tx, token)))))

    return cloud.database.write(run)


def uid_of(site: Site, path: str) -> str:
    return site.admin.get(f"tenants/{path}").ok()["metadata"]["uid"]


def owner_of(table: Table) -> ColumnElement[Any] | None:
    return next((table.c[name] for name in OWNER_COLUMNS if name in table.c), None)


def rows_of(site: Site, table: Table, tenants: set[str], principal: str) -> list[dict[str, Any]]:
    """The rows that are those tenants', as the owner of the database sees them."""
    owner = owner_of(table)
    mine = request_key.c.scope == principal if table is request_key else None if owner is None else owner.in_(tenants)
    if mine is None:
        return []
    return site.database.read(lambda tx: [dict(r) for r in tx.conn.execute(select(table).where(mine)).mappings()])


def refused(tx: Tx, statement: Any) -> bool:
    """Whether the database refuses the statement for want of a right."""
    try:
        with tx.savepoint():
            tx.conn.execute(statement)
    except DBAPIError as error:
        return getattr(error.orig, "sqlstate", "") == "42501"
    return False


@pytest.fixture
def whole(fenced_site: Site) -> Site:
    """A site behind its fence with one of everything, made true."""
    make_everything(fenced_site)
    fenced_site.ada.put("tenants/acme/networks/keyed", {}, headers={"Idempotency-Key": "k"}).ok()
    fenced_site.converge()
    return fenced_site


def test_every_table_is_fenced_or_says_why_not() -> None:
    assert set(fence.FENCES) == set(metadata.tables)
    bare = {name for name, how in fence.FENCES.items() if isinstance(how, Open)}
    assert all(len(how.why) > 20 for how in fence.FENCES.values() if isinstance(how, Open))
    with_owner = {name for name, table in metadata.tables.items() if owner_of(table) is not None}
    assert bare & with_owner == {"work"}


def test_what_can_be_lent_is_what_can_be_shared() -> None:
    annotation = ShareSpec.model_fields["kind"].annotation
    assert set(fence.LENT) == set(get_args(annotation))


def test_raw_statements_in_a_transaction_of_one_tenant_find_and_change_nothing_of_anothers(whole: Site) -> None:
    acme = {uid_of(whole, path) for path in ("acme", "acme.dev", "acme.ops")}
    ada = whole.ada.get("whoami").ok()["uid"]
    theirs = {name: rows_of(whole, table, acme, ada) for name, table in metadata.tables.items()}
    assert {name for name, rows in theirs.items() if rows} >= HELD

    def attack(ctx: Context) -> list[str]:
        faults: list[str] = []
        for name, rows in theirs.items():
            table, how = metadata.tables[name], fence.FENCES[name]
            if not isinstance(how, Fence) or name in ("policy_head", "audit_chain", "stream_head"):
                continue
            for row in rows[:40]:
                here = and_(*(column == row[column.name] for column in table.primary_key.columns))
                seen = ctx.tx.conn.execute(select(func.count()).select_from(table).where(here)).scalar_one()
                if seen:
                    faults.append(f"{name}: sees {row}")
                if not refused(ctx.tx, insert(table).values(**row)):
                    faults.append(f"{name}: inserts {row}")
                faults += [
                    f"{name}: {verb.__visit_name__}s {row}"
                    for verb in (update(table).values({c: c for c in table.c}), delete(table))
                    if not refused(ctx.tx, verb.where(here)) and ctx.tx.conn.execute(verb.where(here)).rowcount
                ]
        return faults

    assert in_tx_of(whole, whole.tokens["gus"], attack) == []


def test_before_anybody_is_known_only_what_decides_rights_is_seen_and_nothing_can_be_written(whole: Site) -> None:
    database = whole.served.database

    row = whole.database.read(lambda tx: dict(tx.conn.execute(select(resource).limit(1)).mappings().one()))

    def look(tx: Tx) -> tuple[set[str], dict[str, int], bool]:
        kinds = set(tx.conn.execute(select(resource.c.kind).distinct()).scalars())
        names = ("sealed_secret", "data_key", "quota_usage", "audit_entry", "event", "pending_audit", "request_key")
        counts = {n: tx.conn.execute(select(func.count()).select_from(metadata.tables[n])).scalar_one() for n in names}
        raise Rollback((kinds, counts, refused(tx, insert(resource).values(**row))))

    kinds, counts, cannot = database.write(look)
    area = {kind.name for kind in whole.cloud.registry if kind.area.value == "identity"}
    assert kinds <= area | {"tenant", "flavor", "gpu_profile", "address_pool"}
    own_keys = counts.pop("request_key")
    assert set(counts.values()) == {0}
    assert own_keys == whole.database.read(
        lambda tx: tx.conn.execute(
            select(func.count()).select_from(request_key).where(request_key.c.scope == "loops")
        ).scalar_one()
    )
    assert cannot


def _page_of_everybody(tx: Tx, tenant_uids: Any, kind: str, *, conditions: Any, after: Any, limit: int) -> Any:
    """`objects.page` without its conditions."""
    del tenant_uids, conditions, after
    joined = resource.join(
        resource_status,
        and_(resource.c.tenant_uid == resource_status.c.tenant_uid, resource.c.uid == resource_status.c.uid),
    )
    columns = (*resource.c, resource_status.c.revision, resource_status.c.status)
    query = select(*columns).select_from(joined).where(resource.c.kind == kind).limit(limit)
    return [objects.Record(*row) for row in tx.conn.execute(query)]


def test_a_list_that_forgot_its_filter_shows_ones_own_objects_only(
    fenced_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    fenced_site.ada.put("tenants/acme/networks/theirs", {}).ok()
    fenced_site.gus.put("tenants/globex/networks/ours", {}).ok()
    monkeypatch.setattr(objects, "page", _page_of_everybody)
    seen = fenced_site.gus.get("tenants/globex/networks").ok()["items"]
    assert [item["metadata"]["name"] for item in seen] == ["ours"]
    bare = fenced_site.database.read(
        lambda tx: _page_of_everybody(tx, (), "network", conditions=(), after=None, limit=9)
    )
    assert {record.name for record in bare} == {"ours", "theirs"}  # what it would have shown


def test_a_use_case_that_forgot_to_ask_for_rights_neither_reads_nor_writes_anothers_tenant(
    fenced_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    fenced_site.ada.put("tenants/acme/networks/theirs", {"mtu": 1400}).ok()
    allowed = authorization.Verdict(True, "a check that somebody forgot")
    for name in ("require", "admit", "decide"):
        monkeypatch.setattr(authorization, name, lambda *_, **__: allowed)

    def unchecked(ctx: Context, address: Any) -> Any:
        found = authorization.tenant_at(ctx, address.tenant)
        assert found is not None
        bounds.enter(ctx, found)
        return found

    monkeypatch.setattr(tenancy, "of_address", unchecked)
    assert writing.tenancy.of_address is unchecked
    for name in ("theirs", "new"):  # neither the object nor the quota is there for gus
        assert fenced_site.gus.put(f"tenants/acme/networks/{name}", {"mtu": 1300}).code == "quota.exceeded"
        assert fenced_site.gus.put(f"tenants/acme/roles/{name}", {"actions": ["*"]}).status >= 400
    assert fenced_site.gus.patch("tenants/acme/networks/theirs", {"spec": {"mtu": 1300}}).status == 404
    assert fenced_site.gus.delete("tenants/acme/networks/theirs").status == 404
    monkeypatch.undo()
    assert [n["metadata"]["name"] for n in fenced_site.ada.get("tenants/acme/networks").ok()["items"]] == ["theirs"]
    assert fenced_site.ada.get("tenants/acme/networks/theirs").ok()["spec"]["mtu"] == 1400


def test_a_lender_shows_what_can_be_shared_and_takes_no_writes(fenced_site: Site) -> None:
    fenced_site.ada.put("tenants/acme/networks/front", {}).ok()
    fenced_site.ada.put("tenants/acme/volumes/data", {"size_gib": 1}).ok()
    acme, kinds = uid_of(fenced_site, "acme"), fenced_site.cloud.registry

    def look(ctx: Context) -> tuple[set[str], bool, int]:
        tenant = authorization.tenant_at(ctx, "acme")
        assert bounds.owner_uid(ctx, tenant, "acme", kinds["volume"]) == ctx.cloud.site.uid
        assert bounds.owner_uid(ctx, tenant, "acme", kinds["network"]) == acme
        seen = ctx.tx.conn.execute(select(resource.c.kind).where(resource.c.tenant_uid == acme)).scalars()
        statuses = select(func.count()).select_from(resource_status).where(resource_status.c.tenant_uid == acme)
        changed = ctx.tx.conn.execute(delete(resource).where(resource.c.tenant_uid == acme)).rowcount
        return set(seen), changed == 0, ctx.tx.conn.execute(statuses).scalar_one()

    assert in_tx_of(fenced_site, fenced_site.tokens["gus"], look) == ({"network"}, True, 1)


def test_what_one_transaction_told_the_next_on_its_connection_does_not_know(fenced_site: Site) -> None:
    database = Database(str(fenced_site.served.database.url), pool_size=1)
    cloud = Cloud(fenced_site.cloud.registry, database, fenced_site.cloud.site)

    def told(tx: Tx) -> str:
        return tx.conn.execute(text("SELECT coalesce(current_setting('pextra.tenants', true), '')")).scalar_one()

    try:
        token = fenced_site.tokens["gus"]
        mine = database.read(lambda tx: told(bounds.confine(Context(cloud, tx, authenticate(cloud, tx, token))).tx))
        assert mine == f"{{{uid_of(fenced_site, 'globex')}}}"
        assert database.read(told) == ""
        everything = database.read(
            lambda tx: told(bounds.confine(Context(cloud, tx, authenticate(cloud, tx, fenced_site.tokens["admin"]))).tx)
        )
        assert (everything, database.read(told)) == ("*", "")
    finally:
        database.close()


def test_what_was_told_in_a_savepoint_goes_with_it(fenced_site: Site) -> None:
    acme = uid_of(fenced_site, "acme")

    def widen_and_fail(tx: Tx) -> None:
        with bounds.beyond(tx, {acme}):
            assert tx.bounds is not None
            assert acme in tx.bounds.tenants
            raise PextraError("object.not_found", "undone")

    def look(ctx: Context) -> None:
        before = ctx.tx.bounds
        with pytest.raises(PextraError), ctx.tx.savepoint():
            widen_and_fail(ctx.tx)
        assert ctx.tx.bounds == before
        with bounds.beyond(ctx.tx, {acme}):
            assert ctx.tx.conn.execute(select(func.count()).where(resource.c.tenant_uid == acme)).scalar_one() > 0
        assert ctx.tx.bounds == before
        seen = select(func.count()).where(resource.c.tenant_uid == acme, resource.c.kind != "tenant")
        assert ctx.tx.conn.execute(seen).scalar_one() == 0

    in_tx_of(fenced_site, fenced_site.tokens["gus"], look)


def test_an_idempotency_key_is_seen_by_its_principal_only(fenced_site: Site) -> None:
    fenced_site.ada.put("tenants/acme/networks/keyed", {}, headers={"Idempotency-Key": "same"}).ok()
    again = fenced_site.ada.put("tenants/acme/networks/keyed", {}, headers={"Idempotency-Key": "same"})
    assert again.headers["Idempotency-Replayed"] == "true"
    scopes = select(request_key.c.scope).where(request_key.c.key == "same")
    assert in_tx_of(fenced_site, fenced_site.tokens["ada"], lambda c: len(c.tx.conn.execute(scopes).all())) == 1
    assert in_tx_of(fenced_site, fenced_site.tokens["gus"], lambda c: len(c.tx.conn.execute(scopes).all())) == 0


def test_an_ambiguous_commit_is_resolved_behind_the_fence(fenced_site: Site) -> None:
    database = fenced_site.served.database
    key = Key("0e4c0a52-0000-7000-8000-000000000000", "once")
    database.write(lambda tx: tx.tell(fence.EVERYTHING), key=key)

    def landed(tx: Tx) -> int | None:
        tx.key = key
        return Database._landed(tx)  # pyright: ignore[reportPrivateUsage]

    assert database.read(landed) is not None


@pytest.mark.parametrize("rest", ["name = 'n1'", "name > 'n1' ORDER BY name LIMIT 20"])
def test_the_policies_leave_the_choice_of_the_index_to_the_query(fenced_site: Site, rest: str) -> None:
    for number in range(40):
        fenced_site.ada.put(f"tenants/acme/networks/n{number}", {}).ok()
    acme = uid_of(fenced_site, "acme")
    joined = "resource JOIN resource_status USING (tenant_uid, uid)"
    where = f"tenant_uid = '{acme}' AND kind = 'network' AND {rest}"
    query = f"EXPLAIN SELECT resource.spec, resource_status.status FROM {joined} WHERE {where}"

    def plan(tx: Tx) -> list[str]:
        return [line.strip() for line in tx.conn.execute(text(query)).scalars()]

    def analyze(tx: Tx) -> None:
        tx.conn.execute(text("ANALYZE resource, resource_status"))

    fenced_site.database.write(analyze)
    fenced = in_tx_of(fenced_site, fenced_site.tokens["ada"], lambda ctx: plan(ctx.tx))
    bare = fenced_site.database.read(plan)
    assert any("resource_name" in line for line in bare)
    by_name = next(line for line in bare if line.startswith("Index Cond") and "name" in line)
    assert by_name in fenced
    assert any("resource_status_pkey" in line for line in fenced)
    assert not any("Seq Scan" in line for line in fenced)
