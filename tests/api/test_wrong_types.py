"""A value of the wrong type is refused at every field of every kind, with the field's path; nothing changes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from pextra.resources import REGISTRY
from tests.api.everything import SPECS, make_everything
from tests.api.site import Site

WRONG: tuple[Any, ...] = (None, True, 0, -1, 10**30, 1.5, "", "x" * 70_000, "\n", [], [[]], {}, {"a": {"b": []}})


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The place of every value inside of a document."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        yield from places(inner, (*path, key))


def put_in(document: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The document with another value at a place."""
    if not path:
        return value
    changed = copy.deepcopy(document)
    node = changed
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return changed


def written(path: tuple[str | int, ...]) -> str:
    """The place as the API writes it."""
    return "spec" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


@pytest.mark.parametrize("kind", SPECS)
def test_what_the_published_schema_refuses_is_refused_with_the_field_and_changes_nothing(site: Site, kind: str) -> None:
    make_everything(site)
    path, spec = SPECS[kind]
    validator = jsonschema.Draft202012Validator(REGISTRY[kind].spec.model_json_schema())
    before = site.world()
    tried = 0
    for place in places(spec):
        for value in WRONG:
            document = put_in(spec, place, value)
            if validator.is_valid(document) or (place == () and value is None):
                continue
            tried += 1
            refused = site.admin.put(path, document)
            assert (refused.status, refused.code) == (422, "spec.invalid"), (place, value, refused.text)
            where = written(place)
            assert any(f == where or f.startswith((f"{where}.", f"{where}[")) for f in refused.fields), (
                place,
                value,
                refused.fields,
            )
            assert len(refused.text) < 20_000
    assert site.world() == before
    assert tried > 5


@pytest.mark.parametrize("kind", SPECS)
def test_an_unknown_field_is_refused_at_every_depth(site: Site, kind: str) -> None:
    make_everything(site)
    path, spec = SPECS[kind]
    model = REGISTRY[kind].spec.model_json_schema()
    validator = jsonschema.Draft202012Validator(model)
    before = site.world()
    found = 0
    for place in [(), *(p for p in places(spec) if isinstance(_at(spec, p), dict) and p != ())]:
        document = put_in(spec, (*place, "nonsense"), 1)
        if validator.is_valid(document):
            continue
        found += 1
        refused = site.admin.put(path, document)
        assert refused.fields == [written((*place, "nonsense"))], refused.text
    assert found
    assert site.world() == before


def _at(document: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ([], "metadata"),
        ("x", "metadata"),
        (1, "metadata"),
        ({"labels": []}, "metadata.labels"),
        ({"labels": "a=b"}, "metadata.labels"),
        ({"labels": {"a": 1}}, "metadata.labels.a"),
        ({"labels": {"a": None}}, "metadata.labels.a"),
        ({"labels": {"a": "b c"}}, "metadata.labels.a"),
        ({"labels": {"a": "x" * 64}}, "metadata.labels.a"),
        ({"labels": {"a": "ä"}}, "metadata.labels.a"),
        ({"labels": {"": "b"}}, "metadata.labels"),
        ({"labels": {"a b": "c"}}, "metadata.labels"),
        ({"labels": {"x" * 64: "c"}}, "metadata.labels"),
        ({"labels": {f"l{n}": "" for n in range(65)}}, "metadata.labels"),
        ({"annotations": {"a": {}}}, "metadata.annotations.a"),
        ({"annotations": {"a": "x" * 4_097}}, "metadata.annotations.a"),
        ({"annotations": {f"l{n}": "" for n in range(65)}}, "metadata.annotations"),
        ({"uid": 1}, "metadata.uid"),
        ({"name": 1}, "metadata.name"),
        ({"tenant": ["acme"]}, "metadata.tenant"),
        ({"nonsense": 1}, "metadata.nonsense"),
    ],
)
def test_metadata_of_the_wrong_type_is_refused_with_its_field(site: Site, metadata: Any, field: str) -> None:
    before = site.world()
    refused = site.ada.put_whole("tenants/acme/networks/front", {"metadata": metadata, "spec": {}})
    assert (refused.status, refused.code) == (422, "spec.invalid")
    assert field in refused.fields
    assert site.world() == before


@pytest.mark.parametrize(("block", "field"), [({"nonsense": {}}, "nonsense"), ({"Spec": {}}, "Spec")])
def test_an_unknown_block_is_refused(site: Site, block: dict[str, Any], field: str) -> None:
    assert site.ada.put_whole("tenants/acme/networks/front", {"spec": {}, **block}).fields == [field]


def test_every_fault_of_the_metadata_is_told_at_once(site: Site) -> None:
    metadata = {"labels": {"a": 1, "b": 2}, "nonsense": 1}
    refused = site.ada.put_whole("tenants/acme/networks/front", {"metadata": metadata, "kind": "volume"})
    assert set(refused.fields) == {"kind", "metadata.nonsense", "metadata.labels.a", "metadata.labels.b"}
