"""An agent's channel: whose it is, how it comes back, and that it brings news."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage
from websockets.sync.client import ClientConnection, connect

from pextra import agent_protocol as protocol
from pextra.agent.link import ControlPlane
from pextra.agent.process import AgentProcess
from pextra.agent_protocol import Order
from pextra.pki.contexts import trusting
from pextra.services import agents as asking
from pextra.store import agents
from tests.api.caller import Caller
from tests.labs.waiting import wait_until
from tests.relay.test_consoles import reason_of_end
from tests.relay.world import PATIENCE_S, RelayCloud, receive_exactly, sample, ticket


def thief(cloud: RelayCloud, host: str, path: str) -> ClientConnection:
    """A connection with the certificate that was stolen from the host's agent."""
    return connect(f"{cloud.relay_url}{path}", ssl=ControlPlane(cloud.home(host)).tls(), proxy=None, compression=None)


def orders(channel: ClientConnection) -> Order:
    """The relay's next order."""
    return Order.model_validate_json(channel.recv(timeout=PATIENCE_S))


def asked_for(channel: ClientConnection) -> protocol.OpenStream:
    """The stream that the relay asks for next."""
    while (wanted := orders(channel).open) is None:
        pass
    return wanted


class TestWho:
    """A certificate opens what is its own host's."""

    def test_without_a_certificate_nothing_opens(self, cloud: RelayCloud) -> None:
        nameless = trusting(cloud.home("h0").authority.read_text())
        with (
            pytest.raises((ssl.SSLError, ConnectionError, InvalidMessage, ConnectionClosed)),  # by when it is noticed
            connect(f"{cloud.relay_url}{protocol.RELAY}", ssl=nameless, proxy=None),
        ):
            pass

    def test_a_revoked_certificate_is_refused(self, cloud: RelayCloud) -> None:
        cloud.database.write(lambda tx: agents.revoke_certificates(tx, cloud.hosts["h0"].uid))
        with thief(cloud, "h0", protocol.RELAY) as refused:
            assert reason_of_end(refused)[0] == 4401

    def test_an_agent_whose_certificate_is_revoked_is_cut_off(self, cloud: RelayCloud) -> None:
        cloud.channels["h0"].stop()
        with thief(cloud, "h0", protocol.RELAY) as channel:
            wait_until(lambda: cloud.connected() == 1, PATIENCE_S, "the channel")
            cloud.database.write(lambda tx: agents.revoke_certificates(tx, cloud.hosts["h0"].uid))
            assert reason_of_end(channel)[0] == 4401
        wait_until(lambda: cloud.connected() == 0, PATIENCE_S, "the channel to go")

    def test_a_stream_of_a_revoked_agent_is_cut_off_too(self, cloud: RelayCloud, ada: Caller) -> None:
        with cloud.dial(ticket(ada)) as user, cloud.guests.next():
            wait_until(lambda: sample("pextra_relay_consoles") == 1, PATIENCE_S, "the console to open")
            cloud.database.write(lambda tx: agents.revoke_certificates(tx, cloud.hosts["h0"].uid))
            assert reason_of_end(user)[0] == 1000

    def test_a_stolen_certificate_takes_no_stream_of_another_host(self, cloud: RelayCloud, ada: Caller) -> None:
        """It even knows the stream's id; the rightful agent still opens it."""
        cloud.add_host("h1")
        cloud.channels["h0"].stop()
        with thief(cloud, "h0", protocol.RELAY) as rightful, cloud.dial(ticket(ada)) as user:
            wanted = asked_for(rightful)
            assert (wanted.guest_uid, wanted.device) == (cloud.uid("web"), "serial")
            with thief(cloud, "h1", f"{protocol.STREAMS}{wanted.stream}") as stolen:
                assert reason_of_end(stolen)[0] == 4404
            with thief(cloud, "h0", f"{protocol.STREAMS}{wanted.stream}") as stream:
                stream.send(b"from the guest")
                assert user.recv(timeout=PATIENCE_S) == b"from the guest"
                with thief(cloud, "h0", f"{protocol.STREAMS}{wanted.stream}") as second:
                    assert reason_of_end(second)[0] == 4404, "a stream is opened once"

    def test_a_stolen_certificate_cannot_refuse_another_hosts_stream(self, cloud: RelayCloud, ada: Caller) -> None:
        cloud.add_host("h1")
        cloud.channels["h0"].stop()
        with thief(cloud, "h0", protocol.RELAY) as rightful, cloud.dial(ticket(ada)) as user:
            wanted = asked_for(rightful)
            note = protocol.Note(failed=protocol.StreamFailed(stream=wanted.stream, message="a lie"))
            with thief(cloud, "h1", protocol.RELAY) as liar:
                liar.send(note.model_dump_json(exclude_none=True))
                with thief(cloud, "h0", f"{protocol.STREAMS}{wanted.stream}") as stream:
                    stream.send(b"the truth")
                    assert user.recv(timeout=PATIENCE_S) == b"the truth"

    def test_a_hosts_newest_channel_counts(self, cloud: RelayCloud) -> None:
        cloud.channels["h0"].stop()
        with thief(cloud, "h0", protocol.RELAY) as old, thief(cloud, "h0", protocol.RELAY) as new:
            assert reason_of_end(old)[0] == 4409
            cloud.put("volume", "v", {"size_gib": 1})
            cloud.instance("other", volumes=["v"])
            assert orders(new).wake is not None

    @pytest.mark.parametrize("path", ["/", "/agent/v1/sync", "/agent/v1/relayed"])
    def test_there_are_no_other_routes(self, cloud: RelayCloud, path: str) -> None:
        with thief(cloud, "h0", path) as refused:
            assert reason_of_end(refused)[0] == 4404

    def test_what_is_not_of_the_protocol_ends_the_channel_and_nothing_else(self, cloud: RelayCloud) -> None:
        cloud.add_host("h1")
        with thief(cloud, "h1", protocol.RELAY) as channel:
            channel.send('{"failed": {"stream": 1}}')
            assert reason_of_end(channel)[0] == 4400
        wait_until(lambda: cloud.connected() == 1, PATIENCE_S, "the channel to go")


class TestNews:
    """What is assigned to a host is told at once."""

    def drained(self, cloud: RelayCloud) -> None:
        while not cloud.woken.empty():
            cloud.woken.get()

    def revision(self, cloud: RelayCloud) -> int:
        pulse = cloud.database.read(lambda tx: agents.pulse(tx, cloud.hosts["h0"].uid))
        assert pulse is not None
        return pulse.revision

    def test_an_agent_is_woken_with_the_revision_of_what_is_new(self, cloud: RelayCloud) -> None:
        wait_until(lambda: not cloud.woken.empty(), PATIENCE_S, "the first wake")
        before = self.revision(cloud)
        self.drained(cloud)
        cloud.put("instance", "other", {"flavor": "small", "image": "linux"})
        cloud.loop.step()
        assert self.revision(cloud) > before
        wait_until(lambda: not cloud.woken.empty(), PATIENCE_S, "the wake")
        assert cloud.woken.get() > before

    def test_the_same_news_is_told_once(self, cloud: RelayCloud) -> None:
        wait_until(lambda: not cloud.woken.empty(), PATIENCE_S, "the first wake")
        told, looks = sample("pextra_relay_wakes_total"), []
        real = cloud.cloud.database.read

        def counted(work: Any) -> Any:
            looks.append(1)
            return real(work)

        cloud.cloud.database.read = counted
        wait_until(lambda: len(looks) > 5, PATIENCE_S, "the relay to look again")
        assert sample("pextra_relay_wakes_total") == told

    def test_it_resumes_when_the_relay_was_killed(self, cloud: RelayCloud, ada: Caller) -> None:
        cloud.restart_relay()
        wait_until(lambda: cloud.connected() == 1, PATIENCE_S, "the agent to come back")
        self.drained(cloud)
        before = self.revision(cloud)
        cloud.put("instance", "other", {"flavor": "small", "image": "linux"})
        cloud.loop.step()
        wait_until(lambda: not cloud.woken.empty() and cloud.woken.get() > before, PATIENCE_S, "the wake")
        with cloud.dial(ticket(ada)) as user, cloud.guests.next() as guest:
            user.send(b"hello")
            assert receive_exactly(guest, 5) == b"hello"

    def test_a_woken_agent_asks_at_once(self, bare: RelayCloud, monkeypatch: pytest.MonkeyPatch) -> None:
        """It learns where the relay is by asking once; after that it would not ask for ten minutes."""
        monkeypatch.setattr(asking, "POLL_S", 600.0)
        bare.furnish()
        host = bare.hosts["h0"]
        process = AgentProcess(host.agent, ControlPlane(bare.home("h0")), bare.guests.connect)
        process.start()
        try:
            wait_until(lambda: bare.connected() == 1, PATIENCE_S, "the agent to connect")
            bare.put("instance", "web", {"flavor": "small", "image": "linux"})
            uid = bare.uid("web")

            def told() -> bool:
                bare.loop.step()
                return host.agent.ledger.knows(uid)

            wait_until(told, PATIENCE_S, "the agent to know of the guest")
        finally:
            process.stop()
