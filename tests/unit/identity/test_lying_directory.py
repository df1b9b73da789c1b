"""Whatever a directory says or does not, it lets in nobody whom it does not know, and holds us up for moments only."""

from __future__ import annotations

import gc
import threading
import time

import pytest

from pextra.identity import ber, directories
from pextra.identity.directories import Directories
from pextra.identity.directory import Account, Directory, Person, Search, Sought, authenticate
from pextra.identity.failures import ProviderBusy, ProviderUnavailable
from pextra.identity.ldap import MOST_BYTES, MOST_MESSAGE, Server
from pextra.identity.outbound import Outbound
from tests.labs.false_directory import (
    Act,
    FalseDirectory,
    drop,
    false_directory,
    message,
    result,
    saying,
    silent,
    trickling,
)
from tests.labs.ports import LOOPBACK
from tests.labs.waiting import wait_until

OUT = Outbound([LOOPBACK])
BOUND, ENTRY, FOUND, ELSEWHERE, EXTENDED = 0x61, 0x64, 0x65, 0x73, 0x78
PATTERN = "uid={name},ou=people,dc=example,dc=com"
SEARCH = Search(Account("cn=reader,dc=example,dc=com", "secret"), "ou=people,dc=example,dc=com")
IN = result(BOUND, 0)


def at(*ports: int, people: Search | str = PATTERN, subject: str = "entryUUID", timeout_s: float = 2.0) -> Directory:
    servers = tuple(Server(LOOPBACK, port, "none") for port in ports)
    return Directory(servers, people, subject, timeout_s=timeout_s)


def asked(act: Act, people: Search | str = PATTERN, **how: str | float) -> Person | None:
    with false_directory(act) as there:
        return authenticate(OUT, at(there.port, people=people, **how), Sought("ada"), "correct horse")  # pyright: ignore[reportArgumentType]


def entry(dn: str, **attributes: list[bytes]) -> bytes:
    said = [
        ber.sequence(ber.octets(name), ber.sequence(*map(ber.octets, values), tag=ber.SET))
        for name, values in attributes.items()
    ]
    return ber.sequence(ber.octets(dn), ber.sequence(*said), tag=ENTRY)


def found(number: int, *entries: bytes, code: int = 0) -> bytes:
    return b"".join(message(number, each) for each in (*entries, result(FOUND, code)))


ADA = entry("uid=ada,ou=people", entryUUID=[b"7f3a"])


def test_the_script_of_these_tests_lets_in_who_is_known() -> None:
    assert asked(saying(message(1, IN), found(2, ADA))) == Person("7f3a", ())
    assert asked(saying(message(1, IN), found(2, ADA), message(3, IN)), SEARCH) == Person("7f3a", ())


@pytest.mark.parametrize("code", [10, 19, 32, 34, 48, 49, 50, 53, 80, 123])
def test_what_a_bind_says_of_an_account_is_a_no_like_any_other(code: int) -> None:
    assert asked(saying(message(1, result(BOUND, code)))) is None


@pytest.mark.parametrize("code", [2, 7, 8, 13, 51, 52])
def test_what_a_bind_says_of_the_server_is_no_answer(code: int) -> None:
    with pytest.raises(ProviderUnavailable, match=f"result {code}"):
        asked(saying(message(1, result(BOUND, code))))


def test_several_entries_of_one_name_are_nobody() -> None:
    assert asked(saying(message(1, IN), found(2, ADA, ADA), message(3, IN)), SEARCH) is None


def test_referrals_among_the_answers_are_passed_over_and_nobody_is_called() -> None:
    with false_directory(drop) as elsewhere:
        url = ber.octets(f"ldap://{LOOPBACK}:{elsewhere.port}/")
        answers = message(2, ber.sequence(url, tag=ELSEWHERE)) + found(2)
        assert asked(saying(message(1, IN), answers, message(3, IN)), SEARCH) is None
        refusal = ber.sequence(
            ber.integer(10, ber.ENUMERATED), ber.octets(""), ber.octets(""), ber.sequence(url, tag=0xA3), tag=FOUND
        )
        with pytest.raises(ProviderUnavailable, match="result 10"):
            asked(saying(message(1, IN), message(2, refusal)), SEARCH)
        assert elsewhere.connections == 0


@pytest.mark.parametrize(
    "answers",
    {
        "an entry without a subject": [found(2, entry("uid=ada"))],
        "two subjects": [found(2, entry("uid=ada", entryUUID=[b"1", b"2"]))],
        "an empty subject": [found(2, entry("uid=ada", entryUUID=[b""]))],
        "a long subject": [found(2, entry("uid=ada", entryUUID=[b"x" * 256]))],
        "too many groups": [found(2, entry("uid=ada", entryUUID=[b"1"], memberOf=[b"g"] * 1001))],
        "more entries than were asked for": [found(2, ADA, ADA, ADA, ADA)],
        "an answer to nothing": [message(7, result(FOUND, 0))],
        "another sort of answer": [message(2, IN)],
        "a large message": [b"\x30\x84" + (MOST_MESSAGE + 1).to_bytes(4, "big")],
        "many messages": [
            message(2, ber.sequence(ber.octets(b"x" * 60_000), tag=ELSEWHERE)) * (MOST_BYTES // 60_000 + 2)
        ],
    }.items(),
    ids=lambda each: each[0],
)
def test_who_would_be_known_by_nonsense_is_not(answers: tuple[str, list[bytes]]) -> None:
    with pytest.raises(ProviderUnavailable):
        asked(saying(message(1, IN), *answers[1]))


def test_reading_an_answer_costs_no_more_for_each_part_when_there_are_more() -> None:
    few, many = (_cost_of_reading(number) for number in (MOST_MESSAGE // 16, MOST_MESSAGE // 2 - 64))
    assert many < 8 * 4 * few  # eight times as much; whoever copies the rest for each takes sixty-four times as long


def _cost_of_reading(parts: int) -> float:
    """Processor time that an answer of so many parts costs us."""
    said = entry("uid=ada", entryUUID=[b""] * parts)
    gc.collect()
    gc.disable()  # it would go through all that other tests have left, as often as the answer is long
    began = time.thread_time()
    try:
        with pytest.raises(ProviderUnavailable, match="once"):
            asked(saying(message(1, IN), found(2, said)), timeout_s=60.0)
        return time.thread_time() - began
    finally:
        gc.enable()


@pytest.mark.parametrize("act", [silent, trickling])
def test_neither_silence_nor_a_byte_now_and_again_is_waited_for(act: Act) -> None:
    began = time.monotonic()
    with pytest.raises(ProviderUnavailable, match=r"more than 0\.3 s"):
        asked(act, timeout_s=0.3)
    assert time.monotonic() - began < 3.0


def test_what_is_said_in_clear_text_before_tls_is_not_believed() -> None:
    began = message(1, result(EXTENDED, 0))
    with false_directory(saying(began + message(2, IN))) as there:
        asked_there = Directory((Server(LOOPBACK, there.port, "starttls"),), PATTERN)
        with pytest.raises(ProviderUnavailable, match="does not start TLS"):
            authenticate(OUT, asked_there, Sought("ada"), "correct horse")


def test_the_next_server_is_asked_when_one_cannot_be_and_none_is_shown_a_password_that_another_saw() -> None:
    knows = saying(message(1, IN), found(2, ADA))
    with false_directory(knows) as good, false_directory(silent) as bad:
        assert authenticate(OUT, at(1, good.port), Sought("ada"), "correct horse") is not None
        with pytest.raises(ProviderUnavailable):
            authenticate(OUT, at(bad.port, good.port, timeout_s=0.4), Sought("ada"), "correct horse")
        assert good.connections == 1
        there = at(bad.port, good.port, timeout_s=0.4, people=SEARCH)  # what it saw is our account's
        with pytest.raises(ProviderUnavailable):
            authenticate(OUT, there, Sought("ada"), "correct horse")
        assert good.connections == 2
        assert b"correct horse" not in b"".join(bad.heard[1:])


def test_all_servers_together_have_the_time_of_one() -> None:
    with false_directory(silent) as bad:
        began = time.monotonic()
        with pytest.raises(ProviderUnavailable):
            authenticate(OUT, at(*[bad.port] * 4, people=SEARCH, timeout_s=0.4), Sought("ada"), "correct horse")
        assert time.monotonic() - began < 2.0
        assert bad.connections == 4


def test_a_subject_that_is_no_text_is_written_and_looked_for_as_it_is() -> None:
    raw = b"0123456789abcdef"  # looks like a text, and is none
    known = entry("cn=ada", objectGUID=[raw])
    assert asked(saying(message(1, IN), found(2, known)), subject="objectGUID") == Person(raw.hex(), ())
    with false_directory(saying(message(1, IN), found(2, known), message(3, IN))) as there:
        where = at(there.port, people=SEARCH, subject="objectGUID")
        assert authenticate(OUT, where, Sought("ada", raw.hex()), "correct horse") == Person(raw.hex(), ())
        assert raw in there.heard[1]
        assert b"uid" not in there.heard[1]


def test_nobody_is_asked_about_under_a_name_that_nobody_has_with_a_password_of_no_ones() -> None:
    with false_directory(saying(message(1, result(BOUND, 49)))) as there:
        assert authenticate(OUT, at(there.port), None, "a password that is kept here") is None
        assert b"kept here" not in there.heard[0]
    with false_directory(saying(message(1, IN), found(2, ADA))) as there:  # lets everybody in
        assert authenticate(Outbound([LOOPBACK]), at(there.port), Sought("no name"), "x") is not None
        assert b"no name" not in there.heard[0]


# --- places ---


def occupied(asking: Directories, there: FalseDirectory, tenant: str) -> threading.Thread:
    """A login of the tenant that waits for the directory."""

    def ask() -> None:
        with pytest.raises(ProviderUnavailable):
            asking.authenticate(tenant, at(there.port, timeout_s=20.0), Sought("ada"), "x")

    before = there.connections
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    wait_until(lambda: there.connections > before, 10, "the directory to be asked")
    return thread


def test_one_tenant_has_its_places_and_all_tenants_together_have_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directories, "PLACES", 3)
    asking = Directories(OUT, patience_s=0.05)
    with false_directory(silent) as there:
        threads = [occupied(asking, there, tenant) for tenant in ("one", "one")]
        with pytest.raises(ProviderBusy):
            asking.authenticate("one", at(there.port), Sought("ada"), "x")
        threads.append(occupied(asking, there, "two"))
        with pytest.raises(ProviderBusy):
            asking.authenticate("three", at(there.port), Sought("ada"), "x")
        assert there.connections == 3
        there.ended.set()
        for each in threads:
            each.join(10)
    with false_directory(saying(message(1, result(BOUND, 49)))) as there:  # places that were given back are there
        assert asking.authenticate("three", at(there.port), Sought("ada"), "x") is None


def test_who_waits_gets_the_place_that_is_given_back_and_few_wait() -> None:
    asking = Directories(OUT, patience_s=20.0)
    with false_directory(silent) as there, false_directory(saying(message(1, result(BOUND, 49)))) as good:
        threads = [occupied(asking, there, "one") for _ in range(directories.PLACES_EACH)]
        answers: list[Person | None] = []

        def wait() -> None:
            answers.append(asking.authenticate("one", at(good.port), Sought("ada"), "x"))

        waiting = [threading.Thread(target=wait, daemon=True) for _ in range(directories.PLACES_EACH)]
        for each in waiting:
            each.start()
        wait_until(lambda: asking.waiting("one") == directories.PLACES_EACH, 10, "them to wait")
        with pytest.raises(ProviderBusy):
            asking.authenticate("one", at(good.port), Sought("ada"), "x")
        there.ended.set()
        for each in (*threads, *waiting):
            each.join(10)
        assert answers == [None] * directories.PLACES_EACH
