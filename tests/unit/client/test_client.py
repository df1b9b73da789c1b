from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pextra_client.client import Client
from pextra_client.consistency import ReadYourWrites
from pextra_client.discovery import Kind, Scope
from pextra_client.errors import AddressError, ApiError, OperationFailedError, WaitTimeoutError
from pextra_client.retry import RetryPolicy
from pextra_client.wire import Object
from tests.unit.client.faulty import FaultyServer, answer, drop, refuse, sequence

VOLUME = Kind(name="volume", plural="volumes")
HOST = Kind(name="host", plural="hosts", scope=Scope.CLOUD)
KINDS = {
    "kinds": [
        {"kind": "volume", "plural": "volumes", "scope": "tenant", "short_names": ["vol"]},
        {"kind": "operation", "plural": "operations", "scope": "tenant"},
    ]
}


@pytest.fixture
def client(server: FaultyServer) -> Iterator[Client]:
    server.route("/v1/kinds", answer(200, KINDS))
    policy = RetryPolicy(first_delay_s=0.01, longest_delay_s=0.01)
    with Client(server.url, "pxt_t", tenant="acme", policy=policy) as opened:
        yield opened


def volume(uid: str = "u1", ready: str = "false", reason: str = "Converging", message: str = "") -> dict[str, Any]:
    condition = {"type": "ready", "status": ready, "reason": reason, "message": message, "since": ""}
    return {
        "kind": "volume",
        "metadata": {"name": "data", "tenant": "acme", "uid": uid, "generation": 1},
        "spec": {},
        "status": {"observed_generation": 1, "conditions": [condition]},
    }


def operation(phase: str, error: str = "") -> Object:
    return {
        "kind": "operation",
        "metadata": {"name": "op-1", "tenant": "acme", "uid": "u9"},
        "spec": {"action": "reboot", "target": {"kind": "instance", "name": "web"}},
        "status": {"phase": phase, "error": error},
    }


def test_a_list_goes_through_every_page(client: Client, server: FaultyServer) -> None:
    server.then(*sequence([{"items": [1, 2], "next_page": "t"}, {"items": [3]}]))
    assert list(client.list(VOLUME, labels="app=web", filters=["spec.a=1", "spec.b=2"], recursive=True)) == [
        1,
        2,
        3,
    ]
    query = "limit=500&filter=spec.a%3D1&filter=spec.b%3D2&labels=app%3Dweb&recursive=true"
    assert server.targets() == [
        f"/v1/tenants/acme/volumes?{query}",
        f"/v1/tenants/acme/volumes?{query}&page=t",
    ]


def test_every_write_has_a_key_of_its_own_and_a_repetition_has_the_same(client: Client, server: FaultyServer) -> None:
    server.then(drop(), answer(200, volume()))
    client.put(VOLUME, "data", {"size_gib": 1})
    client.put(VOLUME, "data", {"size_gib": 1})
    first, repeated, second = (seen.headers["idempotency-key"] for seen in server.seen)
    assert first == repeated != second


def test_a_put_says_what_it_was_told(client: Client, server: FaultyServer) -> None:
    server.then(answer(200, volume()))
    client.put(VOLUME, "data", {"size_gib": 1}, labels={"a": "b"}, uid="u1", if_match='"e"', create_only=True)
    seen = server.seen[0]
    assert seen.target == "/v1/tenants/acme/volumes/data?uid=u1"
    assert (seen.headers["if-none-match"], seen.headers["if-match"]) == ("*", '"e"')
    assert seen.json() == {
        "kind": "volume",
        "metadata": {"name": "data", "labels": {"a": "b"}},
        "spec": {"size_gib": 1},
    }


def test_reads_after_a_write_name_its_position(client: Client, server: FaultyServer) -> None:
    server.then(answer(200, volume()), answer(200, volume(), {"Pextra-Position": "p7"}), answer(200, volume()))
    client.get(VOLUME, "data")
    client.put(VOLUME, "data", {})
    client.get(VOLUME, "data")
    assert [seen.headers.get("pextra-after") for seen in server.seen] == [None, None, "p7"]


def test_a_position_is_not_sent_when_the_server_may_have_forgotten_it() -> None:
    now = [0.0]
    writes = ReadYourWrites(lambda: now[0])
    writes.note("p1")
    now[0] = 299
    assert writes.position == "p1"
    now[0] = 301
    assert writes.position is None


def test_a_kind_is_found_by_any_of_its_names_and_asked_for_once(client: Client, server: FaultyServer) -> None:
    server.then(answer(200, volume()))
    for word in ("volume", "volumes", "vol", "Volume"):
        client.get(word, "data")
    assert server.targets().count("/v1/kinds") == 1


def test_an_unknown_kind_is_refused_with_what_may_have_been_meant(client: Client) -> None:
    with pytest.raises(AddressError, match="did you mean 'volume'"):
        client.get("volum", "data")


def test_names_cannot_leave_their_place_in_the_path(client: Client, server: FaultyServer) -> None:
    server.then(answer(200, volume()))
    client.get(VOLUME, "../hosts/h?x=1#y")
    client.get(HOST, "a/b")
    assert server.targets() == ["/v1/tenants/acme/volumes/..%2Fhosts%2Fh%3Fx%3D1%23y", "/v1/hosts/a%2Fb"]


def test_an_object_of_a_tenant_cannot_be_addressed_without_one(server: FaultyServer) -> None:
    with Client(server.url) as client, pytest.raises(AddressError, match="tenant"):
        client.get(VOLUME, "data")
    assert server.seen == []


def test_what_is_absent_is_found_as_none_but_a_missing_route_is_an_error(client: Client, server: FaultyServer) -> None:
    server.then(refuse("object.not_found", 404), refuse("route.not_found", 404))
    assert client.find(VOLUME, "data") is None
    with pytest.raises(ApiError, match="route"):
        client.find(VOLUME, "data")


def test_a_refusal_carries_everything_the_server_said(client: Client, server: FaultyServer) -> None:
    faults = [{"field": "spec.size_gib", "message": "too small", "value": "0"}]
    server.then(refuse("spec.invalid", 422, {"Pextra-Request-Id": "r1"}, errors=faults))
    with pytest.raises(ApiError) as caught:
        client.put(VOLUME, "data", {})
    error = caught.value
    assert (error.code, error.status, error.detail, error.request_id) == (
        "spec.invalid",
        422,
        "because",
        "r1",
    )
    assert error.fields == faults


def test_an_answer_that_is_not_ours_is_an_error_with_its_status(client: Client, server: FaultyServer) -> None:
    server.then(answer(404, b"<h1>no such page</h1>", media_type="text/html"), answer(200, b"hello"))
    with pytest.raises(ApiError, match=r"http\.404: .*no such page"):
        client.get(VOLUME, "data")
    with pytest.raises(ApiError, match="not JSON"):
        client.get(VOLUME, "data")


def test_a_delete_tells_whether_anything_is_left(client: Client, server: FaultyServer) -> None:
    server.then(answer(202, volume()), answer(204))
    assert client.delete(VOLUME, "data", cascade=True) is not None
    assert client.delete(VOLUME, "data") is None
    assert server.targets()[0] == "/v1/tenants/acme/volumes/data?cascade=true"


def test_waiting_goes_on_while_the_server_says_not_yet(client: Client, server: FaultyServer) -> None:
    not_yet = refuse("wait.timeout", 504, object=volume())
    server.then(not_yet, not_yet, answer(200, volume(ready="true", reason="Ready")))
    assert client.wait_ready(VOLUME, "data", uid="u1")["metadata"].get("uid") == "u1"
    assert all("wait=ready" in target and "uid=u1" in target for target in server.targets())


def test_a_wait_that_ends_in_vain_says_why(client: Client, server: FaultyServer) -> None:
    server.then(refuse("wait.timeout", 504, object=volume(reason="PoolFull", message="no space left")))
    with pytest.raises(WaitTimeoutError, match=r"volume acme/data to be ready: PoolFull: no space left") as caught:
        client.wait_ready(VOLUME, "data", timeout_s=0)
    assert caught.value.condition is not None


def test_waiting_for_the_end_ends_when_there_is_nothing_or_a_namesake(client: Client, server: FaultyServer) -> None:
    server.then(answer(204), refuse("object.not_found", 404), refuse("object.uid_mismatch", 412))
    for _ in range(3):
        client.wait_deleted(VOLUME, "data", uid="u1")
    assert len(server.seen) == 3


def test_waiting_for_what_is_not_there_fails(client: Client, server: FaultyServer) -> None:
    server.then(refuse("object.not_found", 404))
    with pytest.raises(ApiError, match="not_found"):
        client.wait_ready(VOLUME, "data")


def test_an_operation_that_succeeds_is_returned(client: Client, server: FaultyServer) -> None:
    server.then(refuse("wait.timeout", 504, object=operation("running")), answer(200, operation("succeeded")))
    done = client.wait_for_operation(operation("pending"))
    assert done.get("status", {})["phase"] == "succeeded"


def test_an_operation_that_fails_says_why(client: Client, server: FaultyServer) -> None:
    server.then(refuse("wait.timeout", 504, object=operation("failed", "the guest hangs")))
    with pytest.raises(OperationFailedError, match="reboot of instance web failed: the guest hangs"):
        client.wait_for_operation(operation("running"))
