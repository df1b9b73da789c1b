from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import pytest

from pextra_client.cli.exits import ManifestError
from pextra_client.cli.manifests import Manifest, read
from pextra_client.cli.ordering import ordered
from pextra_client.discovery import Catalog, Kind, Reference, Scope

CATALOG = Catalog(
    [
        # on purpose not in an order that would do
        Kind(
            name="instance",
            plural="instances",
            short_names=("vm",),
            references=(
                Reference("spec.image", "image"),
                Reference("spec.networks[].network", "network"),
                Reference("spec.volumes[]", "volume"),
            ),
        ),
        Kind(name="volume", plural="volumes", references=(Reference("spec.image", "image"),)),
        Kind(name="share", plural="shares", references=(Reference("spec.name", None),)),
        Kind(name="peering", plural="peerings", references=(Reference("spec.peer", "peering"),)),
        Kind(name="network", plural="networks"),
        Kind(name="image", plural="images"),
        Kind(name="quota", plural="quotas", singleton="default"),
        Kind(name="tenant", plural="tenants", scope=Scope.CLOUD),
    ]
)


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def labels_of(manifests: list[Manifest]) -> list[str]:
    return [manifest.label for manifest in manifests]


def test_a_folder_is_read_with_all_beneath_it_in_the_order_of_names(tmp_path: Path) -> None:
    write(tmp_path, "b.yaml", "kind: volume\nmetadata: {name: b1}\n---\nkind: volume\nmetadata: {name: b2}\n")
    write(tmp_path, "a/x.json", '{"kind": "volume", "metadata": {"name": "a1"}}')
    write(tmp_path, "c.yml", "# nothing here\n---\n")
    write(tmp_path, "notes.txt", "not a manifest")
    assert labels_of(read([str(tmp_path)], CATALOG, tenant="acme")) == [
        "volume acme/a1",
        "volume acme/b1",
        "volume acme/b2",
    ]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("kind: vm\nmetadata: {name: a}\n"))
    assert labels_of(read(["-"], CATALOG, tenant="acme")) == ["instance acme/a"]


def test_what_get_prints_is_a_manifest(tmp_path: Path) -> None:
    listed = """
    kind: volume_list
    items:
    - kind: volume
      metadata: {name: data, tenant: acme, uid: u1, generation: 3, labels: {app: web}, deleting: false}
      spec: {size_gib: 10}
      resolved: {}
      status: {conditions: []}
    """
    [manifest] = read([write(tmp_path, "list.yaml", listed)], CATALOG, tenant=None)
    assert manifest.object == {
        "kind": "volume",
        "metadata": {"name": "data", "tenant": "acme", "labels": {"app": "web"}},
        "spec": {"size_gib": 10},
    }


def test_the_only_one_of_its_kind_needs_no_name(tmp_path: Path) -> None:
    path = write(tmp_path, "q.yaml", "kind: quota\nmetadata: {tenant: acme}\nspec: {}\n")
    assert labels_of(read([path], CATALOG, tenant=None)) == ["quota acme/default"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kind: volume\nmetadata: {name: a}\nspecs: {}\n", "no 'specs'"),
        ("metadata: {name: a}\n", "`kind` is missing"),
        ("kind: volume\n", "`metadata.name` of the volume"),
        ("kind: volume\nmetadata: {name: a}\nspec: [1]\n", "`spec` must be a mapping"),
        ("kind: volume\nmetadata: {name: a}\n---\nkind: volume\nmetadata: {name: a}\n", "described already"),
        ("- 1\n", "an object is a mapping"),
        ("a: [\n", "line 2"),
        ("a: 1\na: 2\n", "written twice"),
    ],
)
def test_a_file_that_is_no_manifest_is_refused_with_its_name(tmp_path: Path, text: str, reason: str) -> None:
    path = write(tmp_path, "bad.yaml", text)
    with pytest.raises(ManifestError) as caught:
        read([path], CATALOG, tenant="acme")
    assert path in str(caught.value)
    assert reason in str(caught.value)


def test_an_object_without_a_tenant_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a.yaml", "kind: volume\nmetadata: {name: a}\n")
    with pytest.raises(ManifestError, match="names no tenant"):
        read([path], CATALOG, tenant=None)


def test_an_empty_folder_and_an_absent_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="holds no"):
        read([str(tmp_path)], CATALOG, tenant=None)
    with pytest.raises(ManifestError, match="cannot be read"):
        read([str(tmp_path / "absent.yaml")], CATALOG, tenant=None)


def manifest(kind: str, name: str, tenant: str | None = "acme", /, **spec: Any) -> Manifest:
    metadata: dict[str, Any] = {"name": name}
    if tenant is not None:
        metadata["tenant"] = tenant
    return Manifest(CATALOG.find(kind), {"kind": kind, "metadata": metadata, "spec": spec}, "test")  # type: ignore[typeddict-item]


BATCH = [
    manifest("tenant", "acme", None),
    manifest("quota", "default"),
    manifest("tenant", "acme.dev", None),
    manifest("quota", "default", "acme.dev"),
    manifest("image", "debian", "system"),
    manifest("share", "debian", "system", kind="image", name="debian"),
    manifest("network", "front"),
    manifest("volume", "data", image="system/debian"),
    manifest("instance", "web", image="system/debian", volumes=["data"], networks=[{"network": "front"}]),
    manifest("peering", "p1", peer="p2"),
    manifest("peering", "p2"),
]


@pytest.mark.parametrize("seed", range(20))
def test_every_object_comes_after_what_it_needs(seed: int) -> None:
    shuffled = random.Random(seed).sample(BATCH, len(BATCH))
    place = {label: index for index, label in enumerate(labels_of(ordered(shuffled, CATALOG)))}
    for later, earlier in [
        ("quota acme/default", "tenant acme"),
        ("tenant acme.dev", "quota acme/default"),
        ("quota acme.dev/default", "tenant acme.dev"),
        ("network acme/front", "quota acme/default"),
        ("share system/debian", "image system/debian"),
        ("volume acme/data", "image system/debian"),
        ("instance acme/web", "volume acme/data"),
        ("instance acme/web", "network acme/front"),
        ("peering acme/p1", "peering acme/p2"),
    ]:
        assert place[earlier] < place[later], f"{later} before {earlier}"
    assert len(place) == len(BATCH)


def test_objects_that_refer_to_each_other_in_a_circle_are_kept() -> None:
    circle = [
        manifest("peering", "a", peer="b"),
        manifest("peering", "b", peer="a"),
        manifest("network", "n"),
    ]
    assert sorted(labels_of(ordered(circle, CATALOG))) == sorted(labels_of(circle))
