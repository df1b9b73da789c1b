"""An agent and the agents' endpoint over the wire: who is believed, on both sides."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import urllib3

from pextra.agent.agent import LinkDown
from pextra.agent.home import Home, NotJoined
from pextra.agent.link import ControlPlane, JoinFailed, join
from pextra.agent_protocol import SyncRequest
from pextra.pki.authority import Authority
from pextra.pki.join_token import JoinToken
from pextra.pki.request import new_request
from pextra.services.agents import authority as agents_authority
from pextra.store import agents
from tests.agent.serving import Served, served

QUESTION = SyncRequest(boot_id="boot", version="test")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One endpoint for all tests of this file."""
    with served(tmp_path_factory.mktemp("served") / "d") as made:
        yield made


def joined(cloud: Served, path: Path, host: str = "h1") -> ControlPlane:
    """The link of an agent that has joined as the host."""
    home = Home(path)
    join(home, cloud.join_token(host), [cloud.endpoint], hint="test")
    return ControlPlane(home)


def test_an_agent_joins_asks_and_renews_its_certificate(cloud: Served, tmp_path: Path) -> None:
    link = joined(cloud, tmp_path / "home")
    assert link.identity.host == "h1"
    assert link.sync(QUESTION).poll_s > 0
    before = (tmp_path / "home" / "agent.pem").read_text()
    assert link.renew() > 0
    assert (tmp_path / "home" / "agent.pem").read_text() != before
    assert link.sync(QUESTION).poll_s > 0
    assert ControlPlane(Home(tmp_path / "home")).sync(QUESTION).poll_s > 0, "what was kept is what is used"


def test_only_the_agents_user_may_read_what_it_keeps(cloud: Served, tmp_path: Path) -> None:
    joined(cloud, tmp_path / "home")
    modes = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "home").iterdir()}
    assert modes == {"agent.pem": 0o600, "authority.pem": 0o600, "identity.json": 0o600}
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


def test_an_agent_that_was_shut_out_is_told_to_join_again(cloud: Served, tmp_path: Path) -> None:
    first = joined(cloud, tmp_path / "first", "h2")
    joined(cloud, tmp_path / "second", "h2")
    with pytest.raises(LinkDown, match="Join again"):
        first.sync(QUESTION)


def test_the_token_is_not_shown_to_an_endpoint_of_another_authority(cloud: Served, tmp_path: Path) -> None:
    token = JoinToken.parse(cloud.join_token("h3"))
    other = Authority.create("another", datetime.now(UTC)).fingerprint
    misled = str(JoinToken(token.secret, other))
    with pytest.raises(JoinFailed, match="no authority with the fingerprint"):
        join(Home(tmp_path / "home"), misled, [cloud.endpoint], hint="test")
    join(Home(tmp_path / "home"), str(token), [cloud.endpoint], hint="test")  # it was not used up


def test_failing_to_join_keeps_nothing(cloud: Served, tmp_path: Path) -> None:
    token = cloud.join_token("h4")
    join(Home(tmp_path / "first"), token, [cloud.endpoint], hint="test")
    with pytest.raises(JoinFailed, match="used before"):
        join(Home(tmp_path / "second"), token, [cloud.endpoint], hint="test")
    assert list((tmp_path / "second").iterdir()) == []
    with pytest.raises(NotJoined, match="pextra-agent join"):
        ControlPlane(Home(tmp_path / "second"))


def exchange_with(cloud: Served, certificate: str, key: str, folder: Path) -> int:
    """The status with which a question is answered that is asked with a certificate of one's own."""
    folder.mkdir()
    (folder / "own.pem").write_text(certificate + key)
    context = ssl.create_default_context(cafile=str(cloud.settings.agents_tls_dir / "authority.pem"))
    context.load_cert_chain(folder / "own.pem")
    with urllib3.PoolManager(ssl_context=context) as pool:
        return pool.request(
            "POST", f"{cloud.endpoint}/agent/v1/sync", body=QUESTION.model_dump_json(), retries=False
        ).status


def test_a_certificate_that_somebody_else_signed_ends_the_connection(cloud: Served, tmp_path: Path) -> None:
    link = joined(cloud, tmp_path / "home", "h5")
    forger = Authority.create("Pextra host agents", datetime.now(UTC))
    key, request = new_request("x")
    forged = forger.sign_host(request, link.identity.host_uid, datetime.now(UTC), timedelta(days=1))
    with pytest.raises(urllib3.exceptions.HTTPError):
        exchange_with(cloud, forged.certificate_pem, key, tmp_path / "forged")


def test_a_certificate_that_we_signed_and_did_not_note_is_refused(cloud: Served, tmp_path: Path) -> None:
    """Whoever copies the authority's key still has to write to the database."""
    link = joined(cloud, tmp_path / "home", "h6")
    authority = cloud.cloud.database.read(lambda tx: agents_authority(cloud.cloud, tx))
    key, request = new_request("x")
    made = authority.sign_host(request, link.identity.host_uid, datetime.now(UTC), timedelta(days=1))
    assert exchange_with(cloud, made.certificate_pem, key, tmp_path / "made") == 401


def test_the_endpoints_own_certificate_is_no_agents(cloud: Served, tmp_path: Path) -> None:
    pem = (cloud.settings.agents_tls_dir / "server.pem").read_text()
    with pytest.raises(urllib3.exceptions.HTTPError):
        exchange_with(cloud, pem, "", tmp_path / "own")


def test_without_a_certificate_nothing_but_joining_is_answered(cloud: Served) -> None:
    context = ssl.create_default_context(cafile=str(cloud.settings.agents_tls_dir / "authority.pem"))
    with urllib3.PoolManager(ssl_context=context) as pool:
        answer = pool.request("POST", f"{cloud.endpoint}/agent/v1/sync", body=b"{" * 1000, retries=False)
    assert answer.status == 401


def test_plain_http_is_not_spoken(cloud: Served) -> None:
    with urllib3.PoolManager() as pool, pytest.raises(urllib3.exceptions.HTTPError):
        pool.request("POST", cloud.endpoint.replace("https", "http") + "/agent/v1/sync", retries=False)


def test_asking_makes_the_agent_heard(cloud: Served, tmp_path: Path) -> None:
    link = joined(cloud, tmp_path / "home", "h7")
    link.sync(QUESTION)
    agent = cloud.cloud.database.read(lambda tx: agents.pulse(tx, link.identity.host_uid))
    assert agent is not None
    assert agent.boot_id == "boot"
