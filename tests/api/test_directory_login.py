"""Who knows a directory's password is let in as the user that this is here, and for as long as the tenant means it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pextra.services import sessions
from tests.api.audit import entries
from tests.api.caller import Answer, Caller
from tests.api.directory_world import COMPANY, LOVELACE, PASSWORDS, STAFF, Office, office
from tests.api.logins import HERE, PASSWORD, set_password
from tests.api.site import Site
from tests.labs.ports import LOOPBACK
from tests.labs.slapd import PEOPLE, READER, Slapd, is_there, slapd

pytestmark = [
    pytest.mark.skipif(not is_there(), reason="slapd is not installed"),
    pytest.mark.xdist_group("slapd"),
]
BY_PATTERN = {"search": None, "groups": None, "user_dn": f"uid={{name}},{PEOPLE}"}
MAPPED = [{"theirs": "staff", "group": "builders"}]


@pytest.fixture(scope="module")
def running() -> Iterator[Slapd]:
    with slapd(PASSWORDS, STAFF) as made:
        yield made


@pytest.fixture
def acme(site: Site, running: Slapd) -> Office:
    return office(site, running)


def with_group(acme: Office, **spec: Any) -> None:
    """The directory's `staff` are the group `builders`, who may do what members do."""
    ada = acme.site.ada
    ada.put("tenants/acme/groups/builders", {}).ok()
    ada.put("tenants/acme/role_bindings/builders", {"role": "member", "subject": {"kind": "group", "name": "builders"}})
    acme.trust(**{"groups": MAPPED, **spec}).ok()


# --- who is let in ---


def test_a_user_logs_in_with_the_directorys_password_by_the_name_here_or_there_or_in_capitals(acme: Office) -> None:
    for name in ("lovelace", "countess", "Lovelace", "COUNTESS"):
        me = acme.session(name, PASSWORDS["countess"]).get("whoami").ok()
        assert (me["user"], me["credential"]["kind"]) == ("lovelace", "session")


def test_the_directory_is_asked_over_starttls_or_on_loopback_in_clear_text(acme: Office) -> None:
    for clear_text in (False, True):
        acme.trust(acme.ldap(servers=[f"ldap://{LOOPBACK}:{acme.slapd.port}"], clear_text=clear_text)).ok()
        assert acme.log_in("countess").status == 201


def test_a_pattern_of_names_needs_no_account_and_lets_nobody_in_as_another(acme: Office) -> None:
    acme.trust(acme.ldap(**BY_PATTERN)).ok()
    assert acme.session("countess").get("whoami").ok()["user"] == "lovelace"
    identity = {"provider": "company", "subject": acme.subject("hedy")}
    acme.site.ada.put("tenants/acme/users/grace", {"identity": identity}).ok()  # grace there is not grace here
    assert acme.log_in("grace").code == "auth.login_failed"


def test_a_password_that_is_kept_here_is_not_that_of_a_directorys_user_nor_the_other_way_round(acme: Office) -> None:
    set_password(acme.site, acme.app)
    assert acme.log_in("ada", PASSWORD).status == 201
    assert acme.log_in("ada").code == "auth.login_failed"  # there is an ada there, too
    refused = acme.site.admin.act(LOVELACE, "set_password", {"password": PASSWORD})
    assert (refused.code, "company" in refused.text) == ("spec.invalid", True)


def test_a_password_from_before_the_user_was_the_directorys_is_good_no_longer(acme: Office) -> None:
    acme.site.ada.put("tenants/acme/users/hedy", {}).ok()
    set_password(acme.site, acme.app, path="tenants/acme/users/hedy")
    assert acme.log_in("hedy", PASSWORD).status == 201
    identity = {"provider": "company", "subject": acme.subject("hedy")}
    acme.site.ada.put("tenants/acme/users/hedy", {"identity": identity}).ok()
    assert acme.log_in("hedy", PASSWORD).code == "auth.login_failed"
    assert acme.log_in("hedy").status == 201
    acme.site.ada.patch(COMPANY, {"spec": {"enabled": False}}).ok()
    assert [acme.log_in("hedy", word).code for word in (PASSWORD, PASSWORDS["hedy"])] == ["auth.login_failed"] * 2


def test_a_new_password_is_set_in_the_directory_and_not_here(acme: Office) -> None:
    answer = acme.log_in("countess", new="kettle orbit lantern")
    assert (answer.status, answer.code) == (422, "spec.invalid")
    assert acme.log_in("countess", "wrong", new="kettle orbit lantern").code == "auth.login_failed"


TYPED = ["*", "c*", "countess)(uid=*", "*)(objectClass=*", "countess\\2a", "cöuntess", "a b", f"countess,{PEOPLE}"]


def test_what_is_typed_is_a_name_and_nothing_else(acme: Office) -> None:
    for ldap in (acme.ldap(), acme.ldap(**BY_PATTERN)):
        acme.trust(ldap, provision=True).ok()
        assert {acme.log_in(name, PASSWORDS["countess"]).code for name in TYPED} == {"auth.login_failed"}
    assert len(acme.site.ada.get("tenants/acme/users").ok()["items"]) == 2


# --- users that are made when they come ---


def test_a_stranger_of_the_directory_is_made_a_user_where_the_tenant_wants_that(acme: Office) -> None:
    assert acme.log_in("grace").code == "auth.login_failed"
    with_group(acme, provision=True)
    assert acme.log_in("grace", "wrong").code == "auth.login_failed"
    assert acme.site.ada.get("tenants/acme/users/grace").status == 404
    me = acme.session("grace").get("whoami").ok()
    assert (me["user"], me["groups"]) == ("grace", ["acme/builders"])
    made = acme.site.ada.get("tenants/acme/users/grace").ok()["spec"]
    assert made["identity"] == {"provider": "company", "subject": acme.subject("grace")}
    assert acme.session("grace").get("whoami").ok()["uid"] == me["uid"]


def test_no_user_is_made_beyond_the_quota_and_who_knows_the_password_is_told(acme: Office) -> None:
    acme.trust(provision=True).ok()
    used = len(acme.site.ada.get("tenants/acme/users").ok()["items"])
    limits = {"users": used + 5}  # five are granted to the tenant below
    acme.site.admin.put("tenants/acme/quotas/default", {"unlisted": "unlimited", "limits": limits}).ok()
    assert acme.log_in("grace").code == "quota.exceeded"
    assert acme.log_in("grace", "wrong").code == "auth.login_failed"


# --- groups ---


def test_groups_there_are_groups_here_as_the_mapping_is_now(acme: Office) -> None:
    with_group(acme)
    session = acme.session("countess")
    assert session.get("whoami").ok()["groups"] == ["acme/builders"]
    assert session.put("tenants/acme/networks/front", {}).status == 201
    [shown] = acme.site.ada.get("tenants/acme/sessions").ok()["items"]
    assert (shown["spec"]["provider"], shown["spec"]["groups"]) == ("company", ["staff"])
    acme.site.ada.put("tenants/acme/groups/others", {}).ok()
    acme.trust(groups=[{"theirs": "staff", "group": "others"}]).ok()
    assert session.get("whoami").ok()["groups"] == ["acme/others"]
    assert session.put("tenants/acme/networks/back", {}).status == 404
    acme.trust().ok()
    assert session.get("whoami").ok()["groups"] == []


def test_what_is_mapped_later_counts_from_the_next_login(acme: Office) -> None:
    with_group(acme, groups=[])
    session = acme.session("countess")
    acme.trust(groups=MAPPED).ok()
    assert session.get("whoami").ok()["groups"] == []
    assert acme.session("countess").get("whoami").ok()["groups"] == ["acme/builders"]


def test_a_session_lasts_as_long_as_the_tenant_lets_groups_be_believed(acme: Office) -> None:
    acme.trust(acme.ldap(session_s=900)).ok()
    session = acme.session("countess")
    acme.site.clock.advance(899)
    assert session.get("whoami").status == 200
    acme.site.clock.advance(2)
    assert session.get("whoami").code == "auth.unauthenticated"
    acme.trust(acme.ldap(session_s=2_592_000)).ok()
    session = acme.session("countess")
    acme.site.clock.advance(sessions.LASTING_S + 1)
    assert session.get("whoami").code == "auth.unauthenticated"


# --- what is revoked is refused at once ---

REVOCATIONS: dict[str, Callable[[Office], Answer]] = {
    "the user is disabled": lambda o: o.site.ada.patch(LOVELACE, {"spec": {"enabled": False}}),
    "the user is deleted": lambda o: o.site.ada.delete(LOVELACE),
    "the user is somebody else": lambda o: o.site.ada.patch(LOVELACE, {"spec": {"identity": {"subject": "other"}}}),
    "the user is nobody there": lambda o: o.site.ada.patch(LOVELACE, {"spec": {"identity": None}}),
    "the provider is disabled": lambda o: o.site.ada.patch(COMPANY, {"spec": {"enabled": False}}),
    "the directory is another": lambda o: o.trust(o.ldap(servers=["ldaps://ldap.example.com"])),
    "the provider is no directory": lambda o: o.site.ada.put(
        COMPANY, {"oidc": {"issuer": "https://login.example.com", "audiences": ["pextra"]}}
    ),
    "the tenant is being deleted": lambda o: o.site.admin.delete("tenants/acme", cascade=True),
}


@pytest.mark.parametrize("how", REVOCATIONS)
def test_what_is_revoked_is_refused_at_once_by_every_server(acme: Office, how: str) -> None:
    session = acme.session("countess")
    replica = acme.site.another_app()
    assert Caller(replica, session.token).get("whoami").status == 200
    REVOCATIONS[how](acme).ok()
    assert session.get("whoami").code == "auth.unauthenticated"
    assert Caller(replica, session.token).get("whoami").code == "auth.unauthenticated"


def test_a_provider_that_is_deleted_takes_its_sessions_rights_along(acme: Office) -> None:
    acme.trust(provision=True).ok()
    session = acme.session("grace")
    for user in ("grace", "lovelace"):
        acme.site.ada.patch(f"tenants/acme/users/{user}", {"spec": {"identity": None}}).ok()
    acme.site.ada.delete(COMPANY).ok()
    assert session.get("whoami").code == "auth.unauthenticated"
    acme.site.ada.delete("tenants/acme/secrets/directory").ok()


def test_numbers_that_change_nothing_of_what_is_believed_end_no_session(acme: Office) -> None:
    session = acme.session("countess")
    acme.trust(acme.ldap(timeout_s=9, attempts=9, session_s=7200)).ok()
    assert session.get("whoami").status == 200


def test_a_suspended_tenant_lets_nobody_in(acme: Office) -> None:
    session = acme.session("countess")
    acme.site.admin.put("tenants/acme", {"suspended": True}).ok()
    assert session.get("tenants/acme/networks").code == "tenant.suspended"
    assert acme.log_in("countess").code == "tenant.suspended"
    assert acme.log_in("countess", "wrong").code == "auth.login_failed"


# --- who is told ---


def test_the_audit_log_tells_by_which_provider_and_no_password(acme: Office) -> None:
    with_group(acme)
    provider_uid = acme.site.ada.get(COMPANY).ok()["metadata"]["uid"]
    acme.log_in("countess", "quite wrong")
    acme.log_in("countess").ok()
    made, refused = (
        entries(acme.site, acme.site.ada, "acme", action="session.create", outcome=o) for o in ("succeeded", "refused")
    )
    [entry] = made
    assert (entry["principal"]["name"], entry["principal"]["credential"]) == ("lovelace", provider_uid)
    assert (entry["reason"], entry["source"]["address"]) == ("the password of identity provider acme/company", HERE)
    [entry] = refused
    assert (entry["principal"], entry["object"]["name"]) == ({"kind": "anonymous"}, "countess")
    assert entry["reason"] == "identity provider company was asked"
    for password in ("quite wrong", PASSWORDS["countess"], READER[1]):
        assert password not in repr([*made, *refused, acme.site.world()])


def test_through_the_databases_fence_a_login_finds_all_that_it_needs(compared_site: Site, running: Slapd) -> None:
    acme = office(compared_site, running, compared_site.served.database)
    with_group(acme, provision=True)
    for user, known in (("countess", "lovelace"), ("grace", "grace")):
        session = acme.session(user)
        assert session.get("whoami").ok()["user"] == known
        assert session.put(f"tenants/acme/networks/{known}", {}).status == 201
    assert acme.log_in("hedy", "wrong").code == "auth.login_failed"
