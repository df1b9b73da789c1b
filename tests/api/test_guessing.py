"""Nobody guesses a password by trying, and nobody is shut out by others' trying from where they logged in before."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from pextra.services import attempts
from pextra.services.attempts import FREE_OF_ACCOUNT, FREE_OF_NETWORK, LONGEST_DELAY_S, delay_s, network_of
from pextra.services.password_hashing import Hashing
from pextra.store import login_attempts, login_places
from pextra.store.database import Database
from pextra.store.tables import login_attempt
from tests.api.caller import Answer
from tests.api.logins import HERE, log_in, server, session, set_password
from tests.api.site import Site
from tests.store.clock import ManualClock

ELSEWHERE = "198.51.100.9"


def retry_after(answer: Answer) -> int:
    assert (answer.status, answer.code) == (429, "auth.too_many_attempts")
    return int(answer.headers["Retry-After"])


def test_after_some_failures_each_attempt_waits_twice_as_long_and_never_longer_than_a_quarter_of_an_hour(
    site: Site,
) -> None:
    app = server(site)
    set_password(site, app)
    for number in range(FREE_OF_ACCOUNT):
        assert log_in(app, "wrong", at=f"203.0.113.{number}").code == "auth.login_failed"
    waits: list[int] = []
    for number in range(12):
        waits.append(retry_after(log_in(app, at=f"203.0.113.{number}")))  # even with the right password
        site.clock.advance(waits[-1])
        assert log_in(app, "wrong", at=f"203.0.113.{number}").code == "auth.login_failed"
    assert waits[:4] == [5, 10, 20, 40]
    assert max(waits) == LONGEST_DELAY_S == 900
    site.clock.advance(waits[-1])
    assert log_in(app, at=ELSEWHERE).status == 201


def test_an_attempt_that_is_refused_costs_no_hash_and_does_not_prolong_the_wait(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = server(site)
    set_password(site, app)
    for _ in range(FREE_OF_ACCOUNT):
        log_in(app, "wrong")
    monkeypatch.setattr(Hashing, "verify", lambda *_: pytest.fail("it was verified"))
    for left in (5, 4, 3):
        assert retry_after(log_in(app)) == left
        site.clock.advance(1)


def test_an_account_that_is_not_there_is_counted_like_one_that_is(site: Site) -> None:
    app = server(site)
    for number in range(FREE_OF_ACCOUNT):
        log_in(app, "wrong", user="nobody", at=f"203.0.113.{number}")
        log_in(app, "wrong", user="ada", at=f"203.0.113.{number}")
    one, other = (log_in(app, "wrong", user=user, at=ELSEWHERE) for user in ("nobody", "ada"))
    assert retry_after(one) == retry_after(other) == 5
    assert one.text == other.text


def test_an_account_attacked_from_everywhere_lets_its_owner_in_from_where_it_logged_in_before(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    log_in(app, at=HERE).ok()
    for number in range(FREE_OF_ACCOUNT + 1):
        log_in(app, "wrong", at=f"203.0.113.{number}")
    assert log_in(app, at=ELSEWHERE).status == 429
    assert log_in(app, at=HERE).status == 201


def test_guessing_from_where_the_owner_logged_in_is_bounded_too(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    log_in(app, at=HERE).ok()
    states = [log_in(app, "wrong", at=HERE).status for _ in range(FREE_OF_ACCOUNT + 1)]
    assert states == [*[401] * FREE_OF_ACCOUNT, 429]


def test_a_network_that_tries_many_accounts_waits_and_another_does_not(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    states = [log_in(app, "wrong", user=f"user{n}", at="2001:db8::1").status for n in range(FREE_OF_NETWORK)]
    assert set(states) == {401}
    assert log_in(app, at="2001:db8::2:3").status == 429  # the same /64
    assert log_in(app, at="2001:db8:0:1::1").status == 201


def test_succeeding_does_not_buy_new_guesses(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    set_password(site, app, path="tenants/globex/users/gus")
    for number in range(FREE_OF_NETWORK):
        log_in(app, "wrong", user=f"user{number}", at=HERE)
        if number < 5:  # an account of the attacker's own; from its place nothing else is counted afterwards
            log_in(app, user="gus", tenant="globex", at=HERE).ok()
    assert log_in(app, at=HERE).status == 429


def test_a_success_is_not_counted(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    for number in range(FREE_OF_ACCOUNT * 2):
        assert log_in(app, at=f"203.0.113.{number}").status == 201
    assert log_in(app, "wrong", at=ELSEWHERE).status == 401


def test_failures_are_forgotten_and_their_rows_go(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    for _ in range(FREE_OF_ACCOUNT):
        log_in(app, "wrong")
    site.clock.advance(attempts.FORGOTTEN_AFTER_S * FREE_OF_ACCOUNT)
    assert [log_in(app, "wrong").status for _ in range(FREE_OF_ACCOUNT)] == [401] * FREE_OF_ACCOUNT
    assert site.database.write(attempts.sweep) == 0
    site.clock.advance(2 * 86_400)
    assert site.database.write(attempts.sweep) == 2
    assert site.world()["login_attempt"] == []


def test_the_present_password_is_not_guessed_through_a_stolen_session_either(site: Site) -> None:
    app = server(site)
    set_password(site, app)
    ada = session(app)
    path, new = "tenants/acme/users/ada", {"password": "kettle orbit lantern"}
    codes = [ada.act(path, "set_password", {**new, "current": f"wrong {n}"}).code for n in range(FREE_OF_ACCOUNT + 1)]
    assert codes == [*["auth.wrong_password"] * FREE_OF_ACCOUNT, "auth.too_many_attempts"]


@pytest.mark.parametrize("ahead_s", [-300, 300])
def test_servers_whose_clocks_disagree_shut_nobody_out(site: Site, ahead_s: int) -> None:
    clock = ManualClock(site.clock.now() + ahead_s)
    database = Database(str(site.database.url), clock=clock, rng=random.Random(1), durable=False)
    try:
        one, two = server(site), server(site, database=database)
        set_password(site, one)
        for number in range(FREE_OF_ACCOUNT + 2):
            log_in(two, "wrong", at=f"203.0.113.{number}")
            clock.advance(delay_s(number + 1, FREE_OF_ACCOUNT))
            site.clock.advance(delay_s(number + 1, FREE_OF_ACCOUNT))
        log_in(two, "wrong")
        longest = delay_s(FREE_OF_ACCOUNT + 3, FREE_OF_ACCOUNT)
        answer = log_in(one)
        if answer.status == 429:
            assert retry_after(answer) <= longest
            site.clock.advance(longest)
            clock.advance(longest)
            answer = log_in(one)
        assert answer.status == 201
        token = answer.ok()["minted"]["token"]
        assert replace_token(site, token, two) == 200
    finally:
        database.close()


def replace_token(site: Site, token: str, app: object) -> int:
    """The status that another server answers the session with."""
    return site.caller(token, app).get("whoami").status  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("flavour", ["sqlite", "postgres", "crdbish"], indirect=True)
def test_attempts_at_the_same_time_do_not_pass_the_limit_together(
    any_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    verify = Hashing.verify

    def counting(self: Hashing, stored: str | None, password: str) -> bool:
        verified.append(password)
        return verify(self, stored, password)

    servers = [server(any_site), server(any_site)]
    set_password(any_site, servers[0])
    monkeypatch.setattr(Hashing, "verify", counting)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: log_in(servers[n % 2], "wrong", at=f"203.0.113.{n}"), range(24)))
    assert len(verified) == FREE_OF_ACCOUNT
    assert sorted(a.status for a in answers) == [*[401] * FREE_OF_ACCOUNT, *[429] * (24 - FREE_OF_ACCOUNT)]
    rows = any_site.database.read(lambda tx: list(tx.conn.execute(select(login_attempt.c.failures)).scalars()))
    assert max(rows) == FREE_OF_ACCOUNT


def test_networks_of_users_are_remembered_up_to_a_bound(site: Site) -> None:
    uid = site.cloud.site.uid
    for number in range(login_places.MOST + 3):
        site.database.write(lambda tx, n=number: login_places.remember(tx, uid, uid, f"203.0.113.{n}"))
        site.clock.advance(1)
    known = [
        site.database.read(lambda tx, n=n: login_places.known(tx, uid, uid, f"203.0.113.{n}"))
        for n in range(login_places.MOST + 3)
    ]
    assert known == [False] * 3 + [True] * login_places.MOST


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("", ""),
    ],
)
def test_what_is_counted_together_is_an_address_or_a_64(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_tally_is_kept_as_it_was_put(site: Site) -> None:
    tally = login_attempts.Tally(3, 5, 4)
    site.database.write(lambda tx: login_attempts.put(tx, "a-0000", tally))
    site.database.write(lambda tx: login_attempts.put(tx, "a-0000", replace(tally, failures=4)))
    found = site.database.read(lambda tx: login_attempts.tallies(tx, ["a-0000", "a-0001"]))
    assert found == {"a-0000": replace(tally, failures=4)}
