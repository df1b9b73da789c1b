"""A kind that is declared in under forty lines is there on every surface."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from pextra.resources import REGISTRY
from pextra.store import events
from pextra.store.database import Database
from pextra_client.cli.entry import run
from pextra_client.client import Client
from tests.api import bucket
from tests.api.bucket import BUCKET
from tests.api.serving import served
from tests.api.site import Site
from tests.api.templates import SqliteTemplate
from tests.store.clock import ManualClock

FILES = "tenants/acme/buckets/files"


@pytest.fixture
def site(sqlite_template: SqliteTemplate, tmp_path: Path) -> Iterator[Site]:
    """A site that has buckets too."""
    clock = ManualClock()
    database = Database(sqlite_template.copy(tmp_path / "site.db"), clock=clock, rng=random.Random(1), durable=False)
    yield Site(database, clock, sqlite_template.tokens, REGISTRY.plus(BUCKET))
    database.close()


def test_it_takes_less_than_forty_lines() -> None:
    assert len(Path(bucket.__file__).read_text().splitlines()) < 40


def test_it_has_the_routes_of_every_kind(site: Site) -> None:
    made = site.ada.put(FILES, {"size_gib": 10}, labels={"app": "web"}, headers={"If-None-Match": "*"})
    assert (made.status, made.body["kind"]) == (201, "bucket")
    assert made.body["status"]["conditions"][0]["status"] == "true"
    assert site.ada.get(FILES).body == made.body
    assert site.ada.put_whole(FILES, made.body).body["metadata"]["generation"] == 1
    assert site.ada.patch(FILES, {"spec": {"size_gib": 20}}).body["spec"] == {"size_gib": 20, "region": "home"}
    assert site.ada.get("tenants/acme/buckets", filter="spec.size_gib=20", labels="app").body["items"]
    assert site.ada.get(FILES, wait="ready", timeout_s=0).status == 200
    assert site.ada.delete(FILES).status == 204
    assert site.ada.get("tenants/acme/buckets").body["items"] == []


def test_its_spec_is_validated_with_the_paths_of_its_fields(site: Site) -> None:
    refused = site.ada.put(FILES, {"size_gib": "ten", "region": "x" * 21, "colour": "red"})
    assert set(refused.fields) == {"spec.size_gib", "spec.region", "spec.colour"}
    assert site.ada.put("tenants/acme/buckets/No", {"size_gib": 1}).fields == ["metadata.name"]
    assert site.ada.put(FILES, {"size_gib": 1, "network": "none"}).body["field"] == "spec.network"


def test_its_dry_run_tells_fields_effects_and_quota(site: Site) -> None:
    site.ada.put("tenants/acme/networks/front", {}).ok()
    site.ada.put(FILES, {"size_gib": 10}).ok()
    change = site.ada.patch(FILES, {"spec": {"size_gib": 12, "network": "front"}}, dry_run=True).ok()
    assert [(f["path"], f["effect"]) for f in change["fields"]] == [
        ("spec.size_gib", "in_place"), ("spec.network", "restart"),
    ]  # fmt: skip
    assert (change["action"], change["quota"]) == ("restart", {"bucket_gib": 2})
    assert site.ada.patch(FILES, {"spec": {"region": "away"}}, dry_run=True).body["action"] == "replace"
    assert site.ada.patch(FILES, {"spec": {"region": "away"}}).code == "spec.immutable"


def test_it_is_planned_and_pruned(site: Site) -> None:
    site.ada.put("tenants/acme/buckets/old", {"size_gib": 1}, labels={"app": "web"}).ok()
    documents = [
        {"kind": "bucket", "metadata": {"name": "files", "tenant": "acme"}, "spec": {"size_gib": 1, "network": "n"}},
        {"kind": "network", "metadata": {"name": "n", "tenant": "acme"}},
    ]
    plan = site.ada.plan(
        *({"verb": "put", "object": d} for d in documents), prune={"labels": "app=web", "tenant": "acme"}
    ).ok()
    assert [(c["kind"], c["action"], c["unknown"]) for c in plan["changes"]] == [
        ("network", "create", []), ("bucket", "create", []), ("bucket", "delete", []),
    ]  # fmt: skip


def test_what_it_refers_to_is_kept(site: Site) -> None:
    site.ada.put("tenants/acme/networks/front", {}).ok()
    site.ada.put(FILES, {"size_gib": 1, "network": "front"}).ok()
    assert site.ada.delete("tenants/acme/networks/front").body["dependants"] == ["bucket files"]


def test_its_secret_stays_one(site: Site) -> None:
    made = site.ada.put(FILES, {"size_gib": 1, "password": "hunter2"})
    assert made.body["spec"]["password"]["secret"]["version"] == 1
    tables = site.world()
    assert len(tables["sealed_secret"]) == 1
    assert "hunter2" not in repr(tables) + made.text + site.ada.get(FILES).text


def test_it_counts_against_quota(site: Site) -> None:
    limits = {"users": 9, "api_tokens": 9, "role_bindings": 9, "buckets": 1, "bucket_gib": 10}
    site.admin.put("tenants/acme.dev/quotas/default", {"limits": limits}).ok()
    assert site.dev.put("tenants/acme.dev/buckets/a", {"size_gib": 11}).body["countable"] == "bucket_gib"
    site.dev.put("tenants/acme.dev/buckets/a", {"size_gib": 10}).ok()
    assert site.dev.put("tenants/acme.dev/buckets/b", {"size_gib": 1}).code == "quota.exceeded"
    usage = site.dev.get("tenants/acme.dev/quotas/default").body["status"]["usage"]
    assert usage["bucket_gib"] == {"limit": 10, "used": 10, "granted": 0, "available": 0}


def test_its_actions_and_refusals_bear_its_name(site: Site) -> None:
    site.ada.put(FILES, {"size_gib": 1}).ok()
    operation = site.ada.act(FILES, "scrub")
    assert (operation.status, operation.body["spec"]["action"]) == (202, "scrub")
    assert operation.body["spec"]["target"]["kind"] == "bucket"
    assert "scrub" in site.ada.act(FILES, "burn").body["detail"]
    assert site.gus.get(FILES).body["detail"] == "There is no bucket 'files' in tenant 'acme'."


def test_its_changes_are_events_of_its_tenant(site: Site) -> None:
    site.ada.put(FILES, {"size_gib": 1}).ok()
    site.ada.delete(FILES).ok()
    site.number_events()
    uid = site.ada.get("tenants/acme").body["metadata"]["uid"]
    found = site.database.read(lambda tx: events.after(tx, uid, 0, limit=1_000))
    assert [(e.type, e.name) for e in found if e.kind == "bucket"] == [("created", "files"), ("deleted", "files")]


def test_it_is_in_every_published_document(site: Site) -> None:
    document = site.nobody.get("/openapi.json").body
    assert {"get", "put", "patch", "delete"} <= set(document["paths"]["/v1/tenants/{tenant}/buckets/{name}"])
    assert "post" in document["paths"]["/v1/tenants/{tenant}/buckets/{name}/actions/scrub"]
    assert document["components"]["schemas"]["BucketSpec"]["properties"]["size_gib"]["maximum"] == 100
    told = next(k for k in site.ada.get("kinds").body["kinds"] if k["kind"] == "bucket")
    assert (told["plural"], told["short_names"], told["countables"]) == ("buckets", ["bkt"], BUCKET.countables)
    assert told["columns"] == [{"title": "SIZE GIB", "path": "spec.size_gib"}]
    validator = jsonschema.Draft202012Validator(site.nobody.get("schemas/manifest.json").body)
    validator.validate(BUCKET.example)
    assert not validator.is_valid({**BUCKET.example, "spec": {"size_gib": 0}})


def test_it_is_in_the_metrics(site: Site) -> None:
    site.ada.put(FILES, {"size_gib": 1}).ok()
    assert 'kind="bucket",method="PUT",status="201"' in site.nobody.get("/metrics").text


def test_the_client_and_the_command_know_it_from_the_server(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with served(site.app) as url:
        assert site.ada.token is not None
        with Client(url, site.ada.token, tenant="acme") as client:
            assert client.put("bucket", "files", {"size_gib": 3})["spec"]["size_gib"] == 3
            assert [each["metadata"]["name"] for each in client.list("bkt")] == ["files"]
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        for name, value in (("ENDPOINT", url), ("TOKEN", site.ada.token), ("TENANT", "acme")):
            monkeypatch.setenv(f"PEXTRA_{name}", value)
        assert run(["get", "buckets"]) == 0
        shown = capsys.readouterr().out
        assert "SIZE GIB" in shown
        assert run(["get", "bkt", "files", "-o", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["spec"]["size_gib"] == 3
        assert run(["delete", "bucket", "files", "--yes"]) == 0
    assert site.ada.get(FILES).status == 404
