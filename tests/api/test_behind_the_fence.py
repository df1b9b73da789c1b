"""The essential part of the contract, and what concerns several tenants, in the role that the database's fence binds.

Each test also shows that the fence hid nothing that the API asked for: see `same_rows`.
"""

from __future__ import annotations

import pytest

from pextra.services import positions
from tests.api import (
    logins,
    test_audit_reading,
    test_gpu_gauges,
    test_gpu_usage,
    test_on_every_database,
    test_roles,
    test_shares,
    test_tenants_and_quota,
    test_watching,
)
from tests.api.everything import make_everything
from tests.api.site import IMAGE, Site
from tests.api.test_roles import bind

ESSENTIAL = {name: test for name, test in vars(test_on_every_database).items() if name.startswith("test_")}
ACROSS = {
    test.__name__: test
    for test in (
        test_shares.test_a_share_with_a_tenant_is_one_with_its_descendants,
        test_shares.test_a_reference_that_stands_outlives_its_share,
        test_shares.test_what_others_use_is_kept_for_them_and_they_are_not_named_to_its_owner,
        test_roles.test_somebody_with_a_role_in_another_tenant_works_there_and_nowhere_else,
        test_tenants_and_quota.test_limits_are_carved_out_of_the_parents,
        test_watching.test_what_happens_during_a_watch_is_told_in_it,
        test_audit_reading.test_a_chain_outlives_its_tenant_and_a_namesake_does_not_read_it,
        test_gpu_usage.test_usage_is_read_by_its_tenant_and_those_above_and_exists_for_nobody_else,
        test_gpu_usage.test_tenants_above_are_told_of_those_below_by_tenant_and_operators_of_all,
        test_gpu_usage.test_a_page_token_of_one_tenant_shows_nothing_of_another,
        test_gpu_usage.test_what_a_tenant_that_has_gone_had_is_told_to_operators,
        test_gpu_gauges.test_what_is_given_out_and_left_is_told_by_model_profile_and_tenant,
    )
}
globals().update(ESSENTIAL | ACROSS)


@pytest.fixture
def any_site(compared_site: Site) -> Site:
    """A new site behind its fence."""
    return compared_site


@pytest.fixture
def site(compared_site: Site) -> Site:
    """The same."""
    return compared_site


@pytest.fixture
def whole(any_site: Site) -> Site:
    """A site with one of everything, made true."""
    make_everything(any_site)
    any_site.converge()
    return any_site


@pytest.fixture
def owned(site: Site) -> Site:
    """A site where `acme` has an image of its own."""
    site.ada.put(test_shares.MINE, IMAGE).ok()
    return site


def test_a_role_of_a_tenant_above_is_given_and_taken_below_by_those_below(site: Site) -> None:
    site.admin.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    site.ada.put("tenants/acme/roles/nets", {"actions": ["network.*"]}).ok()
    bind(site.ada, "acme", "dev-reads", "reader", "acme.dev/dev")
    dora = site.user("acme.dev", "dora", None)
    bind(site.ada, "acme.dev", "dora", "acme/nets", "dora").ok()
    assert dora.put("tenants/acme.dev/networks/n", {}).status == 201
    assert site.ada.delete("tenants/acme/roles/nets").code == "object.in_use"
    site.dev.delete("tenants/acme.dev/role_bindings/dora").ok()
    assert dora.get("tenants/acme.dev/networks/n").status == 404


def test_a_policy_of_a_tenant_above_binds_those_who_may_not_read_it(site: Site) -> None:
    site.admin.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    forbid = 'forbid (principal, action == Action::"network.create", resource) when { resource.spec.mtu < 1400 };'
    site.ada.put("tenants/acme/policies/mtu", {"text": forbid}).ok()
    assert site.dev.get("tenants/acme/policies/mtu").status == 404
    assert site.dev.put("tenants/acme.dev/networks/n", {"mtu": 1300}).status == 403
    assert site.dev.put("tenants/acme.dev/networks/n", {"mtu": 1450}).status == 201


def test_a_plan_knows_that_others_use_what_it_would_delete(owned: Site) -> None:
    owned.ada.put("tenants/acme/networks/front", {}).ok()
    owned.ada.put("tenants/acme/shares/front", {"kind": "network", "name": "front", "tenants": "all"}).ok()
    owned.gus.put("tenants/globex/images/own", IMAGE).ok()
    spec = {"flavor": "small", "image": "own", "networks": [{"network": "acme/front"}]}
    owned.gus.put("tenants/globex/instances/spy", spec).ok()
    share, front = (
        {"verb": "delete", "object": {"kind": kind, "metadata": {"name": "front", "tenant": "acme"}}}
        for kind in ("share", "network")
    )
    changes = {c["kind"]: c for c in owned.ada.plan(share, front).ok()["changes"]}
    assert [p["code"] for p in changes["network"]["problems"]] == ["object.in_use"]
    assert changes["share"]["problems"] == []


def test_a_watch_of_several_tenants_tells_of_each(site: Site) -> None:
    site.admin.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    for path in ("acme/networks/a", "acme.dev/networks/b", "acme/networks/c"):
        site.ada.put(f"tenants/{path}", {}).ok()
    site.number_events()
    app = test_watching.streams(site)
    start = {"kind": "network", "position": positions.encode({})}
    seen = test_watching.backlog(app, site.ada, tenant="acme", recursive="true", **start)
    assert {line["name"] for line in seen} == {"a", "b", "c"}
    assert [line["name"] for line in test_watching.backlog(app, site.dev, tenant="acme.dev", **start)] == ["b"]
    assert test_watching.refused(app, site.gus, tenant="acme")[0] == 404


def test_a_write_in_a_tenant_below_is_seen_by_the_next_read_that_names_it(site: Site) -> None:
    site.admin.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    made = site.ada.put("tenants/acme.dev/networks/n", {})
    after = {"Pextra-After": made.headers["Pextra-Position"]}
    assert site.ada.get("tenants/acme.dev/networks/n", headers=after).status == 200
    assert site.gus.get("tenants/globex", headers=after).status == 200


def test_users_log_in_set_passwords_and_log_out(compared_site: Site) -> None:
    app = logins.server(compared_site, database=compared_site.served.database)
    logins.set_password(compared_site, app)
    ada = logins.session(app)
    assert logins.log_in(app, "quite another one").code == "auth.login_failed"
    changed = {"password": "copper lantern stairway", "current": logins.PASSWORD}
    ada.act(logins.ADA, "set_password", changed).ok()
    assert ada.get("whoami").code == "auth.unauthenticated"
    again = logins.session(app, "copper lantern stairway")
    (session,) = again.get("tenants/acme/sessions").ok()["items"]
    again.delete(f"tenants/acme/sessions/{session['metadata']['name']}").ok()
    assert again.get("whoami").status == 401


def test_the_deletion_of_a_tenant_below_is_foretold_and_done(compared_site: Site) -> None:
    site = compared_site
    site.ada.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    site.ada.put("tenants/acme.dev/networks/front", {}).ok()
    foretold = site.ada.delete("tenants/acme.dev", cascade=True, dry_run=True).ok()["takes_along"]
    assert {"kind": "network", "tenant": "acme.dev", "name": "front"}.items() <= foretold["objects"][-1].items()
    assert site.ada.delete("tenants/acme.dev", cascade=True).status == 202
