"""The documents that clients are made from: current, and compatible with those that were published before."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def test_generated_files_are_those_of_the_declarations() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "scripts" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stale = [str(path) for path, text in module.generated().items() if path.read_text() != text]
    assert not stale, "run `make generate`"


def test_the_api_only_grows_since_the_last_release_or_else_the_last_commit() -> None:
    base = _git("describe", "--tags", "--abbrev=0") or "HEAD"
    published = json.loads(
        _git("show", f"{base}:docs/openapi.json") or pytest.fail(f"{base} has no published document")
    )
    present = json.loads((ROOT / "docs" / "openapi.json").read_text())
    assert list(_removals(published, present)) == []


def test_the_agents_protocol_only_grows_so_that_agents_and_control_plane_may_differ_in_age() -> None:
    base = _git("describe", "--tags", "--abbrev=0") or "HEAD"
    written = _git("show", f"{base}:docs/agent-protocol.json")
    present = json.loads((ROOT / "docs" / "agent-protocol.json").read_text())
    before = json.loads(written) if written else present
    assert list(_protocol_removals(before, present)) == []


def test_a_removed_field_and_a_new_requirement_of_the_agents_protocol_are_each_found() -> None:
    present = json.loads((ROOT / "docs" / "agent-protocol.json").read_text())
    guest = "documents.DesiredGuest"
    for found, change in (
        (f"{guest}.vcpus", lambda d: d["documents"]["DesiredGuest"]["properties"].pop("vcpus")),
        (f"{guest}: `news`", lambda d: d["documents"]["DesiredGuest"]["required"].append("news")),
        ("messages.SyncRequest", lambda d: d["messages"].pop("SyncRequest")),
        ("$defs.Card.port", lambda d: d["documents"]["DesiredGuest"]["$defs"]["Card"]["properties"].pop("port")),
    ):
        changed = json.loads(json.dumps(present))
        change(changed)
        assert any(found in removal for removal in _protocol_removals(present, changed)), found


def _protocol_removals(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """What an agent or a control plane of `before` would miss in `after`."""
    for part in ("messages", "documents"):
        for name, schema in before[part].items():
            new = after[part].get(name)
            if new is None:
                yield f"{part}.{name}"
                continue
            yield from _schema_removals(schema, new, f"{part}.{name}")
            for inner, definition in schema.get("$defs", {}).items():
                yield from _schema_removals(definition, new["$defs"].get(inner, {}), f"{part}.{name}.$defs.{inner}")


def test_a_removed_route_field_or_value_and_a_new_requirement_are_each_found() -> None:
    present = json.loads((ROOT / "docs" / "openapi.json").read_text())
    volume = "components.schemas.VolumeSpec"
    for found, change in (
        ("/v1/flavors", lambda d: d["paths"].pop("/v1/flavors")),
        (f"{volume}.size_gib", lambda d: d["components"]["schemas"]["VolumeSpec"]["properties"].pop("size_gib")),
        (
            f"{volume}: `image` is required now",
            lambda d: d["components"]["schemas"]["VolumeSpec"]["required"].append("image"),
        ),
        ("libvirt", lambda d: d["components"]["schemas"]["HostSpec"]["properties"]["driver"]["enum"].remove("libvirt")),
    ):
        changed = json.loads(json.dumps(present))
        change(changed)
        assert any(found in removal for removal in _removals(present, changed)), found


def _git(*arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _removals(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """What a client of `before` would miss in `after`."""
    for path, operations in before["paths"].items():
        if path not in after["paths"]:
            yield path
            continue
        yield from (f"{verb} {path}" for verb in operations if verb not in after["paths"][path])
    for name, schema in before["components"]["schemas"].items():
        new = after["components"]["schemas"].get(name)
        if new is None:
            yield f"components.schemas.{name}"
            continue
        yield from _schema_removals(schema, new, f"components.schemas.{name}")


def _schema_removals(before: dict[str, Any], after: dict[str, Any], where: str) -> Iterator[str]:
    for name, schema in before.get("properties", {}).items():
        new = after.get("properties", {}).get(name)
        if new is None:
            yield f"{where}.{name}"
        else:
            yield from _schema_removals(schema, new, f"{where}.{name}")
    for name in set(after.get("required", [])) - set(before.get("required", [])):
        yield f"{where}: `{name}` is required now"
    for value in before.get("enum", []):
        if "enum" in after and value not in after["enum"]:
            yield f"{where}: {value} is no longer possible"
    for bound, tighter in (
        ("maximum", min),
        ("maxLength", min),
        ("maxItems", min),
        ("minimum", max),
        ("minLength", max),
    ):
        old, new_bound = before.get(bound), after.get(bound)
        if new_bound is not None and (old is None or tighter(old, new_bound) != old):
            yield f"{where}: {bound} is {new_bound} now, it was {old}"
