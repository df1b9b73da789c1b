"""Uploading images through the API: piece by piece, from where the server says, by whom the image is, and whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from pextra.api.settings import ApiSettings
from pextra.depot import Declared, Received
from tests.api.caller import Answer
from tests.api.site import Site
from tests.api.uploading import MINE, described, offset_of, state, upload

CONTENT = bytes(range(256)) * 64


@pytest.fixture
def image(site: Site) -> str:
    """An image of `acme` that waits for its content; its uid."""
    return site.ada.put(MINE, described(CONTENT)).ok()["metadata"]["uid"]


def ready(site: Site, path: str = MINE) -> tuple[str, str]:
    """Status and reason of the image's condition."""
    condition = site.admin.get(path).ok()["status"]["conditions"][0]
    return condition["status"], condition["reason"]


def test_an_upload_goes_on_where_it_is_and_is_over_with_the_last_byte(site: Site, image: str) -> None:
    assert offset_of(state(site.ada, MINE)) == (0, False)
    assert offset_of(upload(site.ada, MINE, 0, CONTENT[:1000])) == (1000, False)
    assert offset_of(state(site.ada, MINE)) == (1000, False)
    assert state(site.ada, MINE).headers["Upload-Length"] == str(len(CONTENT))
    assert offset_of(upload(site.ada, MINE, 1000, CONTENT[1000:])) == (len(CONTENT), True)
    assert offset_of(state(site.ada, MINE)) == (len(CONTENT), True)
    assert site.cloud.depot is not None
    kept = site.cloud.depot.content(image)
    assert kept is not None
    assert kept.read_bytes() == CONTENT


def test_the_image_says_what_it_waits_for_and_how_far_it_has_come(site: Site, image: str) -> None:
    site.step()
    assert ready(site) == ("false", "WaitsForContent")
    upload(site.ada, MINE, 0, CONTENT[: len(CONTENT) // 4])
    site.step()
    seen = site.ada.get(MINE).ok()["status"]
    assert seen["conditions"][0]["reason"] == "Uploading"
    assert "25 %" in seen["conditions"][0]["message"]
    assert seen["uploaded_bytes"] == len(CONTENT) // 4
    upload(site.ada, MINE, len(CONTENT) // 4, CONTENT[len(CONTENT) // 4 :])
    site.converge()
    assert ready(site) == ("true", "Ready")


def test_what_uses_the_image_waits_for_its_content(site: Site, image: str) -> None:
    site.admin.put("hosts/sim-1", {"driver": "sim"}).ok()
    site.ada.put("tenants/acme/instances/web-1", {"flavor": "small", "image": "mine"}).ok()
    site.converge()
    assert ready(site, "tenants/acme/instances/web-1") == ("false", "ReferenceNotReady")
    upload(site.ada, MINE, 0, CONTENT)
    site.converge()
    assert ready(site, "tenants/acme/instances/web-1") == ("true", "Running")


def test_a_lost_answer_is_found_again(site: Site, image: str) -> None:
    upload(site.ada, MINE, 0, CONTENT[:10])
    again = upload(site.ada, MINE, 0, CONTENT[:10])
    assert (again.status, again.code, again.body["offset"]) == (409, "upload.offset", 10)
    upload(site.ada, MINE, 10, CONTENT[10:])
    again = upload(site.ada, MINE, 10, CONTENT[10:])
    assert (again.code, again.body["offset"]) == ("upload.offset", len(CONTENT))
    assert offset_of(upload(site.ada, MINE, len(CONTENT), b"")) == (len(CONTENT), True)


def test_what_is_not_what_was_declared_is_dropped_and_told(site: Site, image: str) -> None:
    wrong = upload(site.ada, MINE, 0, CONTENT[::-1])
    assert (wrong.status, wrong.code) == (422, "upload.digest_mismatch")
    assert offset_of(state(site.ada, MINE)) == (0, False)
    site.converge()
    assert ready(site) == ("false", "DigestMismatch")
    assert offset_of(upload(site.ada, MINE, 0, CONTENT)) == (len(CONTENT), True)
    site.converge()
    assert ready(site) == ("true", "Ready")


def test_more_than_was_declared_is_refused_unread(site: Site, image: str) -> None:
    assert upload(site.ada, MINE, 0, CONTENT + b"x").code == "request.parameter"
    assert offset_of(state(site.ada, MINE)) == (0, False)


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "x", "9" * 17])
def test_an_offset_that_is_none_is_refused(site: Site, image: str, offset: str) -> None:
    headers = {"Content-Type": "application/partial-upload", "Upload-Offset": offset}
    assert site.ada.send("PATCH", f"{MINE}/content", raw=b"", headers=headers).code == "request.parameter"


def test_another_media_type_is_refused(site: Site, image: str) -> None:
    assert site.ada.send("PATCH", f"{MINE}/content", raw=b"x", headers={"Upload-Offset": "0"}).status == 415


def test_pieces_and_images_are_bounded_by_settings(site: Site, image: str) -> None:
    small = site.caller(site.ada.token, site.another_app(ApiSettings(max_piece_bytes=100)))
    assert upload(small, MINE, 0, CONTENT[:101]).code == "request.too_large"
    assert offset_of(upload(small, MINE, 0, CONTENT[:100])) == (100, False)
    strict = site.caller(site.ada.token, site.another_app(ApiSettings(max_upload_bytes=len(CONTENT) - 1)))
    assert upload(strict, MINE, 100, CONTENT[100:]).code == "request.too_large"


def test_a_stranger_finds_no_upload_and_a_caller_without_token_nothing(site: Site, image: str) -> None:
    nothing = "tenants/acme/images/none"
    for send in (lambda path: state(site.gus, path), lambda path: upload(site.gus, path, 0, CONTENT)):
        assert send(MINE).status == send(nothing).status == 404
    assert upload(site.gus, MINE, 0, CONTENT).code == "object.not_found"
    assert upload(site.nobody, MINE, 0, CONTENT).status == 401
    assert offset_of(state(site.ada, MINE)) == (0, False)


def test_whom_an_image_is_shared_with_may_not_upload_it(site: Site, image: str) -> None:
    site.ada.put("tenants/acme/shares/mine", {"kind": "image", "name": "mine", "tenants": "all"}).ok()
    assert site.gus.get(MINE).status == 200
    assert upload(site.gus, MINE, 0, CONTENT).status == 404


def test_a_namesake_is_not_uploaded_to(site: Site, image: str) -> None:
    assert upload(site.ada, MINE, 0, b"", uid=image).status == 204
    other = "01a00000-0000-7000-8000-000000000000"
    assert upload(site.ada, MINE, 0, b"", uid=other).code == "object.uid_mismatch"


def test_two_servers_share_one_upload_and_only_one_at_a_time_takes_it_on(site: Site, image: str) -> None:
    other = site.caller(site.ada.token, site.another_app())
    assert offset_of(upload(other, MINE, 0, CONTENT[:100])) == (100, False)
    assert offset_of(state(site.ada, MINE)) == (100, False)
    begun, go_on = threading.Event(), threading.Event()

    def slowly() -> Iterator[bytes]:
        yield CONTENT[100:200]
        begun.set()
        assert go_on.wait(20)
        yield CONTENT[200:]

    depot, slow = site.cloud.depot, list[Received]()
    assert depot is not None
    declared = Declared(image, len(CONTENT), described(CONTENT)["sha256"])

    def uploading() -> None:
        slow.append(depot.append(declared, 100, len(CONTENT) - 100, slowly()))

    thread = threading.Thread(target=uploading)
    thread.start()
    assert begun.wait(20)
    refused: Answer = upload(other, MINE, 100, CONTENT[100:])
    go_on.set()
    thread.join(20)
    assert (refused.status, refused.code) == (409, "upload.busy")
    assert slow == [Received(len(CONTENT), complete=True)]
    assert offset_of(state(other, MINE)) == (len(CONTENT), True)


def test_deleting_an_image_drops_its_content(site: Site, image: str) -> None:
    upload(site.ada, MINE, 0, CONTENT)
    site.converge()
    assert site.cloud.depot is not None
    assert site.cloud.depot.content(image) is not None
    site.ada.delete(MINE).ok()
    site.converge()
    assert site.ada.get(MINE).status == 404
    assert site.cloud.depot.content(image) is None


def test_an_image_has_one_source_and_room_for_what_is_uploaded(site: Site) -> None:
    both = {**described(CONTENT), "url": "https://images.example.com/x"}
    neither = {key: value for key, value in described(CONTENT).items() if key != "upload"}
    large = {**described(CONTENT), "upload": {"size_bytes": (1 << 30) + 1}}
    for spec in (both, neither, large):
        assert site.ada.put(MINE, spec).code == "spec.invalid"


def test_what_is_uploaded_cannot_be_declared_otherwise_later(site: Site, image: str) -> None:
    assert site.ada.put(MINE, described(CONTENT + b"x")).code == "spec.immutable"
