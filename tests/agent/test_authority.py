"""An agent reaches what is bound to its host, and nothing else: also one with a stolen certificate."""

from __future__ import annotations

from uuid import uuid4

import pytest

from pextra import agent_protocol as protocol
from pextra.agent_protocol import Report, SyncRequest
from pextra.pki.request import new_request
from pextra.store import assignments
from tests.agent.world import AgentCloud, Certified, serial_of


@pytest.fixture
def two(bare: AgentCloud) -> AgentCloud:
    """Two hosts, with an instance on each."""
    bare.furnish(hosts=2)
    bare.put("instance", "a", {"flavor": "large", "image": "linux", "user_data": "the secret of a"})
    bare.put("instance", "b", {"flavor": "large", "image": "linux", "user_data": "the secret of b"})
    bare.settle(5.0)
    assert {bare.get("instance", n).status["host"] for n in "ab"} == {"h0", "h1"}
    return bare


def question(**fields: object) -> SyncRequest:
    """A question with a certificate that was stolen from the host's agent."""
    return SyncRequest.model_validate({"boot_id": "thief", "version": "0", **fields})


def host_of(cloud: AgentCloud, instance: str) -> str:
    """The name of the host that the instance is on."""
    return cloud.get("instance", instance).status["host"]


def test_a_certificate_is_told_of_its_own_host_only(two: AgentCloud) -> None:
    own, other = two.uid("a"), two.uid("b")
    told = two.hosts[host_of(two, "a")].link.sync(question())
    uids = {a.uid for a in told.assignments}
    assert own in uids
    assert other not in uids
    assert "the secret of b" not in told.model_dump_json()


def test_a_report_of_another_hosts_guest_changes_nothing(two: AgentCloud) -> None:
    victim = two.database.read(lambda tx: assignments.of_uid(tx, two.uid("b")))[0]
    thief = two.hosts[host_of(two, "a")].link
    lie = {"failure": {"family": "permanent", "reason": "PoolFull", "message": "a lie"}}
    thief.sync(question(reports=[Report(uid=victim.uid, revision=victim.revision, content=lie).model_dump()]))
    thief.sync(question(reports=[Report(uid=victim.uid, revision=victim.revision, gone=True).model_dump()]))
    two.settle(2.0)
    assert two.database.read(lambda tx: assignments.of_uid(tx, victim.uid)) == [victim]
    assert two.ready("instance", "b")["reason"] == "Running"


def test_asking_whose_another_hosts_guest_is_tells_nothing(two: AgentCloud) -> None:
    """The answer is the same for a uid of another host and for one that never was."""
    invented = str(uuid4())
    told = two.hosts[host_of(two, "a")].link.sync(question(strangers=[two.uid("b"), invented]))
    assert set(told.remove) == {two.uid("b"), invented}


def test_secrets_are_told_for_what_is_assigned_and_no_longer(two: AgentCloud) -> None:
    link = two.hosts[host_of(two, "a")].link
    two.hosts[host_of(two, "a")].link.up = False
    two.delete("instance", "a")
    two.settle(2.0)
    link.up = True
    told = link.sync(question())
    assert any(a.removed and a.uid == two.uid("a") for a in told.assignments)
    assert "the secret of a" not in told.model_dump_json()


def test_the_store_does_not_hold_a_secret_twice(two: AgentCloud) -> None:
    held = two.database.read(lambda tx: assignments.of_uid(tx, two.uid("a")))[0]
    assert "the secret" not in str(held)


def test_joining_anew_shuts_the_stolen_certificate_out(two: AgentCloud) -> None:
    name = host_of(two, "a")
    stolen = Certified(two)
    stolen.serial = two.hosts[name].link.serial
    two.hosts[name].link.join(two.join_token(name))
    refused = stolen.post("/sync", question())
    assert refused.status_code == 401
    assert refused.json["code"] == "agent.unauthenticated"
    two.settle(2.0)
    assert two.ready("instance", "a")["reason"] == "Running"


def test_the_certificate_of_a_deleted_host_is_refused(bare: AgentCloud) -> None:
    host = bare.add_host("gone")
    bare.settle(1.0)
    bare.delete("host", "gone", tenant=None, cascade=True)
    del bare.hosts["gone"]
    bare.settle(2.0)
    assert host.link.post("/sync", question()).status_code == 401


@pytest.mark.parametrize("serial", [None, "0" * 32])
@pytest.mark.parametrize("path", ["/sync", "/certificate"])
def test_without_a_certificate_that_was_issued_nothing_is_answered(
    cloud: AgentCloud, path: str, serial: str | None
) -> None:
    stranger = Certified(cloud)
    stranger.serial = serial
    body = question() if path == "/sync" else protocol.CertificateRequest(csr=new_request("x")[1])
    assert stranger.post(path, body).status_code == 401


def test_a_certificate_that_has_expired_is_refused(cloud: AgentCloud) -> None:
    cloud.clock.advance(31 * 86_400)
    assert cloud.hosts["h0"].link.post("/sync", question()).status_code == 401


class TestRenewing:
    """The next certificate takes the place of the former one when it is used, and not before."""

    @staticmethod
    def renew(cloud: AgentCloud) -> str:
        """Ask for the next certificate with the present one; its serial number."""
        cloud.clock.advance(60.0)
        answer = cloud.hosts["h0"].link.post("/certificate", protocol.CertificateRequest(csr=new_request("x")[1]))
        assert answer.status_code == 200, answer.text
        return serial_of(answer.json["certificate"])

    @staticmethod
    def status(cloud: AgentCloud, serial: str | None) -> int:
        """What a question with that certificate is answered."""
        link = cloud.hosts["h0"].link
        link.serial, present = serial, link.serial
        answer = link.post("/sync", question(revision=1 << 40))  # of which nothing is newer
        link.serial = present
        return answer.status_code

    def test_the_old_certificate_is_good_until_the_new_one_is_used(self, cloud: AgentCloud) -> None:
        first = cloud.hosts["h0"].link.serial
        second = self.renew(cloud)
        assert self.status(cloud, first) == 200, "the answer may have been lost"
        cloud.clock.advance(60.0)
        assert self.status(cloud, second) == 200
        assert self.status(cloud, first) == 401

    def test_a_request_that_arrives_again_late_does_not_shut_the_agent_out(self, cloud: AgentCloud) -> None:
        second = self.renew(cloud)
        third = self.renew(cloud)  # the same question again, with the first certificate: nobody hears the answer
        cloud.clock.advance(60.0)
        assert self.status(cloud, second) == 200
        assert self.status(cloud, third) == 200

    def test_renewing_with_a_certificate_uses_it(self, cloud: AgentCloud) -> None:
        link = cloud.hosts["h0"].link
        first, link.serial = link.serial, self.renew(cloud)
        self.renew(cloud)
        assert self.status(cloud, first) == 401


class TestJoining:
    """A join token lets one machine in, once."""

    @staticmethod
    def code(cloud: AgentCloud, token: str, csr: str | None = None) -> str:
        """The code with which joining is refused."""
        body = protocol.JoinRequest(token=token, csr=csr or new_request("x")[1])
        return str(Certified(cloud).post("/join", body).json.get("code", "joined"))

    def test_a_token_is_used_up(self, cloud: AgentCloud) -> None:
        token = cloud.join_token("h0")
        assert self.code(cloud, token) == "joined"
        assert self.code(cloud, token) == "agent.join_refused"

    def test_a_token_expires(self, cloud: AgentCloud) -> None:
        token = cloud.join_token("h0")
        cloud.clock.advance(3601)
        assert self.code(cloud, token) == "agent.join_refused"

    def test_deleting_a_token_revokes_it(self, cloud: AgentCloud) -> None:
        token = cloud.join_token("h0", name="once")
        cloud.delete("join_token", "once", tenant=None)
        assert self.code(cloud, token) == "agent.join_refused"

    @pytest.mark.parametrize("token", ["", "pextra-join-1.x.y", "A" * 200])
    def test_what_is_no_token_is_refused_alike(self, cloud: AgentCloud, token: str) -> None:
        assert self.code(cloud, token) == "agent.join_refused"

    def test_a_request_that_is_none_leaves_the_token_unused(self, cloud: AgentCloud) -> None:
        token = cloud.join_token("h0")
        assert self.code(cloud, token, "not a request") == "agent.csr_invalid"
        assert self.code(cloud, token) == "joined"

    def test_the_token_is_shown_once_and_stored_nowhere(self, cloud: AgentCloud) -> None:
        token = cloud.join_token("h0", name="once")
        record = cloud.find("join_token", "once", tenant=None)
        assert token.split(".")[1] not in str(record)
        again = cloud.put("join_token", "once", {"host": "h0"})
        assert again.minted is None


@pytest.mark.parametrize(
    "content",
    [
        {"guest": {"settled": True}},
        {"guest": "x"},
        {"failure": {"family": "odd", "reason": "R" * 1000, "message": "m" * 100_000}},
        {"act": {"succeeded": True, "result": {}}},
        {},
    ],
)
def test_a_report_that_makes_no_sense_is_said_to_be_so_and_harms_nobody(
    two: AgentCloud, content: dict[str, object]
) -> None:
    assigned = two.database.read(lambda tx: assignments.of_uid(tx, two.uid("a")))[0]
    liar = two.hosts[host_of(two, "a")]
    del two.hosts[liar.name]
    liar.link.sync(
        question(reports=[Report(uid=assigned.uid, revision=assigned.revision, content=content).model_dump()])
    )
    two.settle(2.0)
    ready = two.ready("instance", "a")
    assert ready["status"] == "false" or not content or "act" in content
    assert len(ready["message"]) < 2100
    assert two.ready("instance", "b")["reason"] == "Running"
