"""Where a module finds the cloud, and what it does while the cloud does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pextra.cloud.plugins.module_utils.errors import ApiError, SettingsError, TransportError
from ansible_collections.pextra.cloud.plugins.module_utils.settings import Settings, resolve
from ansible_collections.pextra.cloud.plugins.module_utils.transport import Transport
from pextra_client.config import Profiles
from pextra_client.config import Settings as ClientSettings
from tests.ansible.modules import Modules
from tests.cli.cloud import RunningCloud
from tests.labs.ports import free_port

Said = tuple[int, dict[str, str], bytes]
PROBLEM = {"Content-Type": "application/problem+json"}
BUSY = b'{"code": "server.busy", "status": 503, "detail": "come back"}'


class Scripted:
    """A server that gives prepared answers, the last one again and again.

    Attributes:
        seen: the headers of every request.
    """

    def __init__(self, *answers: Said) -> None:
        self.seen: list[dict[str, str]] = []
        rest = list(answers)
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                scripted.seen.append({name.lower(): value for name, value in self.headers.items()})
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, headers, body = rest.pop(0) if len(rest) > 1 else rest[0]
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = _answer  # noqa: N815 - as http.server calls them

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as http.server has it
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    servers: list[Scripted] = []

    def start(*answers: Said) -> Scripted:
        servers.append(Scripted(*answers))
        return servers[-1]

    yield start
    for each in servers:
        each.close()


def transport(*urls: str, slept: list[float] | None = None, **settings: Any) -> Transport:
    waits = [] if slept is None else slept
    return Transport(Settings(list(urls), **settings), sleep=waits.append)


def test_a_server_that_asks_to_come_back_is_asked_again_after_that_time(scripted: Callable[..., Scripted]) -> None:
    slept: list[float] = []
    server = scripted((503, {**PROBLEM, "Retry-After": "7"}, BUSY), (200, {}, b"{}"))
    assert transport(server.url, slept=slept).call("GET", "/v1/whoami").status == 200
    [pause] = slept
    assert pause >= 7


def test_a_server_that_is_busy_past_the_deadline_is_told_by_its_code(scripted: Callable[..., Scripted]) -> None:
    server = scripted((503, {**PROBLEM, "Retry-After": "3600"}, BUSY))
    answer = transport(server.url, api_timeout_s=5).call("GET", "/v1/whoami")
    assert answer.error().code == "server.busy"


def test_a_gateway_s_failure_is_passed_over_and_the_good_endpoint_is_asked_first_from_then_on(
    scripted: Callable[..., Scripted],
) -> None:
    bad, good = scripted((502, {}, b"bad gateway")), scripted((200, {}, b"{}"))
    both = transport(f"http://127.0.0.1:{free_port()}", bad.url, good.url)
    for _ in range(2):
        assert both.call("PUT", "/v1/tenants/x", {}).status == 200
    assert (len(bad.seen), len(good.seen)) == (1, 2)


def test_a_redirect_is_not_followed_so_that_the_token_goes_to_no_stranger(scripted: Callable[..., Scripted]) -> None:
    stranger = scripted((200, {}, b"{}"))
    server = scripted((307, {"Location": stranger.url}, b""))
    answer = transport(server.url, token="pxt_mine").call("GET", "/v1/whoami")
    assert answer.error().code == "http.307"
    assert stranger.seen == []
    assert server.seen[0]["authorization"] == "Bearer pxt_mine"


def test_a_netrc_file_does_not_replace_the_token(
    scripted: Callable[..., Scripted], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    server = scripted((200, {}, b"{}"))
    transport(server.url, token="pxt_mine").call("GET", "/v1/whoami")
    assert server.seen[0]["authorization"] == "Bearer pxt_mine"


def test_what_no_server_of_ours_wrote_is_an_error_of_one_line(scripted: Callable[..., Scripted]) -> None:
    answer = transport(scripted((403, {"Content-Type": "text/html"}, b"<h1>\nproxy</h1>")).url).call("GET", "/")
    assert isinstance(answer.error(), ApiError)
    assert str(answer.error()) == "http.403: the endpoint answered 403: <h1> proxy</h1>"
    with pytest.raises(TransportError, match="no JSON"):
        transport(scripted((200, {}, b"<html>")).url).call("GET", "/").json()


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"endpoints": []}, "no endpoint is known"),
        ({"endpoints": ["cloud:8440"]}, "is not an endpoint"),
        ({"endpoints": ["http://c/v1"]}, "is not an endpoint"),
        ({"endpoints": ["http://c"], "token": "a b"}, "the token holds a space"),
        ({"endpoints": ["http://c"], "ca": "/nowhere"}, "no file of certificates"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_before_anything_is_sent(settings: Any, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        Settings(**settings)


@pytest.fixture
def profiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Profiles:
    """The file of profiles as the `pextra` command writes it, with two."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    stored = Profiles(tmp_path / "pextra" / "config.yaml")
    stored.save("test", ClientSettings(endpoints=("http://test:1",), token="t-test", tenant="lab"))
    stored.save("prod", ClientSettings(endpoints=("http://prod:1", "http://prod:2"), token="t-prod"))
    return stored


def test_an_option_goes_before_the_environment_and_that_before_the_profile(
    profiles: Profiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = resolve({})
    assert (current.endpoints, current.token, current.tenant) == (["http://prod:1", "http://prod:2"], "t-prod", None)
    named = resolve({"profile": "test"})
    assert (named.endpoints, named.token, named.tenant) == (["http://test:1"], "t-test", "lab")
    monkeypatch.setenv("PEXTRA_PROFILE", "test")
    monkeypatch.setenv("PEXTRA_ENDPOINTS", "http://a, http://b")
    mixed = resolve({"tenant": "acme"})
    assert (mixed.endpoints, mixed.token, mixed.tenant) == (["http://a", "http://b"], "t-test", "acme")
    assert resolve({"endpoints": ["http://c/"]}).endpoints == ["http://c"]
    with pytest.raises(SettingsError, match="there is no profile 'none'"):
        resolve({"profile": "none"})


def test_a_module_takes_everything_from_a_profile_and_never_shows_its_token(
    profiles: Profiles, cloud: RunningCloud, tenant: str
) -> None:
    profiles.save("here", ClientSettings(endpoints=(cloud.url,), token=cloud.admin_token, tenant=tenant))
    made = Modules({})("volume", name="data", size_gib=1, annotations={"note": cloud.admin_token})
    assert made.changed
    assert cloud.admin_token not in str(made.value)


def test_a_creation_whose_answer_is_lost_is_found_again_and_not_taken_for_somebody_else_s(
    cloud: RunningCloud, tenant: str
) -> None:
    lossy = Modules({"endpoints": [cloud.lossy_url], "token": cloud.admin_token})
    data = {"kind": "volume", "metadata": {"name": "data"}, "spec": {"size_gib": 1}}
    cloud.loser.lose_next("PUT")
    made = lossy("apply", definition=[data], tenant=tenant)
    assert [each["action"] for each in made.ok()["done"]] == ["created"]
    assert cloud.loser.lost_all
