"""What is sealed reaches every sink in order, and again when nobody knows whether it did."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pextra.controllers.audit_forwarding import AuditForwarder
from pextra.drivers.audit_sinks import Message, Sink, SinkRefused, sink_at
from pextra.drivers.audit_sinks.lines import LinesSink
from pextra.drivers.audit_sinks.syslog import SyslogSink
from pextra.drivers.interface import Retryable
from tests.api.conftest import open_site, site, sqlite_template
from tests.api.site import Site
from tests.labs.waiting import wait_until

__all__ = ["open_site", "site", "sqlite_template"]


class Receiver:
    """A syslog receiver: reads octet-counted messages, one connection after the other."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open = connection
            with connection, connection.makefile("rb") as stream:
                while length := self._length(stream):
                    self.received.append(stream.read(length))

    @staticmethod
    def _length(stream: object) -> int:
        digits = b""
        while (byte := stream.read(1)).isdigit():  # type: ignore[attr-defined]
            digits += byte
        assert byte in (b" ", b"")
        return int(digits or b"0")

    def hang_up(self) -> None:
        assert self._open is not None
        self._open.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def entries(self) -> list[dict[str, object]]:
        return [json.loads(text.partition(b"\xef\xbb\xbf")[2]) for text in self.received]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def networks(site: Site, *names: str) -> None:
    for name in names:
        site.clock.advance(1.0)
        site.ada.put(f"tenants/acme/networks/{name}", {}).ok()
    site.number_events()


def told(entries: Sequence[dict[str, object]]) -> list[str]:
    return [e["object"]["name"] for e in entries if e["action"] == "network.create"]  # type: ignore[index]


def drain(forwarder: AuditForwarder) -> int:
    total = 0
    while found := forwarder.step():
        total += found
    return total


def test_a_receiver_of_syslog_gets_every_entry_once_and_in_order(site: Site, receiver: Receiver) -> None:
    address = f"tcp://127.0.0.1:{receiver.port}"
    sink = sink_at(address)
    forwarder = AuditForwarder(site.cloud, address, sink, holder="a")
    networks(site, "one", "two")
    number = drain(forwarder)
    networks(site, "three")
    number += drain(forwarder)
    wait_until(lambda: len(receiver.received) == number, 10, "the messages")
    sink.close()
    assert told(receiver.entries()) == ["one", "two", "three"]
    chains: dict[object, list[object]] = {}
    for entry in receiver.entries():
        chains.setdefault(entry["tenant"], []).append(entry["sequence"])
    assert all(sequences == list(range(1, len(sequences) + 1)) for sequences in chains.values())
    header = next(t for t in receiver.received if b'"three"' in t).partition(b"\xef\xbb\xbf")[0].decode().split(" ")
    assert header[0] == "<109>1"  # facility 13, severity 5: RFC 5424
    assert header[3] == "pextra-audit"
    assert header[5] == "network.create"


def test_a_receiver_that_hung_up_loses_nothing(site: Site, receiver: Receiver) -> None:
    sink = SyslogSink("tcp", "127.0.0.1", receiver.port)
    forwarder = AuditForwarder(site.cloud, "r", sink, holder="a")
    networks(site, "one")
    drain(forwarder)
    wait_until(lambda: told(receiver.entries()) == ["one"], 10, "the first message")
    receiver.hang_up()
    networks(site, "two")
    for _ in range(5):
        drain(forwarder)
        site.clock.advance(61.0)
    wait_until(lambda: told(receiver.entries())[-1] == "two", 10, "the second message")
    assert set(told(receiver.entries())) == {"one", "two"}
    sink.close()


def test_a_receiver_that_is_away_is_asked_again_later(site: Site) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        forwarder = AuditForwarder(site.cloud, "r", SyslogSink("tcp", *taken.getsockname()), holder="a")
        networks(site, "one")
        assert forwarder.step() == 0
    made = SpySink()
    again = AuditForwarder(site.cloud, "r", made, holder="a")
    assert drain(again) > 0
    assert "one" in told([json.loads(m.body) for m in made.taken])


class SpySink:
    """A sink in memory that may fail after it took something."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.fails = False

    def deliver(self, messages: Sequence[Message]) -> None:
        self.taken += messages
        if self.fails:
            raise Retryable("Unreachable", "nobody knows what was taken")

    def close(self) -> None:
        pass


def test_what_may_not_have_arrived_is_delivered_again(site: Site) -> None:
    sink = SpySink()
    forwarder = AuditForwarder(site.cloud, "r", sink, holder="a")
    networks(site, "one")
    sink.fails = True
    assert forwarder.step() == 0
    sink.fails = False
    site.clock.advance(61.0)
    drain(forwarder)
    bodies = [m.body for m in sink.taken]
    assert len(bodies) > len(set(bodies))
    assert told([json.loads(b) for b in dict.fromkeys(bodies)]) == ["one"]


def test_one_process_at_a_time_forwards_to_a_sink(site: Site) -> None:
    first, second = SpySink(), SpySink()
    networks(site, "one")
    drain(AuditForwarder(site.cloud, "r", first, holder="a"))
    networks(site, "two")
    other = AuditForwarder(site.cloud, "r", second, holder="b")
    assert other.step() == 0
    site.clock.advance(60.0)
    drain(other)
    assert told([json.loads(m.body) for m in second.taken]) == ["two"]


def test_a_file_gets_a_line_for_each_entry_and_a_torn_one_is_told_again(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    networks(site, "one")
    drain(AuditForwarder(site.cloud, "f", sink_at(path.as_uri()), holder="a"))
    assert path.stat().st_mode & 0o077 == 0
    whole = path.read_text()
    assert told([json.loads(line) for line in whole.splitlines()]) == ["one"]
    path.write_text(whole + '{"torn')
    LinesSink(path).deliver([Message('{"whole":1}', "", False, "")])
    assert path.read_text().splitlines()[-1] == '{"whole":1}'


def test_datagrams_are_messages_too(site: Site) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(10)
        sink: Sink = SyslogSink("udp", *listening.getsockname())
        sink.deliver([Message('{"a":1}', "2027-01-01T00:00:00.000Z", True, "x.y")])
        sink.close()
        assert listening.recv(9000).startswith(b"<108>1 2027-01-01T00:00:00.000Z ")


@pytest.mark.parametrize("address", ["tcp://", "http://x:1", "file://host/x", "tcp://x:99999", "x"])
def test_an_address_that_makes_no_sense_is_refused(address: str) -> None:
    with pytest.raises(SinkRefused):
        sink_at(address)
