"""Who sets whose password, what it must be like, and that it is seen nowhere."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from prometheus_client import generate_latest

from tests.api.caller import Answer, Caller
from tests.api.logins import ADA, PASSWORD, log_in, server, session, set_password
from tests.api.site import Site, add_user, dump

OTHER = "kettle orbit lantern"
MARKER = "zq7 marker of a password"


def test_users_set_their_own_by_giving_the_present_one(site: Site) -> None:
    app = server(site)
    eve = Caller(app, add_user(site.admin, "acme", "eve", None))
    path = "tenants/acme/users/eve"
    assert eve.act(path, "set_password", {"password": PASSWORD}).status == 200  # the first
    missing = eve.act(path, "set_password", {"password": OTHER})
    assert (missing.status, missing.fields) == (422, ["arguments.current"])
    assert eve.act(path, "set_password", {"password": OTHER, "current": "wrong"}).code == "auth.wrong_password"
    assert log_in(app, PASSWORD, user="eve").status == 201
    assert eve.act(path, "set_password", {"password": OTHER, "current": PASSWORD}).status == 200
    assert log_in(app, PASSWORD, user="eve").status == 401
    assert log_in(app, OTHER, user="eve").status == 201
    assert site.caller(eve.token, app).act(ADA, "set_password", {"password": OTHER}).status == 404


def test_an_administrator_sets_it_for_those_who_have_no_more_than_itself(site: Site) -> None:
    app = server(site)
    boss = Caller(app, add_user(site.admin, "acme", "boss", "admin"))
    add_user(site.admin, "acme", "worker", "member")
    assert boss.act("tenants/acme/users/worker", "set_password", {"password": PASSWORD}).status == 200
    assert boss.act(ADA, "set_password", {"password": PASSWORD}).code == "auth.escalation"  # an owner


@pytest.mark.parametrize("role", ["operator", "member", "reader", "auditor"])
def test_other_roles_set_nobodys(site: Site, role: str) -> None:
    caller = Caller(server(site), add_user(site.admin, "acme", role, role))
    add_user(site.admin, "acme", "worker", None)
    refused = caller.act("tenants/acme/users/worker", "set_password", {"password": PASSWORD})
    assert (refused.code, refused.body["action"]) == ("auth.denied", "user.set_password")


def test_an_application_credential_sets_none_whoever_holds_it(site: Site) -> None:
    app = server(site)
    made = site.ada.put("tenants/acme/application_credentials/p", {"subject": {"kind": "user", "name": "ada"}})
    program = Caller(app, made.ok()["minted"]["token"])
    assert program.act(ADA, "set_password", {"password": PASSWORD}).code == "auth.denied"


def test_a_generated_one_is_shown_once_and_good_for_setting_another_for_some_days(site: Site) -> None:
    app = server(site)
    first = site.admin.act(ADA, "set_password", {"generate": True}).ok()["minted"]["password"]
    assert len(first) == 35
    assert log_in(app, first).code == "auth.password_change_required"
    assert log_in(app, "wrong", new=OTHER).code == "auth.login_failed"
    same = log_in(app, first, new=first)
    assert (same.status, same.fields) == (422, ["new_password"])
    assert log_in(app, first, new=OTHER).status == 201
    assert log_in(app, first, new=OTHER).code == "auth.login_failed"
    late = site.admin.act(ADA, "set_password", {"generate": True}).ok()["minted"]["password"]
    assert late != first
    site.clock.advance(7 * 86_400 + 1)
    assert log_in(app, late, new=OTHER).code == "auth.login_failed"


def test_a_login_with_a_new_password_ends_all_other_sessions(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    old = session(app)
    new = Caller(app, log_in(app, PASSWORD, new=OTHER).ok()["minted"]["token"])
    assert (old.get("whoami").status, new.get("whoami").status) == (401, 200)


@pytest.mark.parametrize(
    "password",
    [
        "elevenchars",
        "x" * 129,
        "password1234",
        "P@ssw0rd2024!",
        "qwertyuiop123",
        "123456789012",
        "aaaaaaaaaaaa",
        "xyzxyzxyzxyz",
        "Summer2025!!",
        "acme-acme-acme",
        "Ada.Lovelace1",
        "lovelace@example.org",
        "changemechangeme",
        "correcthorsebatterystaple",
        "1q2w3e4r5t6y",
        "administrator1",
    ],
)
def test_what_is_tried_first_is_refused_also_of_administrators(site: Site, password: str) -> None:
    site.admin.put(ADA, {"display_name": "Ada Lovelace", "email": "lovelace@example.org"}).ok()
    refused = site.admin.act(ADA, "set_password", {"password": password})
    assert (refused.status, refused.fields) == (422, ["arguments.password"])
    assert password not in refused.text


@pytest.mark.parametrize(
    "password", [PASSWORD, "tgkdwpxvqzhr", "Übergrößenträger?", "漢字仮名交じり文の合言葉です", "x9$Lr#p0W&x4"]
)
def test_any_characters_do(site: Site, password: str) -> None:
    app = server(site)
    set_password(site, app, password)
    assert log_in(app, password).status == 201


def test_one_object_holds_no_password_whoever_writes_it(site: Site) -> None:
    for body in (
        {"spec": {"password": MARKER}},
        {"spec": {"password_hash": MARKER}},
        {"spec": {}, "password": MARKER},
    ):
        assert site.admin.put_whole(ADA, body).status == 422
        assert site.admin.patch(ADA, body).status == 422
    site.admin.put_whole(ADA, {"spec": {}, "status": {"password": MARKER, "must_change": False}}).ok()
    assert MARKER not in repr(dump(site.database, audit=True))


def test_no_answer_log_event_metric_or_byte_of_the_database_holds_a_password(
    site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    app = server(site)
    admin, ada = site.caller(site.tokens["admin"], app), site.caller(site.tokens["ada"], app)
    keyed = {"Idempotency-Key": "k"}
    body: dict[str, Any] = {"arguments": {"password": MARKER}}
    wrong: list[Any] = [
        {"password": [MARKER]}, {"password": {MARKER: MARKER}}, MARKER, [MARKER],
        {"password": MARKER, "generate": True}, {"password": MARKER, "generate": 3}, {"pasword": MARKER},
        {"password": MARKER * 100}, {"current": MARKER}, {"password": "short", "current": MARKER},
    ]  # fmt: skip
    answers: list[Answer] = [
        admin.send("POST", f"{ADA}/actions/set_password", body=body, headers=keyed),
        admin.send("POST", f"{ADA}/actions/set_password", body=body, headers=keyed),
        admin.send("POST", f"{ADA}/actions/set_password", body={"password": MARKER}),
        *(admin.act(ADA, "set_password", each) for each in wrong),
        ada.act(ADA, "set_password", {"password": OTHER, "current": MARKER}),
        ada.act(ADA, "set_password", {"password": MARKER, "current": OTHER}),
        ada.act(ADA, "set_password", {"password": PASSWORD, "current": MARKER}),
        ada.act(ADA, "set_password", {"password": OTHER, "current": MARKER}),
        ada.act(ADA, "set_password", {"password": MARKER, "current": PASSWORD}),
        site.gus.act(ADA, "set_password", {"password": MARKER}),
        log_in(app, MARKER), log_in(app, f"{MARKER}!"), log_in(app, PASSWORD, new="short"),
        log_in(app, MARKER, user="nobody"), log_in(app, MARKER, new=MARKER),
        log_in(app, MARKER, tenant=MARKER, user=MARKER),
        log_in(app, MARKER, new=f"{MARKER}?"),
    ]  # fmt: skip
    made = log_in(app, f"{MARKER}?")
    assert {answer.status for answer in answers} >= {200, 201, 401, 403, 404, 422}
    generated = admin.act(ADA, "set_password", {"generate": True}).ok()["minted"]["password"]
    for answer in (*answers, made, admin.get(ADA), admin.get("tenants/acme/users"), admin.get("tenants/acme/sessions")):
        assert MARKER not in answer.text, answer.text
    site.number_events()
    said = capfd.readouterr()
    assert site.database.file is not None
    for secret in (MARKER, generated):
        assert secret not in caplog.text + repr([record.__dict__ for record in caplog.records]) + said.out + said.err
        for name, rows in dump(site.database, audit=True).items():
            assert secret not in repr(rows), name
        assert secret.encode() not in generate_latest()
        for path in site.database.file.parent.glob(f"{site.database.file.name}*"):
            assert secret.encode() not in path.read_bytes(), path


def test_no_digest_of_a_request_that_holds_a_password_is_kept(site: Site) -> None:
    """It would be a fast hash of the password."""
    app = server(site)
    body = {"arguments": {"password": PASSWORD}}
    before = site.world()["request_key"]
    admin = site.caller(site.tokens["admin"], app)
    for _ in range(2):
        admin.send("POST", f"{ADA}/actions/set_password", body=body, headers={"Idempotency-Key": "k"}).ok()
    assert site.world()["request_key"] == before
