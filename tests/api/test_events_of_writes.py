"""Every change through the API is in its tenant's stream, once and in order; what changes nothing is in none."""

from __future__ import annotations

from pextra.store import events
from tests.api.everything import make_everything
from tests.api.site import Site

FRONT, DATA = "tenants/acme/networks/front", "tenants/acme/volumes/data"


def stream(site: Site, tenant: str | None) -> list[tuple[str, str, int]]:
    """(type, kind/name, revision) of every event of a tenant, or of the cloud."""
    site.number_events()
    uid = site.cloud.site.uid
    if tenant is not None:
        uid = site.admin.get(f"tenants/{tenant}").body["metadata"]["uid"]
    found = site.database.read(lambda tx: events.after(tx, uid, 0, limit=10_000))
    assert [e.position for e in found] == list(range(1, len(found) + 1))
    return [(e.type, f"{e.kind}/{e.name}", e.revision) for e in found]


def test_the_life_of_an_object_is_told_in_order(any_site: Site) -> None:
    before = len(stream(any_site, "globex"))
    path = "tenants/globex/volumes/data"
    any_site.gus.put(path, {"size_gib": 1}).ok()
    any_site.gus.put(path, {"size_gib": 2}).ok()
    any_site.converge()
    any_site.gus.delete(path).ok()
    any_site.converge()
    life = [e for e in stream(any_site, "globex")[before:] if e[1] == "volume/data"]
    types = [e[0] for e in life]
    assert types[:3] == ["created", "updated", "status"]
    assert types[-1] == "deleted"
    assert types.index("deleting") < len(types) - 1
    revisions = [e[2] for e in life]
    assert revisions == sorted(set(revisions))


def test_an_object_without_a_loop_tells_of_creation_change_and_end(site: Site) -> None:
    site.ada.put(FRONT, {}).ok()
    site.ada.put(FRONT, {"mtu": 1400}).ok()
    site.ada.delete(FRONT).ok()
    assert [e[0] for e in stream(site, "acme") if e[1] == "network/front"] == [
        "created", "updated", "status", "deleted",
    ]  # fmt: skip


def test_what_changes_nothing_is_no_event(site: Site) -> None:
    site.ada.put(FRONT, {}).ok()
    before = stream(site, "acme")
    site.ada.put(FRONT, {}).ok()
    site.ada.patch(FRONT, {}).ok()
    site.ada.put(DATA, {"size_gib": 1}, dry_run=True).ok()
    site.ada.put(DATA, {"size_gib": 0})
    site.ada.plan()
    assert stream(site, "acme") == before


def test_each_tenant_has_its_own_stream_and_cloud_wide_objects_have_theirs(site: Site) -> None:
    make_everything(site)
    assert ("created", "instance/web-1", 1) in stream(site, "acme")
    assert "instance/web-1" not in str(stream(site, "globex"))
    assert {"tenant/acme", "flavor/small", "host/sim-1"} <= {e[1] for e in stream(site, None)}


def test_an_image_that_is_hidden_is_told_as_deleted_once(site: Site) -> None:
    make_everything(site)
    site.ada.delete("tenants/acme/images/mine", cascade=True).ok()
    site.ada.delete("tenants/acme/instances/web-1").ok()
    site.converge()
    site.ada.delete(DATA).ok()
    site.converge()
    told = [e[0] for e in stream(site, "acme") if e[1].startswith("image/")]
    assert told.count("deleted") == 1
    assert "deleting" not in told
