"""`pextra console` in a terminal and in a pipe."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pextra_client.client import Client
from pextra_client.errors import ApiError, ConsoleRefusedError
from tests.api.caller import Caller
from tests.api.serving import served
from tests.labs.waiting import wait_until
from tests.relay.world import PATIENCE_S, RelayCloud, receive_exactly, sample

COMMAND = [sys.executable, "-m", "pextra_client", "console", "web"]


@pytest.fixture
def environment(cloud: RelayCloud, ada: Caller, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Where ada's command finds the cloud."""
    assert ada.token is not None
    with served(cloud.app) as url:
        yield os.environ | {
            "PEXTRA_ENDPOINT": url,
            "PEXTRA_TOKEN": ada.token,
            "PEXTRA_TENANT": "acme",
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
        }


@dataclass
class Terminal:
    """Somebody's terminal with the command in it."""

    keys: int
    process: subprocess.Popen[bytes]
    settings: Callable[[], list[object]]
    before: list[object]
    shown: bytes = b""

    def type(self, keys: bytes) -> None:
        os.write(self.keys, keys)

    def wait_for(self, text: bytes) -> None:
        while text not in self.shown:
            self.shown += os.read(self.keys, 4096)

    def ended(self) -> int:
        """The exit status, once the terminal is as it was."""
        status = self.process.wait(PATIENCE_S)
        assert self.settings() == self.before, "the terminal is as it was"
        return status


@contextmanager
def terminal(environment: dict[str, str]) -> Generator[Terminal]:
    """The command at a terminal."""
    keys, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(COMMAND, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    try:
        yield Terminal(keys, process, lambda: termios.tcgetattr(theirs), before)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(keys)
        os.close(theirs)


class TestAtATerminal:
    """Every key goes to the guest but the one that leaves."""

    def test_keys_go_to_the_guest_and_what_it_says_is_shown(
        self, cloud: RelayCloud, environment: dict[str, str]
    ) -> None:
        with terminal(environment) as person, cloud.guests.next() as guest:
            person.wait_for(b"Ctrl-]")
            wait_until(lambda: person.settings() != person.before, PATIENCE_S, "the terminal to be raw")
            person.type(b"\x03\x04\x1a\r")
            assert receive_exactly(guest, 4) == b"\x03\x04\x1a\r", "also those that end other programs"
            guest.sendall(b"login: ")
            person.wait_for(b"login: ")
            person.type(b"\x1d")
            assert person.ended() == 0

    def test_it_is_left_as_it_was_when_the_guest_ends_the_console(
        self, cloud: RelayCloud, environment: dict[str, str]
    ) -> None:
        with terminal(environment) as person, cloud.guests.next() as guest:
            wait_until(lambda: person.settings() != person.before, PATIENCE_S, "the terminal to be raw")
            guest.close()
            assert person.ended() == 0

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
    def test_it_is_left_as_it_was_when_the_command_is_told_to_end(
        self, cloud: RelayCloud, environment: dict[str, str], number: signal.Signals
    ) -> None:
        with terminal(environment) as person, cloud.guests.next():
            wait_until(lambda: person.settings() != person.before, PATIENCE_S, "the terminal to be raw")
            person.process.send_signal(number)
            assert person.ended() == 128 + number

    def test_a_window_that_changes_its_size_is_no_matter(self, cloud: RelayCloud, environment: dict[str, str]) -> None:
        with terminal(environment) as person, cloud.guests.next() as guest:
            wait_until(lambda: person.settings() != person.before, PATIENCE_S, "the terminal to be raw")
            person.process.send_signal(signal.SIGWINCH)
            person.type(b"x")
            assert receive_exactly(guest, 1) == b"x"
            person.type(b"\x1d")
            assert person.ended() == 0


def run(environment: dict[str, str], *options: str, typed: bytes = b"") -> subprocess.Popen[bytes]:
    """The command in a pipe, to which that was typed."""
    process = subprocess.Popen(
        [*COMMAND, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert process.stdin is not None
    process.stdin.write(typed)
    process.stdin.close()
    process.stdin = None
    return process


def test_piped_input_is_typed_and_what_the_guest_says_to_it_is_printed(
    cloud: RelayCloud, environment: dict[str, str]
) -> None:
    process = run(environment, "--linger=1", typed=b"uptime\x1d\n")
    with cloud.guests.next() as guest:
        assert receive_exactly(guest, 8) == b"uptime\x1d\n", "no key leaves where there is no terminal"
        guest.sendall(b"up 3 days\n")
        assert guest.recv(1) == b"", "it leaves once the guest is silent"
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out, err) == (0, b"up 3 days\n", b"")


def test_of_an_instance_that_is_off_it_says_so(cloud: RelayCloud, environment: dict[str, str]) -> None:
    cloud.put("instance", "web", {"flavor": "small", "image": "linux", "power": "off"})
    cloud.settle(60.0)
    process = run(environment)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 6
    assert b"Instance 'web' is not running" in err


def test_a_displays_page_is_printed(environment: dict[str, str]) -> None:
    process = run(environment, "--display")
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert out.startswith(b"http://pages.test/console#pxc_")


class TestSdk:
    """`client.console`."""

    @pytest.fixture
    def client(self, environment: dict[str, str]) -> Iterator[Client]:
        with Client(environment["PEXTRA_ENDPOINT"], environment["PEXTRA_TOKEN"], tenant="acme") as opened:
            yield opened

    def test_bytes_go_both_ways_until_the_guest_ends_it(self, cloud: RelayCloud, client: Client) -> None:
        with client.console("web") as console, cloud.guests.next() as guest:
            console.send(b"\x00\xff")
            assert receive_exactly(guest, 2) == b"\x00\xff"
            guest.sendall(b"\xfe")
            assert console.receive(PATIENCE_S) == b"\xfe"
            assert console.receive(0.01) is None
            guest.close()
            assert console.receive(PATIENCE_S) == b""

    def test_why_a_console_was_closed_is_told(self, cloud: RelayCloud, client: Client) -> None:
        with client.console("web") as console, cloud.guests.next():
            wait_until(lambda: sample("pextra_relay_consoles") == 1, PATIENCE_S, "the console to open")
            cloud.delete("instance", "web")
            with pytest.raises(ConsoleRefusedError, match="deleted") as refused:
                console.receive(PATIENCE_S)
            assert refused.value.status == 404

    def test_what_is_not_there_is_said_to_be_so(self, client: Client) -> None:
        with pytest.raises(ApiError) as refused:
            client.console("nothing")
        assert refused.value.code == "object.not_found"
