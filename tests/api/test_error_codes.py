"""Every code of the list is provoked here, with its status; a code that nobody can meet has its reason."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import event, text

from pextra.api.streams import create_streams_app
from pextra.errors import CODES, RETRYABLE, PextraError, invalid
from pextra.services.attempts import FREE_OF_ACCOUNT
from pextra.store import events
from pextra.store.database import Database
from pextra.store.events import KEEP_S
from tests.api.caller import Answer, Caller
from tests.api.everything import make_everything
from tests.api.logins import log_in, server, set_password
from tests.api.site import SMALL, Site, add_user
from tests.api.uploading import MINE, described, upload
from tests.labs.crdbish import Crdbish, Fault
from tests.store.clock import ManualClock

FRONT, WEB = "tenants/acme/networks/front", "tenants/acme/instances/web-1"

PROVOKED_ELSEWHERE: Final = {
    "agent.csr_invalid": "tests/agent/test_authority.py: only the agents' endpoint answers with it",
    "agent.join_refused": "tests/agent/test_authority.py: only the agents' endpoint answers with it",
    "agent.unauthenticated": "tests/agent/test_authority.py: only the agents' endpoint answers with it",
    "address.exhausted": "tests/store/test_addresses.py; the API tells it as a condition, for a loop meets it",
    "console.ticket_refused": "tests/relay/test_tickets.py; a websocket's close tells it, no answer of the API",
    "upload.busy": "tests/api/test_uploads.py: it takes two at a time",
    "upload.full": "tests/api/test_depot.py: it takes a process that may write little",
    "keys.unavailable": "tests/store/test_envelope.py: the site's key file is made unreadable there",
    "keys.lost": "tests/store/test_envelope.py: the site's key file is taken away there",
    "keys.damaged": "tests/store/test_envelope.py: rows are changed there",
    "identity.unavailable": "tests/api/test_issuer_keys.py: it takes a provider that is down",
    "capacity.none": "nothing answers with it: an instance that fits nowhere is stored, and its condition says why",
}


def stale(site: Site) -> Answer:
    return site.ada.put(FRONT, {}, headers={"If-Match": '"x-1"'})


def mismatch(site: Site) -> Answer:
    site.ada.put(FRONT, {}, headers={"Idempotency-Key": "k"}).ok()
    return site.ada.put(FRONT, {"mtu": 1400}, headers={"Idempotency-Key": "k"})


def deleting(site: Site) -> Answer:
    site.ada.put("tenants/acme/volumes/v", {"size_gib": 1}).ok()
    site.ada.delete("tenants/acme/volumes/v").ok()
    return site.ada.put("tenants/acme/volumes/v", {"size_gib": 2})


def in_use(site: Site) -> Answer:
    make_everything(site)
    return site.ada.delete(FRONT)


def immutable(site: Site) -> Answer:
    make_everything(site)
    return site.ada.patch(WEB, {"spec": {"zone": "other"}})


def finished(site: Site) -> Answer:
    make_everything(site)
    path = f"tenants/acme/operations/{site.ada.act(WEB, 'reboot').body['metadata']['name']}"
    site.converge()
    return site.ada.act(path, "cancel")


def not_running(site: Site) -> Answer:
    make_everything(site)
    return site.ada.act(WEB, "console")


def no_console(site: Site) -> Answer:
    make_everything(site)
    site.converge()
    return site.ada.act(WEB, "console")


def lie(site: Site) -> Answer:
    site.ada.put(MINE, described(b"truth")).ok()
    return upload(site.ada, MINE, 0, b"liar!")


def elsewhere(site: Site) -> Answer:
    site.ada.put(MINE, described(b"truth")).ok()
    return upload(site.ada, MINE, 2, b"uth")


def below_use(site: Site) -> Answer:
    site.ada.put("tenants/acme/volumes/v", {"size_gib": 1}).ok()
    return site.admin.put("tenants/acme/quotas/default", {"limits": {"users": 9, "api_tokens": 9, "role_bindings": 9}})


def exists(site: Site) -> Answer:
    site.ada.put(FRONT, {}).ok()
    return site.ada.put(FRONT, {}, headers={"If-None-Match": "*"})


def circle(site: Site) -> Answer:
    groups = "tenants/acme/security_groups"
    site.ada.put(f"{groups}/front", {}).ok()
    site.ada.put(f"{groups}/back", {"rules": [{"direction": "ingress", "remote_group": "front"}]}).ok()
    return site.ada.put(f"{groups}/front", {"rules": [{"direction": "ingress", "remote_group": "back"}]})


def timeout(site: Site) -> Answer:
    site.ada.put("tenants/acme/volumes/v", {"size_gib": 1}).ok()
    return site.ada.get("tenants/acme/volumes/v", wait="ready", timeout_s=0)


def expired(site: Site) -> Answer:
    site.number_events()
    position = site.ada.get("tenants/acme/networks").body["position"]
    site.clock.advance(KEEP_S + 1)
    site.ada.put(FRONT, {}).ok()
    site.number_events()
    site.database.write(events.expire)
    site.clock.advance(KEEP_S + 1)
    site.database.write(events.expire)
    streams = create_streams_app(site.cloud, places=1)
    return Caller(streams, site.tokens["ada"]).get("watch", tenant="acme", position=position)


def bound(connection: sqlite3.Connection, record: object) -> None:
    """Let the database grow by two pages only."""
    del record
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")


def large(site: Site) -> Answer:
    return site.ada.put(FRONT, {}, annotations={f"a{n}": "x" * 4_000 for n in range(60)})


def full(site: Site) -> Answer:
    site.database.close()
    event.listen(site.database.engine, "connect", bound)
    return large(site)


def unavailable(site: Site) -> Answer:
    away = Database(f"sqlite:///{Path(str(site.database.url.database)).parent}/none/x.db", clock=ManualClock())
    try:
        return Caller(site.another_app(database=away), site.tokens["ada"]).get("whoami")
    finally:
        away.close()


def member(site: Site) -> Caller:
    """A user of acme who may look after users, and no more."""
    site.ada.put("tenants/acme/roles/hr", {"actions": ["user.*", "role_binding.*"]}).ok()
    token = add_user(site.admin, "acme", "hanna", role="hr")
    return Caller(site.app, token)


def escalation(site: Site) -> Answer:
    subject = {"kind": "user", "name": "hanna"}
    return member(site).put("tenants/acme/role_bindings/more", {"role": "owner", "subject": subject})


def suspended(site: Site) -> Answer:
    site.admin.put("tenants/acme", {"suspended": True}).ok()
    return site.ada.get("tenants/acme/networks")


def locked_out(site: Site) -> Answer:
    return site.ada.put("tenants/acme/policies/all", {"text": "forbid (principal, action, resource);"})


def failed(site: Site) -> Answer:
    with site.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE quota_usage RENAME TO elsewhere"))
    return site.ada.put(FRONT, {})


def too_many(site: Site) -> Answer:
    app = server(site)
    for _ in range(FREE_OF_ACCOUNT):
        log_in(app, "wrong")
    return log_in(app, "wrong")


def first_password(site: Site) -> Answer:
    first = site.admin.act("tenants/acme/users/ada", "set_password", {"generate": True}).ok()["minted"]["password"]
    return log_in(server(site), first)


def wrong_password(site: Site) -> Answer:
    app = server(site)
    set_password(site, app)
    arguments = {"current": "wrong", "password": "kettle orbit lantern"}
    return site.caller(site.tokens["ada"], app).act("tenants/acme/users/ada", "set_password", arguments)


PROVOCATIONS: Final[dict[str, Callable[[Site], Answer]]] = {
    "request.malformed": lambda s: s.ada.send("PUT", FRONT, raw=b"{"),
    "request.too_large": lambda s: s.ada.send("PUT", FRONT, raw=b" " * (1 << 20) + b"{}"),
    "request.media_type": lambda s: s.ada.send("PUT", FRONT, raw=b"{}", headers={"Content-Type": "text/plain"}),
    "request.method": lambda s: s.ada.send("POST", FRONT),
    "request.parameter": lambda s: s.ada.get("flavors", limit=0),
    "spec.invalid": lambda s: s.ada.put(FRONT, {"mtu": 1}),
    "spec.immutable": immutable,
    "reference.not_found": lambda s: s.ada.put("tenants/acme/volumes/v", {"size_gib": 1, "image": "none"}),
    "reference.circular": circle,
    "idempotency.mismatch": mismatch,
    "action.unknown": lambda s: s.ada.act(WEB, "levitate"),
    "auth.unauthenticated": lambda s: s.nobody.get("whoami"),
    "auth.login_failed": lambda s: log_in(server(s), "wrong"),
    "auth.too_many_attempts": too_many,
    "auth.password_change_required": first_password,
    "auth.wrong_password": wrong_password,
    "auth.denied": lambda s: s.ada.put("flavors/mine", SMALL),
    "auth.escalation": escalation,
    "tenant.suspended": suspended,
    "policy.locks_out": locked_out,
    "object.not_found": lambda s: s.ada.get(FRONT),
    "route.not_found": lambda s: s.ada.get("/nowhere"),
    "object.exists": exists,
    "object.deleting": deleting,
    "object.in_use": in_use,
    "object.conflict": lambda s: s.admin.put("tenants/system/quotas/default", {}),
    "object.stale": stale,
    "object.uid_mismatch": lambda s: s.ada.put(FRONT, {}, uid="01a00000-0000-7000-8000-000000000000"),
    "operation.finished": finished,
    "instance.not_running": not_running,
    "console.unavailable": no_console,
    "quota.exceeded": lambda s: s.dev.put("tenants/acme.dev/networks/n", {}),
    "quota.below_use": below_use,
    "upload.digest_mismatch": lie,
    "upload.offset": elsewhere,
    "upload.unexpected": lambda s: upload(s.admin, "tenants/system/images/linux", 0, b""),
    "watch.expired": expired,
    "server.busy": lambda s: s.ada.get("watch", tenant="acme"),
    "store.unavailable": unavailable,
    "store.full": full,
    "wait.timeout": timeout,
    "server.error": failed,
}
COME_BACK: Final = {"object.deleting", "auth.too_many_attempts"}
"""Not to be tried again at once, but when the answer says."""
OF_ITS_OWN: Final = {"store.contention"}


@pytest.mark.parametrize("code", PROVOCATIONS)
def test_the_code_comes_with_its_status_title_and_a_message(site: Site, code: str) -> None:
    answer = PROVOCATIONS[code](site)
    assert answer.code == code, answer.text
    expected = CODES[code]
    assert answer.status == answer.body["status"] == expected.status
    assert answer.body["title"] == expected.title
    assert answer.body["detail"].endswith((".", ")")) or ": " in answer.body["detail"]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert ("Retry-After" in answer.headers) == (code in RETRYABLE or code in COME_BACK)


@pytest.mark.parametrize("flavour", ["crdbish"], indirect=True)
def test_contention_comes_when_every_attempt_met_another(any_site: Site, crdbish: Crdbish) -> None:
    crdbish.rates = {Fault.COMMIT_RETRY: 1.0}
    refused = any_site.ada.put(FRONT, {})
    crdbish.rates = {}
    assert (refused.status, refused.code) == (503, "store.contention")
    assert int(refused.headers["Retry-After"]) > 0
    assert any_site.ada.get(FRONT).status == 404


def test_every_code_is_provoked_or_has_a_reason_why_not() -> None:
    assert set(PROVOCATIONS) | set(PROVOKED_ELSEWHERE) | OF_ITS_OWN == set(CODES)
    assert not set(PROVOCATIONS) & set(PROVOKED_ELSEWHERE)


def test_a_failure_of_the_server_tells_nothing_of_its_insides_but_an_id_to_look_for(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    answer = failed(site)
    assert answer.status == 500
    for word in ("quota_usage", "sqlite", "Traceback", "SELECT", "UPDATE"):
        assert word not in answer.text
    assert answer.body["request_id"] == answer.headers["Pextra-Request-Id"]
    assert answer.body["request_id"] in caplog.text
    assert "quota_usage" in caplog.text


def test_a_write_that_found_no_room_goes_through_when_there_is_some(site: Site) -> None:
    before = site.world()
    assert full(site).code == "store.full"
    assert site.world() == before
    event.remove(site.database.engine, "connect", bound)
    site.database.close()
    assert large(site).status == 201


def test_a_code_that_is_not_in_the_list_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="unregistered"):
        PextraError("made.up", "no")


def test_the_families_of_codes_have_the_statuses_that_they_promise() -> None:
    families = {
        "spec": {422},
        "reference": {422},
        "auth": {401, 403, 429},
        "quota": {409},
        "store": {503},
        "wait": {504},
    }
    for code, facts in CODES.items():
        assert facts.status in families.get(code.partition(".")[0], {facts.status})
        assert code == code.lower()
        assert code.count(".") == 1
    assert all(CODES[code].status == 503 for code in RETRYABLE)


def test_a_refusal_of_several_fields_names_the_first_and_counts_the_rest() -> None:
    faults = [{"field": f"spec.{name}", "message": "is wrong"} for name in "abc"]
    error = invalid(faults, "volume 'v'")
    assert error.message == "volume 'v': spec.a: is wrong (and 2 more)"
    assert error.problem()["errors"] == faults
