"""A login by a directory tells strangers nothing, locks nobody out there, and holds nobody else up."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from pextra.identity import ldap
from pextra.identity.directories import PLACES_EACH
from pextra.services.password_hashing import Hashing, HashingSettings
from tests.api.caller import Answer
from tests.api.directory_world import COMPANY, PASSWORDS, STAFF, Office, may_ask, office
from tests.api.logins import PASSWORD, log_in, server, set_password
from tests.api.site import Site
from tests.api.strangers import counted
from tests.labs.false_directory import Act, FalseDirectory, drop, false_directory, saying, silent, trickling
from tests.labs.ports import LOOPBACK
from tests.labs.slapd import PEOPLE, Slapd, is_there, slapd
from tests.labs.waiting import wait_until

pytestmark = [
    pytest.mark.skipif(not is_there(), reason="slapd is not installed"),
    pytest.mark.xdist_group("slapd"),
]
BY_PATTERN = {"search": None, "groups": None, "user_dn": f"uid={{name}},{PEOPLE}"}
ALIKE = 401, "auth.login_failed"


@pytest.fixture(scope="module")
def running() -> Iterator[Slapd]:
    with slapd(PASSWORDS, STAFF) as made:
        yield made


@pytest.fixture
def acme(site: Site, running: Slapd) -> Office:
    """With a user of each sort."""
    made = office(site, running)
    set_password(site, made.app)
    for name in ("off", "late", "plain"):
        site.admin.put(f"tenants/acme/users/{name}", {}).ok()
    set_password(site, made.app, path="tenants/acme/users/off")
    site.admin.put("tenants/acme/users/off", {"enabled": False}).ok()
    site.admin.act("tenants/acme/users/late", "set_password", {"generate": True}).ok()
    site.clock.advance(8 * 86_400)
    for name, spec in (
        ("hedy", {"subject": made.subject("hedy")}),
        ("gone", {"subject": "00000000-0000-0000-0000-000000000000"}),
        ("odd", {"subject": "*"}),
    ):
        site.ada.put(f"tenants/acme/users/{name}", {"identity": {"provider": "company", **spec}}).ok()
    site.ada.patch("tenants/acme/users/hedy", {"spec": {"enabled": False}}).ok()
    assert log_in(made.app, "wrong", at="198.51.100.1").status == 401  # makes the site's salt
    return made


WRONG: dict[str, tuple[str, str]] = {
    "a wrong password": ("countess", "wrong"),
    "a wrong password of the name here": ("lovelace", "wrong"),
    "nobody anywhere": ("nobody", "wrong"),
    "a wrong password that is kept here": ("ada", "wrong"),
    "the directory's password of another of that name": ("ada", PASSWORDS["ada"]),
    "a right password, and no user": ("grace", PASSWORDS["grace"]),
    "a right password of a disabled user": ("hedy", PASSWORDS["hedy"]),
    "a disabled user of ours": ("off", PASSWORD),
    "an expired password of ours": ("late", "wrong"),
    "a user without a password": ("plain", "wrong"),
    "somebody who has left the directory": ("gone", "wrong"),
    "a subject that nobody has": ("odd", "wrong"),
    "what can be no name there": ("a*", "wrong"),
}


@pytest.mark.parametrize("how", ["search", "pattern"])
def test_whatever_is_wrong_the_answer_and_the_work_are_the_same(
    acme: Office, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "pattern":
        acme.trust(acme.ldap(**BY_PATTERN)).ok()
    work: list[str] = []
    verify, bind, search = Hashing.verify, ldap.Connection.bind, ldap.Connection.search

    def noting(what: str, plain: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            work.append(what)
            return plain(*arguments, **named)

        return call

    monkeypatch.setattr(Hashing, "verify", noting("verify", verify))
    monkeypatch.setattr(ldap.Connection, "bind", noting("bind", bind))
    monkeypatch.setattr(ldap.Connection, "search", noting("search", search))
    seen: dict[str, Any] = {}
    for number, (what, (name, password)) in enumerate(WRONG.items()):
        work.clear()
        with counted(acme.site) as statements:
            answer = acme.log_in(name, password, at=f"203.0.113.{number}")
        assert (answer.status, answer.code) == ALIKE, what
        headers = {k: v for k, v in answer.headers.items() if k != "Pextra-Request-Id"}
        right = password in (PASSWORDS["grace"], PASSWORDS["hedy"])  # they know what they learn
        seen[what] = (answer.text, headers, list(statements), [] if right else list(work))
    first = seen["a wrong password"]
    for what, each in seen.items():
        assert each[:3] == first[:3], what
        assert each[3] in ([], first[3]), what
    assert first[3] == (["verify", "bind"] if how == "pattern" else ["verify", "bind", "search", "bind"])


def test_a_directory_that_is_away_is_away_for_everybody_but_who_knows_a_password_that_is_kept_here(
    acme: Office,
) -> None:
    acme.trust(acme.ldap(servers=[f"ldaps://{LOOPBACK}:1"])).ok()
    seen: list[Any] = []
    for number, (name, password) in enumerate(WRONG.values()):
        with counted(acme.site) as statements:
            answer = acme.log_in(name, password, at=f"203.0.113.{number}")
        assert (answer.status, answer.code) == (503, "identity.unavailable")
        headers = {k: v for k, v in answer.headers.items() if k != "Pextra-Request-Id"}
        seen.append((answer.text, headers, list(statements)))
    assert all(each == seen[0] for each in seen)
    assert "127.0.0.1" not in seen[0][0]
    acme.site.clock.advance(1000)  # what was tried on ada is forgotten
    assert acme.log_in("ada", PASSWORD, at="203.0.113.99").status == 201
    assert log_in(acme.app, "wrong", tenant="globex", user="gus").code == "auth.login_failed"


def test_a_secret_that_has_lost_its_entry_keeps_nobody_else_out(acme: Office) -> None:
    acme.site.ada.put("tenants/acme/secrets/directory", {"data": {"other": "x"}}).ok()
    for name in ("countess", "nobody"):
        assert acme.log_in(name, "wrong").code == "identity.unavailable"
    assert acme.log_in("ada", PASSWORD).status == 201


def test_no_address_of_our_own_is_called_unless_the_operator_allowed_the_host(acme: Office) -> None:
    may_ask(acme.site, "ldap.example.com")
    assert log_in(server(acme.site), PASSWORDS["countess"], user="countess").code == "identity.unavailable"
    acme.site.ada.patch(COMPANY, {"spec": {"ldap": {"servers": ["ldaps://localhost:1"]}}}).ok()
    with false_directory(silent) as there:
        acme.trust(clear(there)).ok()
        assert log_in(server(acme.site), "wrong", user="nobody").code == "identity.unavailable"
        assert there.connections == 0


def clear(there: FalseDirectory, **changed: Any) -> dict[str, Any]:
    """To ask that directory, in clear text."""
    said = {"servers": [f"ldap://{LOOPBACK}:{there.port}"], "clear_text": True, "user_dn": f"uid={{name}},{PEOPLE}"}
    return {**said, **changed}


@contextmanager
def asking(acme: Office, act: Act, **changed: Any) -> Generator[FalseDirectory]:
    """The tenant believes a directory that acts so."""
    with false_directory(act) as there:
        acme.trust(clear(there, **changed)).ok()
        yield there


def test_after_few_failures_of_strangers_the_directory_is_asked_no_more(acme: Office) -> None:
    with asking(acme, drop, attempts=2) as there:
        names = ["countess", "COUNTESS", "Countess", "countess"]  # one account there
        answers = [acme.log_in(name, "wrong", at=f"203.0.113.{n}") for n, name in enumerate(names)]
        assert [each.status for each in answers] == [503, 503, 429, 429]
        assert answers[2].headers["Retry-After"] == "900"
        assert there.connections == 2
        acme.site.clock.advance(901)
        assert acme.log_in("countess", "wrong", at="203.0.113.9").status == 503
        assert there.connections == 3
        assert acme.log_in("ada", "wrong", at="203.0.113.7").status == 503  # counted alike, who is not asked about
        assert acme.log_in("ada", "wrong", at="203.0.113.8").status == 503
        assert acme.log_in("ada", "wrong", at="203.0.113.9").status == 429


def test_strangers_do_not_shut_out_who_logged_in_from_there_before(acme: Office) -> None:
    assert acme.log_in("lovelace", PASSWORDS["countess"]).status == 201
    for number in range(4):
        acme.log_in("lovelace", "wrong", at=f"203.0.113.{number}")
    assert acme.log_in("lovelace", PASSWORDS["countess"], at="203.0.113.9").status == 429
    assert acme.log_in("lovelace", PASSWORDS["countess"]).status == 201


def test_a_slow_directory_takes_no_place_of_hashing_and_two_logins_of_its_tenant_at_a_time(acme: Office) -> None:
    may_ask(acme.site, patience_s=0.05)
    hashing = HashingSettings(memory_kib=8, passes=1, at_once=1, waiting=0)
    app = server(acme.site, hashing=hashing)
    with asking(acme, silent) as there, ThreadPoolExecutor(PLACES_EACH) as pool:

        def guess(number: int) -> Answer:
            return log_in(app, "wrong", user=f"u{number}", at=f"203.0.113.{number}")

        waiting: list[Any] = []
        for number in range(PLACES_EACH):
            waiting.append(pool.submit(guess, number))
            wait_until(lambda n=number: there.connections == n + 1, 10, "the directory to be asked")
        busy = guess(9)
        assert (busy.status, busy.code) == (503, "server.busy")
        assert log_in(app, PASSWORD).status == 201  # its own administrator
        assert log_in(app, "wrong", tenant="globex", user="gus").code == "auth.login_failed"
        assert there.connections == PLACES_EACH
        there.ended.set()
        assert {each.result(10).code for each in waiting} == {"identity.unavailable"}


def test_a_directory_that_never_ends_is_left_when_its_time_is_over(acme: Office) -> None:
    with asking(acme, trickling, timeout_s=1) as there:
        ended = threading.Event()
        answers: list[Answer] = []

        def guess() -> None:
            answers.append(acme.log_in("countess", "wrong"))
            ended.set()

        threading.Thread(target=guess, daemon=True).start()
        assert ended.wait(8)
        assert not there.ended.is_set()
    assert answers[0].code == "identity.unavailable"


def test_a_directory_that_speaks_no_tls_is_told_no_password(acme: Office) -> None:
    for scheme in ("ldap", "ldaps"):
        with asking(acme, saying(b"\0" * 64)) as there:
            changed = clear(there, servers=[f"{scheme}://{LOOPBACK}:{there.port}"], clear_text=False)
            acme.trust(changed).ok()
            assert acme.log_in("countess", "a password of hers").code == "identity.unavailable"
            wait_until(lambda there=there: bool(there.heard), 5, "what was said")
            assert b"a password of hers" not in b"".join(there.heard)
