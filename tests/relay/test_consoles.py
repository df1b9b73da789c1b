"""A console is what its guest says and is told, byte for byte, for as long as it may be open."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect as async_connect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from pextra import agent_protocol as protocol
from pextra.agent import relaying
from pextra.agent.link import ControlPlane
from pextra.drivers.interface import Permanent
from pextra.relay.settings import RelaySettings
from pextra_client.console import Console, Ticket
from pextra_client.credentials import Credentials
from pextra_client.errors import ConsoleRefusedError, TransportError
from tests.api.caller import Caller
from tests.labs.waiting import wait_until
from tests.relay.world import PATIENCE_S, RelayCloud, RelayThread, receive_exactly, relayed, sample, ticket


def reason_of_end(connection: ClientConnection) -> tuple[int, str]:
    """With what code and words the relay ended a connection; what it said before is passed over."""
    try:
        while True:
            connection.recv(timeout=PATIENCE_S)
    except ConnectionClosed as error:
        end = error.rcvd
    assert end is not None, "the connection broke without a word"
    return end.code, end.reason


def say_until_stopped(guest: socket.socket, spoken: bytes) -> int:
    """Say it until the other side has taken nothing for a second; how many bytes it took."""
    said = 0
    guest.settimeout(1.0)
    try:
        while said < len(spoken):
            said += guest.send(memoryview(spoken)[said : said + (1 << 16)])
    except TimeoutError:
        pass
    return said


def test_what_guest_and_user_say_reaches_the_other_unchanged(cloud: RelayCloud, ada: Caller) -> None:
    with cloud.dial(ticket(ada)) as user, cloud.guests.next() as guest:
        every_byte = bytes(range(256)) * 3
        guest.sendall(every_byte)
        heard = b""
        while len(heard) < len(every_byte):
            heard += user.recv(timeout=PATIENCE_S, decode=False)
        assert heard == every_byte
        user.send(every_byte)
        assert receive_exactly(guest, len(every_byte)) == every_byte


def test_the_device_that_was_asked_for_is_opened_of_the_instance(cloud: RelayCloud, ada: Caller) -> None:
    with cloud.dial(ticket(ada, device="display")):
        uid, device, guest = cloud.guests.opened.get(timeout=PATIENCE_S)
        assert (uid, device) == (cloud.uid("web"), "display")
        guest.close()


def test_a_console_ends_when_the_guest_ends_it(cloud: RelayCloud, ada: Caller) -> None:
    with cloud.dial(ticket(ada)) as user:
        cloud.guests.next().close()
        assert reason_of_end(user) == (1000, "The console has ended.")


def test_a_guest_is_let_go_when_the_user_leaves(cloud: RelayCloud, ada: Caller) -> None:
    with cloud.dial(ticket(ada)) as user, cloud.guests.next() as guest:
        user.close()
        assert guest.recv(1) == b""


def test_a_second_one_at_a_serial_console_is_refused_and_the_first_goes_on(cloud: RelayCloud, ada: Caller) -> None:
    with cloud.dial(ticket(ada)) as first, cloud.guests.next() as guest:
        with cloud.dial(ticket(ada)) as second:
            code, reason = reason_of_end(second)
        assert code == 4409
        assert "already" in reason
        first.send(b"still here")
        assert receive_exactly(guest, 10) == b"still here"


def test_a_serial_console_is_free_again_when_it_was_left(cloud: RelayCloud, ada: Caller) -> None:
    with cloud.dial(ticket(ada)) as user, cloud.guests.next() as guest:
        user.close()
        assert guest.recv(1) == b""
    with cloud.dial(ticket(ada)) as user, cloud.guests.next() as guest:
        guest.sendall(b"again")
        assert user.recv(timeout=PATIENCE_S) == b"again"


def test_a_display_shows_itself_to_several(cloud: RelayCloud, ada: Caller) -> None:
    with (
        cloud.dial(ticket(ada, device="display")) as one,
        cloud.guests.next() as guest_of_one,
        cloud.dial(ticket(ada, device="display")) as two,
        cloud.guests.next() as guest_of_two,
    ):
        guest_of_one.sendall(b"1")
        guest_of_two.sendall(b"2")
        assert (one.recv(timeout=PATIENCE_S), two.recv(timeout=PATIENCE_S)) == (b"1", b"2")


def test_what_the_driver_says_against_it_is_told(cloud: RelayCloud, ada: Caller) -> None:
    cloud.guests.refusal = Permanent("ConsoleUnsupported", "this guest has no serial console")
    with cloud.dial(ticket(ada)) as user:
        assert reason_of_end(user) == (4409, "this guest has no serial console")


def test_a_console_that_does_not_answer_is_said_to_be_so(cloud: RelayCloud, ada: Caller) -> None:
    cloud.guests.refusal = FileNotFoundError("nobody listens")
    with cloud.dial(ticket(ada)) as user:
        assert reason_of_end(user) == (4409, "The guest's console does not answer: is it running?")


def test_a_host_whose_agent_is_away_is_said_to_be_so(cloud: RelayCloud, ada: Caller) -> None:
    cloud.channels["h0"].stop()
    with cloud.dial(ticket(ada)) as user:
        code, reason = reason_of_end(user)
    assert code == 4503
    assert "not connected" in reason


def test_an_agent_that_opens_no_stream_is_waited_for_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with relayed(tmp_path, RelaySettings(look_s=0.05, open_s=0.2)) as cloud:
        monkeypatch.setattr(cloud.channels["h0"], "_obey", lambda *_: None)
        with cloud.dial(ticket(cloud.user("ada", "acme"))) as user:
            assert reason_of_end(user)[0] == 4504


def test_a_relay_with_a_certificate_is_spoken_to_by_tls_and_believed_only_by_its_authority(bare: RelayCloud) -> None:
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(bare.tls / "server.pem")
    relay = RelayThread(bare.cloud, bare.tls, bare.settings, users_tls=served)
    try:
        shown = Ticket(ticket="pxc_x", expires_at="", url=f"wss://127.0.0.1:{relay.ports[1]}/v1/console")
        believing = Credentials(ca=bare.tls / "authority.pem").tls
        with Console(shown, believing) as console, pytest.raises(ConsoleRefusedError, match="ask for another"):
            console.receive(PATIENCE_S)
        with pytest.raises(TransportError, match="not reached"):
            Console(shown, Credentials().tls)
    finally:
        relay.stop()


def test_an_agent_that_is_stopped_lets_go_of_a_stream_whose_end_the_relay_has_not_answered(
    cloud: RelayCloud, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left open: pytest takes what is collected unclosed for a failure."""
    monkeypatch.setattr(relaying, "_FIRST_DELAY_S", 60.0)
    agent = cloud.connect_agent("h0", instead=True)
    with cloud.dial(ticket(ada)) as user, cloud.guests.next() as guest:
        user.send(b"x")
        assert guest.recv(1) == b"x"
        tls = ControlPlane(cloud.home("h0")).tls()
        with connect(f"{cloud.relay_url}{protocol.RELAY}", ssl=tls, proxy=None):
            time.sleep(0.2)  # the agent's channel was ended by the new one, and waits for its next try
            with cloud.relay.silent():
                guest.close()
                time.sleep(0.2)  # the agent has said that the stream ends
                agent.stop()
                assert "relay" not in {thread.name for thread in threading.enumerate()}
                gc.collect()


class TestEndedFromOutside:
    """What was allowed when a console was opened may not be any more."""

    def test_a_console_is_closed_when_its_instance_is_deleted(self, cloud: RelayCloud, ada: Caller) -> None:
        with cloud.dial(ticket(ada)) as user, cloud.guests.next():
            cloud.delete("instance", "web")
            assert reason_of_end(user) == (4404, "The instance is deleted.")

    def test_a_console_is_closed_when_its_users_token_is_revoked(self, cloud: RelayCloud, ada: Caller) -> None:
        with cloud.dial(ticket(ada)) as user, cloud.guests.next():
            cloud.delete("api_token", "ada")
            assert reason_of_end(user)[0] == 4401

    def test_a_console_is_closed_when_its_user_is_disabled(self, cloud: RelayCloud, ada: Caller) -> None:
        with cloud.dial(ticket(ada)) as user, cloud.guests.next():
            cloud.put("user", "ada", {"enabled": False})
            assert reason_of_end(user)[0] == 4401

    def test_others_stay_open(self, cloud: RelayCloud, ada: Caller) -> None:
        bob = cloud.user("bob", "acme")
        with (
            cloud.dial(ticket(ada, device="display")) as hers,
            cloud.guests.next(),
            cloud.dial(ticket(bob, device="display")) as his,
            cloud.guests.next() as guest,
        ):
            cloud.delete("api_token", "ada")
            assert reason_of_end(hers)[0] == 4401
            guest.sendall(b"x")
            assert his.recv(timeout=PATIENCE_S) == b"x"


def test_an_idle_console_is_closed(tmp_path: Path) -> None:
    with (
        relayed(tmp_path, RelaySettings(look_s=0.05, idle_s=0.3)) as cloud,
        cloud.dial(ticket(cloud.user("ada", "acme"))) as user,
        cloud.guests.next(),
    ):
        assert reason_of_end(user)[0] == 4408


class TestBounds:
    """More than so many are refused; those that are open go on, and a place that was left is free again."""

    @pytest.mark.parametrize(
        ("settings", "code"),
        [(RelaySettings(most_consoles=1), 4503), (RelaySettings(most_consoles_of_tenant=1), 4429)],
        ids=["in all", "of a tenant"],
    )
    def test_no_more_consoles_are_open_than_may_be(self, tmp_path: Path, settings: RelaySettings, code: int) -> None:
        with relayed(tmp_path, settings) as cloud:
            ada = cloud.user("ada", "acme")
            with cloud.dial(ticket(ada, device="display")), cloud.guests.next() as guest:
                with cloud.dial(ticket(ada, device="display")) as one_more:
                    assert reason_of_end(one_more)[0] == code
                guest.close()
            wait_until(lambda: sample("pextra_relay_consoles") == 0, PATIENCE_S, "the console to end")
            with cloud.dial(ticket(ada)) as user, cloud.guests.next() as guest:
                guest.sendall(b"x")
                assert user.recv(timeout=PATIENCE_S) == b"x"

    def test_a_message_that_is_too_long_ends_its_console_only(self, cloud: RelayCloud, ada: Caller) -> None:
        with cloud.dial(ticket(ada)) as user, cloud.guests.next():
            user.send(bytes((1 << 20) + 1))
            assert reason_of_end(user)[0] == 1009
        assert cloud.connected() == 1

    def test_what_nobody_reads_does_not_pile_up(self, cloud: RelayCloud, ada: Caller) -> None:
        """The guest says more than all buffers hold to somebody who does not read: it is stopped, not buffered."""
        with cloud.dial(ticket(ada)) as user, cloud.guests.next() as guest:
            spoken = random.Random(1).randbytes(1 << 26)
            said = say_until_stopped(guest, spoken)
            assert said < 32 << 20  # the kernel lets each of three connections hold up to 10 MiB
            heard = 0
            while heard < said:
                data = user.recv(timeout=PATIENCE_S, decode=False)
                assert data == spoken[heard : heard + len(data)]
                heard += len(data)


def test_a_hundred_consoles_pass_mebibytes_each_byte_for_byte(tmp_path: Path) -> None:
    """There and back, all at once, through two hosts; what is under way is bounded by the buffers."""
    payload = random.Random(2).randbytes(1 << 20)
    with relayed(tmp_path, RelaySettings(look_s=0.05, most_consoles_of_tenant=100)) as cloud:
        cloud.add_host("h1")
        cloud.connect_agent("h1")
        cloud.settle(2.0)
        cloud.put("instance", "big", {"flavor": "large", "image": "linux"})
        cloud.put("instance", "wide", {"flavor": "large", "image": "linux"})
        cloud.settle(5.0)
        names = ("big", "wide")
        assert {cloud.get("instance", name).status["host"] for name in names} == {"h0", "h1"}
        ada = cloud.user("ada", "acme")
        tickets = [ticket(ada, names[number % 2], "display") for number in range(100)]
        before = resident_bytes()
        most = asyncio.run(echoes(cloud, tickets, payload))
        assert most - before < 400 << 20, "half of what was said in all"
        assert sample("pextra_relay_console_bytes_total", direction="to_user") >= 400 << 20


def resident_bytes() -> int:
    """How much memory this process has in use; the relay and the agents are in it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def echoes(cloud: RelayCloud, tickets: list[str], payload: bytes) -> int:
    """Say the payload four times at every console at once, from another place in each, to guests that repeat it.

    Returns:
        The most memory that this process was seen to use.
    """
    seen, often = [resident_bytes()], payload * 5

    async def guest() -> None:
        socket_ = await asyncio.to_thread(cloud.guests.next)
        reader, writer = await asyncio.open_connection(sock=socket_)
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def user(number: int) -> None:
        offered: Any = ["pextra.console", f"pextra.ticket.{tickets[number]}"]
        url, turn = f"{cloud.users_url}/v1/console", number * 1021
        spoken = memoryview(often)[turn : turn + 4 * len(payload)]
        async with async_connect(url, subprotocols=offered, compression=None, proxy=None, max_queue=2) as console:

            async def say() -> None:
                for start in range(0, len(spoken), 50_000):
                    await console.send(bytes(spoken[start : start + 50_000]))

            saying, heard = asyncio.create_task(say()), 0
            while heard < len(spoken):
                data = await console.recv(decode=False)
                assert data == spoken[heard : heard + len(data)]
                heard += len(data)
                seen.append(resident_bytes())
            await saying

    async with asyncio.TaskGroup() as group:
        for number in range(len(tickets)):
            group.create_task(guest())
            group.create_task(user(number))
    return max(seen)
