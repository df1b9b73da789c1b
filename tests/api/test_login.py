"""Users log in with passwords; a session lasts until it expires, ends or its user may not act: then nowhere at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from sqlalchemy import select

from pextra import serving
from pextra.controllers.session_expiry import SessionExpiry
from pextra.errors import PextraError
from pextra.services import sessions
from pextra.services.password_hashing import Hashing, HashingSettings
from pextra.store.tables import credential, login_attempt, user_password
from tests.api.audit import entries
from tests.api.caller import Answer, Caller
from tests.api.logins import ADA, HERE, PASSWORD, log_in, server, session, set_password
from tests.api.site import Site
from tests.api.strangers import counted

OTHER = "kettle orbit lantern"


def stored_hash(site: Site) -> str:
    return site.database.read(lambda tx: tx.conn.execute(select(user_password.c.hash)).scalar_one())


# --- sessions ---


def test_a_login_gives_a_session_that_does_what_its_user_may(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    made = log_in(app)
    assert made.status == 201
    assert made.body["spec"]["user"] == "ada"
    assert made.body["spec"]["address"] == HERE
    ada = Caller(app, made.body["minted"]["token"])
    me = ada.get("whoami").ok()
    assert (me["user"], me["credential"]) == ("ada", {"kind": "session", "name": made.body["metadata"]["name"]})
    assert ada.put("tenants/acme/networks/n", {}).status == 201
    assert ada.put("tenants/globex/networks/n", {}).status == 404


def test_a_session_is_refused_at_once_by_every_server_when_it_is_deleted(site: Site) -> None:
    one, two = server(site), server(site)
    set_password(site, one)
    ada = session(one)
    name = ada.get("whoami").body["credential"]["name"]
    assert ada.delete(f"tenants/acme/sessions/{name}").status == 204
    assert Caller(two, ada.token).get("whoami").code == "auth.unauthenticated"
    assert ada.get("whoami").code == "auth.unauthenticated"


END: dict[str, Callable[[Site], Answer]] = {
    "disabled": lambda s: s.admin.put(ADA, {"enabled": False}),
    "deleted": lambda s: s.admin.delete(ADA, cascade=True),
    "tenant deleted": lambda s: s.admin.delete("tenants/acme", cascade=True),
    "a new password": lambda s: s.admin.act(ADA, "set_password", {"password": OTHER}),
}


@pytest.mark.parametrize("how", END)
def test_sessions_end_at_once_on_every_server_with_what_they_stand_on(site: Site, how: str) -> None:
    one, two = server(site), server(site)
    set_password(site, one)
    ada = session(one)
    END[how](site).ok()
    assert Caller(two, ada.token).get("whoami").code == "auth.unauthenticated"
    assert log_in(two).code == "auth.login_failed"


def test_a_user_who_is_logged_in_can_be_deleted_and_takes_sessions_password_and_places_along(site: Site) -> None:
    app = server(site)
    site.admin.put("tenants/acme/users/bob", {}).ok()
    set_password(site, app, path="tenants/acme/users/bob")
    log_in(app, user="bob").ok()
    assert site.admin.delete("tenants/acme/users/bob").status == 204
    world = site.world()
    assert world["user_password"] == world["login_place"] == []
    assert site.admin.get("tenants/acme/sessions").body["items"] == []


def test_a_suspended_tenant_lets_nobody_in_and_stops_sessions(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    ada = session(app)
    site.admin.put("tenants/acme", {"suspended": True}).ok()
    assert ada.get("tenants/acme/networks").code == "tenant.suspended"
    assert log_in(app).code == "tenant.suspended"
    assert log_in(app, "wrong").code == "auth.login_failed"


def test_a_session_expires_and_is_swept(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    ada = session(app)
    site.clock.advance(sessions.LASTING_S - 1)
    assert ada.get("whoami").status == 200
    site.clock.advance(2)
    assert ada.get("whoami").code == "auth.unauthenticated"
    assert SessionExpiry(site.cloud).run() == 0  # shown for a while: servers' clocks disagree
    site.clock.advance(sessions.SWEPT_AFTER_S)
    log_in(app).ok()
    expiry = SessionExpiry(site.cloud)
    assert expiry.run() == 1
    site.clock.advance(61)
    assert expiry.run() == 0
    assert len(site.ada.get("tenants/acme/sessions").body["items"]) == 1


def test_of_too_many_sessions_the_oldest_ends(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    callers: list[Caller] = []
    for _ in range(sessions.MOST_OF_A_USER + 2):
        callers.append(session(app))
        site.clock.advance(1)
    states = [each.get("whoami").status for each in callers]
    assert states == [401, 401, *[200] * sessions.MOST_OF_A_USER]


def test_users_see_and_end_their_own_sessions_and_not_those_of_others(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    theirs = log_in(app).ok()["metadata"]["name"]
    eve = site.user("acme", "eve", role=None)
    set_password(site, app, OTHER, "tenants/acme/users/eve")
    mine = log_in(app, OTHER, user="eve").ok()["metadata"]["name"]
    assert [i["metadata"]["name"] for i in eve.get("tenants/acme/sessions").body["items"]] == [mine]
    assert eve.delete(f"tenants/acme/sessions/{theirs}").status == 404
    assert eve.delete(f"tenants/acme/sessions/{mine}").status == 204
    assert site.ada.delete(f"tenants/acme/sessions/{theirs}").status == 204
    assert site.gus.get(f"tenants/acme/sessions/{theirs}").status == 404


def test_sessions_are_made_by_logins_only_and_cost_no_quota(site: Site) -> None:
    app = server(site)
    set_password(site, app, path="tenants/acme.dev/users/dev")  # whose quota is used up
    name = log_in(app, user="dev", tenant="acme.dev").ok()["metadata"]["name"]
    for path in ("tenants/acme/sessions/mine", f"tenants/acme.dev/sessions/{name}"):
        assert site.admin.put(path, {"user": "ada", "expires_at": "2030-01-01T00:00:00Z"}).code == "auth.denied"
        assert site.admin.patch(path, {"spec": {"expires_at": "2030-01-01T00:00:00Z"}}).code in (
            "auth.denied", "object.not_found",
        )  # fmt: skip


@pytest.mark.parametrize("text", ["899", "2592001", "12h", "-1", ""])
def test_how_long_a_login_lasts_is_bounded(text: str) -> None:
    assert serving.session_s(None) == sessions.LASTING_S
    assert serving.session_s("900") == 900
    with pytest.raises(ValueError, match="PEXTRA_SESSION_S"):
        serving.session_s(text)


# --- what a refusal tells ---

WRONG: dict[str, tuple[dict[str, str], str]] = {
    "password": ({}, "wrong"),
    "user": ({"user": "nobody"}, PASSWORD),
    "tenant": ({"tenant": "acne"}, PASSWORD),
    "tenant's user": ({"tenant": "globex", "user": "ada"}, PASSWORD),
    "a user without a password": ({"tenant": "globex", "user": "gus"}, PASSWORD),
    "a service account": ({"user": "deployer"}, PASSWORD),
    "a disabled user": ({"user": "off"}, PASSWORD),
    "an expired first password": ({"user": "late"}, "generated"),
}


def test_whatever_is_wrong_the_answer_and_the_work_are_the_same(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    app = server(site)
    set_password(site, app)
    site.admin.put("tenants/acme/service_accounts/deployer", {}).ok()
    for name in ("off", "late"):
        site.admin.put(f"tenants/acme/users/{name}", {}).ok()
    set_password(site, app, path="tenants/acme/users/off")
    site.admin.put("tenants/acme/users/off", {"enabled": False}).ok()
    first = site.admin.act("tenants/acme/users/late", "set_password", {"generate": True}).ok()["minted"]["password"]
    site.clock.advance(8 * 86_400)
    assert log_in(app, "wrong", at="198.51.100.1").status == 401  # makes the site's salt
    verified: list[str] = []
    verify = Hashing.verify

    def counting(self: Hashing, stored: str | None, password: str) -> bool:
        verified.append(password)
        return verify(self, stored, password)

    monkeypatch.setattr(Hashing, "verify", counting)
    seen: dict[str, Any] = {}
    for number, (what, (names, password)) in enumerate(WRONG.items()):
        verified.clear()
        with counted(site) as statements:
            answer = log_in(app, first if password == "generated" else password, **names, at=f"203.0.113.{number}")
        assert (answer.status, answer.code) == (401, "auth.login_failed"), what
        headers = {k: v for k, v in answer.headers.items() if k != "Pextra-Request-Id"}
        seen[what] = (answer.text, headers, list(statements), len(verified))
    assert len(seen) == len(WRONG)
    for what, each in seen.items():
        assert each == seen["password"], what
    assert seen["password"][3] == 1


def test_a_password_that_is_right_for_another_unicode_form_is_right(site: Site) -> None:
    app = server(site)
    set_password(site, app, "Gr\u00fc\u00dfe an alle M\u00f6wen")
    assert log_in(app, "Gru\u0308\u00dfe an alle Mo\u0308wen").status == 201


@pytest.mark.parametrize(
    "body",
    [
        {"tenant": "acme", "user": "ada"},
        {"tenant": "acme", "user": "ada", "password": ["violet"]},
        {"tenant": "acme", "user": "ada", "password": "violet" * 100},
        {"tenant": "acme", "user": "ada", "password": "violet", "token": "violet"},
        {"tenant": "acme", "user": "ada", "password": {"violet": "violet"}},
        {"tenant": "acme", "user": "ada", "password": "violet", "new_password": 7},
        ["violet"],
        "violet",
    ],
)
def test_a_malformed_login_is_refused_without_repeating_it(site: Site, body: Any) -> None:
    answer = Caller(server(site), None).send("POST", "login", body=body)
    assert answer.status == 422
    assert "violet" not in answer.text


# --- hashes ---


def test_passwords_are_hashed_with_argon2id_and_owasps_parameters(site: Site) -> None:
    app = server(site, hashing=HashingSettings())
    set_password(site, app)
    parameters = extract_parameters(stored_hash(site))
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19_456, 2, 1)
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)
    assert log_in(app).status == 201


def test_a_login_renews_a_hash_of_other_parameters(site: Site) -> None:
    set_password(site, server(site))
    old = stored_hash(site)
    stronger = server(site, hashing=HashingSettings(memory_kib=64, passes=2))
    before = log_in(stronger).ok()
    new = stored_hash(site)
    assert new != old
    assert "m=64,t=2" in new
    log_in(stronger).ok()
    assert stored_hash(site) == new
    assert Caller(stronger, before["minted"]["token"]).get("whoami").status == 200  # it is the same password


def test_a_process_hashes_so_many_at_a_time_and_tells_the_others_to_come_back() -> None:
    hashing = Hashing(HashingSettings(memory_kib=8, passes=1, at_once=1, waiting=0))
    with hashing.turn(), pytest.raises(PextraError, match="Too many passwords") as refused, hashing.turn():
        pass
    assert (refused.value.code, refused.value.status) == ("server.busy", 503)
    with hashing.turn():
        pass  # a turn that was given back is there for the next


# --- who is told ---


def test_logins_and_failures_are_in_the_audit_log_of_the_tenant_that_was_named(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    log_in(app, "wrong")
    log_in(app, tenant="acne")
    log_in(app).ok()
    made, refused = (
        entries(site, site.ada, "acme", action="session.create", outcome=o) for o in ("succeeded", "refused")
    )
    assert [(e["principal"]["name"], e["source"]["address"], e["minted"]) for e in made] == [("ada", HERE, True)]
    [entry] = refused
    assert entry["principal"] == {"kind": "anonymous"}
    assert entry["object"] == {"kind": "user", "tenant": "acme", "name": "ada"}
    assert (entry["error"], entry["source"]["address"]) == ("auth.login_failed", HERE)
    [stray] = entries(site, site.admin, "system", action="session.create")
    assert stray["object"] == {"kind": "user", "tenant": "acne", "name": "ada"}
    [setting] = entries(site, site.ada, "acme", action="user.set_password")
    assert "arguments" not in setting
    assert PASSWORD not in repr([*made, *refused, stray, setting])


def test_one_tenant_learns_nothing_of_attempts_on_another(site: Site) -> None:
    app = server(site)
    for number in range(9):
        log_in(app, "wrong", user=f"u{number}", tenant="globex")
    log_in(app, "wrong", user="first")
    [entry] = entries(site, site.ada, "acme", action="session.create")
    assert "count" not in entry


def test_rows_of_counted_attempts_are_bounded_and_named_by_nothing(site: Site) -> None:
    app = server(site)
    for number in range(3):
        log_in(app, "wrong", user=f"u{number}", at=f"203.0.113.{number}")
    buckets = site.database.read(lambda tx: list(tx.conn.execute(select(login_attempt.c.bucket)).scalars()))
    assert all(re.fullmatch(r"[anp]-[0-9a-f]{4}", bucket) for bucket in buckets)


def test_the_token_is_stored_as_a_hash_only(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    token = log_in(app).ok()["minted"]["token"]
    stored = site.database.read(lambda tx: list(tx.conn.execute(select(credential.c.token_hash)).scalars()))
    assert token not in repr(site.world())
    assert all(len(each) == 64 for each in stored)
