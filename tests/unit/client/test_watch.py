from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pextra_client.client import Client
from pextra_client.discovery import Kind
from pextra_client.errors import ApiError, TransportError, WatchExpiredError
from pextra_client.follow import Follow, Snapshot
from pextra_client.retry import RetryPolicy
from pextra_client.watch import Event, EventType, Watch
from tests.unit.client.faulty import (
    FaultyServer,
    answer,
    closed_port,
    drop,
    faulty_server,
    gateway,
    refuse,
    script,
    stream,
)

VOLUME = Kind(name="volume", plural="volumes")
QUICK = RetryPolicy(first_delay_s=0.01, longest_delay_s=0.02)


def document(name: str, revision: int) -> dict[str, Any]:
    return {
        "kind": "volume",
        "metadata": {"name": name, "tenant": "acme", "uid": f"uid-{name}", "revision": revision},
        "spec": {},
    }


def event(position: str, name: str, revision: int, type_: str = "updated", sent: int | None = None) -> dict[str, Any]:
    """An event at `revision`, whose object is as of revision `sent`."""
    line = {"type": type_, "position": position, "kind": "volume", "tenant": "acme", "name": name}
    line |= {"uid": f"uid-{name}", "revision": revision}
    return line if type_ == "deleted" else {**line, "object": document(name, sent or revision)}


def bookmark(position: str) -> dict[str, Any]:
    return {"type": "bookmark", "position": position}


def positions(server: FaultyServer) -> list[str | None]:
    """Where each connection to the stream began."""
    asked = [parse_qs(urlsplit(target).query) for target in server.targets() if target.startswith("/v1/watch")]
    return [query.get("position", [None])[0] for query in asked]


@pytest.fixture
def client(server: FaultyServer) -> Iterator[Client]:
    server.route("/v1/capabilities", answer(200, {"streams": server.url}))
    with Client(server.url, "pxt_t", tenant="acme", policy=QUICK) as opened:
        yield opened


def take(watch: Watch, count: int) -> list[tuple[str, int]]:
    with watch:
        return [(each.name, each.revision) for each in islice(watch, count)]


def test_a_broken_stream_goes_on_at_the_last_event_that_arrived_whole(client: Client, server: FaultyServer) -> None:
    half = b'{"type": "updated", "position": "p3", "kind": "vol'
    server.route(
        "/v1/watch",
        script(
            stream(event("p1", "a", 1), event("p2", "b", 1), half),
            drop(),
            gateway(502),
            stream(event("p3", "c", 1)),
            stream(event("p4", "a", 2)),
        ),
    )
    assert take(client.watch(position="p0"), 4) == [("a", 1), ("b", 1), ("c", 1), ("a", 2)]
    assert positions(server) == ["p0", "p2", "p2", "p2", "p3"]


def test_an_event_that_a_later_state_has_overtaken_is_not_repeated_after_a_break(
    client: Client, server: FaultyServer
) -> None:
    server.route(
        "/v1/watch",
        script(
            stream(event("p1", "a", 1, sent=3)),  # the newest state, although the event is older
            stream(event("p2", "a", 2, sent=3), event("p3", "a", 3), event("p4", "a", 4)),
        ),
    )
    assert take(client.watch(position="p0"), 2) == [("a", 3), ("a", 4)]


def test_bookmarks_move_the_position_and_are_no_events(client: Client, server: FaultyServer) -> None:
    server.route("/v1/watch", script(stream(bookmark("p5")), stream(event("p6", "a", 1))))
    watch = client.watch()
    assert take(watch, 1) == [("a", 1)]
    assert positions(server) == [None, "p5"]
    assert watch.position == "p6"


def test_a_deleted_object_may_come_back_under_its_name(client: Client, server: FaultyServer) -> None:
    server.route(
        "/v1/watch",
        stream(event("p1", "a", 5), event("p2", "a", 6, "deleted"), event("p3", "a", 1, "created")),
    )
    with client.watch(position="p0") as watch:
        seen = [(each.type, each.object is None) for each in islice(watch, 3)]
    assert seen == [(EventType.UPDATED, False), (EventType.DELETED, True), (EventType.CREATED, False)]


def test_what_the_list_showed_already_is_left_out(client: Client, server: FaultyServer) -> None:
    server.route("/v1/watch", stream(event("p1", "a", 3), event("p2", "a", 4)))
    watch = Watch(client.transport, tenant="acme", position="p0", known={"uid-a": 3})
    assert take(watch, 1) == [("a", 4)]


def test_an_expired_position_is_told_of(client: Client, server: FaultyServer) -> None:
    server.route("/v1/watch", script(stream(event("p1", "a", 1)), refuse("watch.expired", 410)))
    watch = iter(client.watch(position="p0"))
    next(watch)
    with pytest.raises(WatchExpiredError) as caught:
        next(watch)
    assert caught.value.position == "p1"


def test_a_refusal_ends_the_watch(client: Client, server: FaultyServer) -> None:
    server.route("/v1/watch", refuse("auth.denied", 403))
    with pytest.raises(ApiError) as caught:
        next(iter(client.watch()))
    assert caught.value.code == "auth.denied"


def test_closing_from_another_thread_ends_a_silent_watch(client: Client, server: FaultyServer) -> None:
    hang = threading.Event()
    server.route("/v1/watch", stream(event("p1", "a", 1), hang=hang))
    first = threading.Event()
    watch = client.watch(position="p0")

    def read() -> None:
        for _ in watch:
            first.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert first.wait(5)
    watch.close()
    reader.join(5)
    ended = not reader.is_alive()
    hang.set()
    assert ended


def test_closing_ends_a_silent_watch_over_tls(tls_server: FaultyServer, certificate: tuple[Path, Path]) -> None:
    hang = threading.Event()
    tls_server.route("/v1/capabilities", answer(200, {"streams": tls_server.url}))
    tls_server.route("/v1/watch", stream(event("p1", "a", 1), hang=hang))
    with Client(tls_server.url, "pxt_t", tenant="acme", ca=certificate[0], policy=QUICK) as client:
        watch = client.watch(position="p0")
        threading.Timer(0.5, watch.close).start()
        assert [each.name for each in watch] == ["a"]
    hang.set()


def test_closing_ends_the_wait_for_a_server_that_is_away() -> None:
    policy = RetryPolicy(first_delay_s=60, longest_delay_s=60)
    with Client(closed_port(), "pxt_t", tenant="acme", policy=policy) as client:
        watch = client.watch()
        threading.Timer(0.1, watch.close).start()
        assert list(watch) == []


def test_another_endpoint_takes_over_when_one_and_its_stream_process_are_away(
    server: FaultyServer, other: FaultyServer
) -> None:
    server.route("/v1/capabilities", answer(200, {"streams": closed_port()}))
    other.route("/v1/capabilities", answer(200, {"streams": f"{other.url}/v1/watch"}))
    other.route("/v1/watch", stream(event("p1", "a", 1)))
    with Client([closed_port(), server.url, other.url], "pxt_t", tenant="acme", policy=QUICK) as client:
        assert take(client.watch(position="p0"), 1) == [("a", 1)]


def test_the_stream_process_that_capabilities_name_is_shown_the_token(
    server: FaultyServer, other: FaultyServer
) -> None:
    server.route("/v1/capabilities", answer(200, {"streams": other.url}))
    other.route("/v1/watch", stream(event("p1", "a", 1)))
    with Client(server.url, "pxt_t", tenant="acme", policy=QUICK) as client:
        take(client.watch(kind=VOLUME, recursive=True), 1)
    assert other.seen[0].headers["authorization"] == "Bearer pxt_t"
    assert other.seen[0].target == "/v1/watch?tenant=acme&kind=volume&recursive=true"


def test_a_stream_process_in_clear_is_not_shown_a_token_that_was_given_over_tls(
    tls_server: FaultyServer, certificate: tuple[Path, Path]
) -> None:
    with faulty_server() as clear:
        tls_server.route("/v1/capabilities", answer(200, {"streams": clear.url}))
        with (
            Client(tls_server.url, "pxt_t", tenant="acme", ca=certificate[0], policy=QUICK) as client,
            pytest.raises(TransportError, match="not encrypted"),
        ):
            next(iter(client.watch()))
        assert clear.seen == []


def test_a_cloud_without_a_stream_process_says_so(client: Client, server: FaultyServer) -> None:
    server.route("/v1/capabilities", answer(200, {"streams": None}))
    with pytest.raises(TransportError, match="no stream process"):
        next(iter(client.watch()))


def test_following_lists_again_when_changes_were_missed(client: Client, server: FaultyServer) -> None:
    server.route(
        "/v1/tenants/acme/volumes",
        script(
            answer(200, {"items": [document("a", 1)], "next_page": "t", "position": "p1"}),
            answer(200, {"items": [document("b", 4)], "position": "p9"}),
            answer(200, {"items": [document("b", 5)], "position": "p20"}),
        ),
    )
    server.route(
        "/v1/watch",
        script(
            stream(event("p2", "b", 4), event("p3", "a", 2)),
            refuse("watch.expired", 410),
            stream(event("p21", "b", 6)),
        ),
    )
    with Follow(client, VOLUME) as changes:
        seen = [summary(each) for each in islice(changes, 4)]
    assert seen == [["a", "b"], ("a", 2), ["b"], ("b", 6)]
    assert positions(server) == ["p1", "p3", "p20"]


def summary(change: Snapshot | Event) -> object:
    if isinstance(change, Snapshot):
        return [each["metadata"]["name"] for each in change.items]
    return change.name, change.revision
