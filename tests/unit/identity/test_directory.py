"""A real directory says who knows which password, and nothing that is typed means anything else to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from pextra.identity import directory as directories
from pextra.identity import ldap
from pextra.identity.directory import Account, Directory, Groups, Person, Search, Sought
from pextra.identity.failures import ProviderUnavailable
from pextra.identity.ldap import Security, Server, connected, escaped
from pextra.identity.outbound import Outbound
from tests.labs.ports import LOOPBACK
from tests.labs.slapd import BASE, GROUPS, PEOPLE, READER, Slapd, is_there, slapd
from tests.unit.identity.test_outbound import listening

pytestmark = [
    pytest.mark.skipif(not is_there(), reason="slapd is not installed"),
    pytest.mark.xdist_group("slapd"),
]

PASSWORDS = {"ada": "correct horse", "grace": "cobol"}
OUT = Outbound([LOOPBACK])


def authenticate(outbound: Outbound, asked: Directory, name: str, password: str) -> Person | None:
    return directories.authenticate(outbound, asked, Sought(name), password)


@pytest.fixture(scope="module")
def running() -> Iterator[Slapd]:
    with slapd(PASSWORDS, {"staff": ["ada", "grace"], "ops": ["ada"]}) as made:
        yield made


def server(running: Slapd, security: Security = "ldaps", authorities: str | None = "") -> Server:
    port = running.tls_port if security == "ldaps" else running.port
    return Server(LOOPBACK, port, security, running.authorities if authorities == "" else authorities)


def directory(running: Slapd, security: Security = "ldaps") -> Directory:
    people = Search(Account(*READER), PEOPLE, equal={"objectClass": "inetOrgPerson"})
    return Directory((server(running, security),), people, groups=Groups(GROUPS))


@pytest.mark.parametrize("security", ["ldaps", "starttls", "none"])
def test_who_knows_the_password_is_known_by_what_never_changes_with_the_groups(
    running: Slapd, security: Security
) -> None:
    person = authenticate(OUT, directory(running, security), "ada", "correct horse")
    assert person is not None
    assert len(person.subject) == 36  # an entryUUID
    assert person.groups == ("ops", "staff")
    grace = authenticate(OUT, directory(running, security), "grace", "cobol")
    assert grace is not None
    assert grace.subject != person.subject
    assert grace.groups == ("staff",)


def test_a_pattern_of_names_needs_no_account_of_ours(running: Slapd) -> None:
    by_pattern = Directory((server(running),), f"uid={{name}},{PEOPLE}", subject="entryUUID")
    person = authenticate(OUT, by_pattern, "ada", "correct horse")
    assert person is not None
    assert person == authenticate(OUT, by_pattern, "ada", "correct horse")
    assert authenticate(OUT, by_pattern, "ada", "cobol") is None
    assert authenticate(OUT, by_pattern, f"ada,{PEOPLE}", "correct horse") is None


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ada", "wrong"),
        ("ada", "cobol"),
        ("nobody", "correct horse"),
        ("reader", READER[1]),
        ("*", "correct horse"),
        ("a*", "correct horse"),
        ("ada)(uid=*", "correct horse"),
        ("*)(objectClass=*", "correct horse"),
        ("ada)(|(uid=*", "correct horse"),
        ("ada\\00", "correct horse"),
        ("", "correct horse"),
        ("ada\0", "correct horse"),
        ("a" * 256, "correct horse"),
        ("ada", "x" * 1025),
        ("ada", "correct horse\0"),
    ],
)
def test_nobody_else_is_anybody(running: Slapd, name: str, password: str) -> None:
    assert authenticate(OUT, directory(running), name, password) is None


@pytest.mark.parametrize("name", ["ada", "nobody", ""])
def test_an_empty_password_is_not_even_asked_about_though_the_server_would_let_it_in(running: Slapd, name: str) -> None:
    assert authenticate(OUT, directory(running), name, "") is None
    unreachable = Directory((Server(LOOPBACK, 1),), f"uid={{name}},{PEOPLE}")
    assert authenticate(OUT, unreachable, name, "") is None
    with pytest.raises(ProviderUnavailable, match="empty"), connected(OUT, server(running)) as connection:
        connection.bind(f"uid=ada,{PEOPLE}", "")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("ada", "ada"),
        ("a,b", "a\\,b"),
        ("a=b+c", "a\\=b\\+c"),
        ('"<>;\\', '\\"\\<\\>\\;\\\\'),
        ("#a", "\\#a"),
        (" a ", "\\ a\\ "),
        ("a\0b", "a\\00b"),
    ],
)
def test_in_a_name_a_value_is_nothing_but_a_value(value: str, written: str) -> None:
    assert escaped(value) == written


@pytest.mark.parametrize("security", ["ldaps", "starttls"])
def test_a_server_is_believed_with_a_certificate_of_the_named_authority_for_its_name_only(
    running: Slapd, security: Security
) -> None:
    untrusted = Directory((server(running, security, None),), f"uid={{name}},{PEOPLE}")
    with pytest.raises(ProviderUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        authenticate(OUT, untrusted, "ada", "correct horse")
    port = running.tls_port if security == "ldaps" else running.port
    elsewhere = Server("127.0.0.2", port, security, running.authorities)
    with pytest.raises(ProviderUnavailable):
        authenticate(Outbound(["127.0.0.2"]), Directory((elsewhere,), f"uid={{name}},{PEOPLE}"), "ada", "correct horse")


def test_clear_text_is_for_loopback_alone_and_within_our_networks_is_called_what_the_operator_allowed(
    running: Slapd,
) -> None:
    with pytest.raises(ProviderUnavailable, match="over TLS only"):
        authenticate(OUT, Directory((Server("ldap.example.com", 389, "none"),), "uid={name}"), "ada", "correct horse")
    with pytest.raises(ProviderUnavailable, match="not public"):
        authenticate(Outbound(), directory(running), "ada", "correct horse")


def test_a_server_without_tls_gets_no_password() -> None:
    heard: list[bytes] = []

    def refuse() -> None:
        opened, _ = deaf.accept()
        with opened:
            heard.append(opened.recv(4096))
            opened.sendall(bytes.fromhex("300c02010178070a013504000400"))  # unwilling

    with listening() as deaf:
        there = Directory((Server(LOOPBACK, deaf.getsockname()[1], "starttls"),), "uid={name}")
        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(ProviderUnavailable, match="does not start TLS"):
            authenticate(OUT, there, "ada", "correct horse")
        thread.join()
    assert b"1.3.6.1.4.1.1466.20037" in heard[0]
    assert b"correct horse" not in heard[0]


def test_referrals_are_not_followed(running: Slapd) -> None:
    with connected(OUT, server(running)) as connection:
        assert connection.bind(*READER)
        assert [e.dn for e in connection.search(BASE, {"uid": "ada"}, [], limit=5)] == [f"uid=ada,{PEOPLE}"]
    there = Directory((server(running),), Search(Account(*READER), f"ou=elsewhere,{BASE}"))
    with pytest.raises(ProviderUnavailable, match="result 10"):
        authenticate(OUT, there, "ada", "correct horse")


def test_an_account_of_ours_that_the_directory_does_not_take_is_the_shops_fault_and_not_the_users(
    running: Slapd,
) -> None:
    wrong = Directory((server(running),), Search(Account(READER[0], "old"), PEOPLE))
    with pytest.raises(ProviderUnavailable, match="account that searches"):
        authenticate(OUT, wrong, "ada", "correct horse")
    assert "old" not in repr(wrong)


def test_who_is_not_there_is_asked_for_a_password_too(running: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    bind = ldap.Connection.bind

    def counting(connection: ldap.Connection, dn: str, password: str) -> bool:
        asked.append(dn)
        return bind(connection, dn, password)

    monkeypatch.setattr(ldap.Connection, "bind", counting)
    authenticate(OUT, directory(running), "ada", "wrong")
    there = len(asked)
    authenticate(OUT, directory(running), "nobody", "wrong")
    assert len(asked) - there == there == 2


def test_a_directory_that_says_nothing_holds_nobody_up() -> None:
    for security in ("ldaps", "starttls", "none"):
        with listening() as deaf:
            there = Directory((Server(LOOPBACK, deaf.getsockname()[1], security),), "uid={name}", timeout_s=0.3)
            with pytest.raises(ProviderUnavailable, match=r"more than 0.3 s"):
                authenticate(OUT, there, "ada", "correct horse")


@pytest.mark.parametrize(
    "said",
    ["", "30", "3080", "30840fffffff", "3003020101", "300c02010261070a010004000400", "300c02010165070a010004000400",
     "300702010161020a01", "ffff", "480054005400500000"],
)  # fmt: skip
def test_a_directory_that_speaks_nonsense_is_unavailable(said: str) -> None:
    def answer() -> None:
        opened, _ = deaf.accept()
        with opened:
            opened.recv(4096)
            opened.sendall(bytes.fromhex(said))

    with listening() as deaf:
        there = Directory((Server(LOOPBACK, deaf.getsockname()[1], "none"),), "uid={name}")
        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ProviderUnavailable):
            authenticate(OUT, there, "ada", "correct horse")
        thread.join()
