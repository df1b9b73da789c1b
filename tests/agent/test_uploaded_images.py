"""Images that were uploaded reach the hosts that need them, over the wire, and no other host."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import urllib3

from pextra import agent_protocol as protocol
from pextra.agent.home import Home
from pextra.agent.link import ControlPlane, join
from pextra.depot import Declared, Depot
from pextra.drivers import documents
from pextra.drivers.file.driver import FileStorage
from pextra.drivers.interface import ImageSource, Permanent, Retryable, uploaded_url
from pextra.store import assignments
from tests.agent.serving import Served, served
from tests.agent.world import AgentCloud, Certified

CONTENT = os.urandom(3 << 20)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
TENANT_UID = "01a00000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One endpoint for all tests of this file."""
    with served(tmp_path_factory.mktemp("served") / "d") as made:
        yield made


@pytest.fixture
def image(wire: Served) -> ImageSource:
    """An image of its own, whose content was uploaded."""
    uid = wire.cloud.database.new_uid()
    give(Depot(wire.settings.depot_dir), uid)
    return ImageSource(uid, uploaded_url(uid, len(CONTENT)), "raw", SHA256)


@pytest.fixture
def link(wire: Served, tmp_path: Path) -> ControlPlane:
    """The agent of host `h1`."""
    return joined(wire, tmp_path / "h1", "h1")


def joined(wire: Served, path: Path, host: str) -> ControlPlane:
    home = Home(path)
    join(home, wire.join_token(host), [wire.endpoint], hint="test")
    return ControlPlane(home)


def give(depot: Depot, uid: str) -> None:
    """Upload CONTENT as the image."""
    declared = Declared(uid, len(CONTENT), SHA256)
    depot.begin(declared)
    depot.append(declared, 0, len(CONTENT), [CONTENT])


def assign(wire: Served, link: ControlPlane, image: ImageSource) -> None:
    """Assign the image to the agent's host."""
    wire.cloud.database.write(
        lambda tx: assignments.put(
            tx,
            link.identity.host_uid,
            image.uid,
            kind=assignments.IMAGE,
            tenant_uid=TENANT_UID,
            document=documents.write(image),
        )
    )


def storage(folder: Path, link: ControlPlane, asked: list[Mapping[str, str]] | None = None) -> FileStorage:
    """A pool of the agent's host; notes the headers with which the control plane is asked."""

    def content(uid: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        if asked is not None:
            asked.append(headers)
        return link.content(uid, headers)

    return FileStorage(folder, allowed_dirs=[], uploaded=content)


def stored(folder: Path, image: ImageSource) -> bytes:
    return (folder / "images" / image.uid / f"{SHA256}.raw").read_bytes()


def test_a_host_fetches_what_was_uploaded_with_its_own_certificate(
    wire: Served, link: ControlPlane, image: ImageSource, tmp_path: Path
) -> None:
    assign(wire, link, image)
    assert storage(tmp_path / "pool", link).ensure_image(image).sha256 == SHA256
    assert stored(tmp_path / "pool", image) == CONTENT


def test_a_fetch_that_broke_off_goes_on_where_it_ended(
    wire: Served, link: ControlPlane, image: ImageSource, tmp_path: Path
) -> None:
    assign(wire, link, image)
    folder, half = tmp_path / "pool" / "images" / image.uid, len(CONTENT) // 2
    folder.mkdir(parents=True)
    (folder / "part").write_bytes(CONTENT[:half])
    known = {"url": image.url, "validator": f'"{image.uid}"', "total_bytes": len(CONTENT)}
    (folder / "part.json").write_text(json.dumps(known))
    asked: list[Mapping[str, str]] = []
    storage(tmp_path / "pool", link, asked).ensure_image(image)
    assert [headers.get("Range") for headers in asked] == [f"bytes={half}-"]
    assert stored(tmp_path / "pool", image) == CONTENT
    answer = link.content(image.uid, asked[0])
    assert (answer.status, answer.headers["Content-Length"]) == (206, str(len(CONTENT) - half))
    answer.close()


def test_a_stolen_certificate_of_another_host_gets_what_is_got_for_nothing(
    wire: Served, link: ControlPlane, image: ImageSource, tmp_path: Path
) -> None:
    assign(wire, link, image)
    thief = joined(wire, tmp_path / "h2", "h2")
    answers = [thief.content(uid, {}) for uid in (image.uid, wire.cloud.database.new_uid(), "..", "%2e%2e")]
    assert [answer.status for answer in answers[:2]] == [404, 404]
    bodies = [json.loads(answer.data) for answer in answers[:2]]
    assert bodies[0]["code"] == bodies[1]["code"] == "object.not_found"
    assert all(answer.status == 404 for answer in answers)
    with pytest.raises(Permanent, match="404"):
        storage(tmp_path / "pool", thief).ensure_image(image)


def test_what_has_not_come_yet_is_asked_for_again(wire: Served, link: ControlPlane, tmp_path: Path) -> None:
    uid = wire.cloud.database.new_uid()
    image = ImageSource(uid, uploaded_url(uid, len(CONTENT)), "raw", SHA256)
    assign(wire, link, image)
    with pytest.raises(Retryable, match="503"):
        storage(tmp_path / "pool", link).ensure_image(image)
    give(Depot(wire.settings.depot_dir), uid)
    assert storage(tmp_path / "pool", link).ensure_image(image).sha256 == SHA256


def test_without_a_certificate_there_is_no_content(wire: Served, image: ImageSource) -> None:
    with urllib3.PoolManager(ca_certs=str(wire.settings.agents_tls_dir / "authority.pem")) as pool:
        answer = pool.request("GET", wire.endpoint + protocol.content_path(image.uid), retries=False)
    assert answer.status == 401


# --- within a cloud ---


def status(link: Certified, uid: str) -> int:
    """What the holder of the certificate is answered."""
    with link.client.get(protocol.content_path(uid)) as answer:
        return answer.status_code


def upload(cloud: AgentCloud, name: str) -> str:
    """Declare and upload an image; its uid."""
    spec = {"upload": {"size_bytes": len(CONTENT)}, "sha256": SHA256, "format": "raw"}
    written = cloud.put("image", name, spec).record
    assert written is not None
    assert cloud.cloud.depot is not None
    give(cloud.cloud.depot, written.uid)
    return written.uid


def test_an_uploaded_image_is_given_to_hosts_and_guests_run_from_it(cloud: AgentCloud) -> None:
    uid, storage = upload(cloud, "mine"), cloud.hosts["h0"].drivers.storage
    cloud.settle(3.0)
    assert cloud.ready("image", "mine")["status"] == "true"
    assert uid in storage.observe_images()
    cloud.instance("web", image="mine")
    cloud.settle(3.0)
    assert cloud.ready("instance", "web")["reason"] == "Running"
    cloud.delete("instance", "web")
    cloud.delete("image", "mine")
    cloud.settle(3.0)
    assert cloud.find("image", "mine") is None
    assert uid not in storage.observe_images()


def test_a_host_is_sent_an_image_only_while_something_there_needs_it(cloud: AgentCloud) -> None:
    other = cloud.add_host("other")
    assert other.link.client is not cloud.hosts["h0"].link.client
    cloud.settle(3.0)
    host = cloud.hosts["h0"].link
    uid = upload(cloud, "mine")
    assert status(host, uid) == status(other.link, uid) == 404, "nothing is assigned yet"
    cloud.settle(3.0)
    assert status(host, uid) == 200
    cloud.delete("image", "mine")
    cloud.settle(3.0)
    assert status(host, uid) == 404


def test_a_guest_may_be_rescued_with_an_uploaded_image(cloud: AgentCloud) -> None:
    host = cloud.hosts["h0"]
    uid = upload(cloud, "rescue")
    cloud.settle(3.0)
    cloud.instance("web", rescue_image="rescue")
    cloud.settle(3.0)
    assert cloud.ready("instance", "web")["reason"] == "Running"
    image = cloud.database.read(lambda tx: assignments.find(tx, host.uid, uid))
    if image is not None:  # whether or not it is assigned for itself, the guest needs it
        cloud.database.write(lambda tx: assignments.remove(tx, host.uid, uid))
    assert status(host.link, uid) == 200
