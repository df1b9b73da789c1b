"""A marker is written through every secret field of every kind, and found nowhere but where a guest is given it.

The fields come from the registry: a new kind with a secret is looked at without being named here.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from prometheus_client import generate_latest

from pextra.declaration.fields import FieldFacts, set_at
from pextra.declaration.kind import Kind
from pextra.resources import REGISTRY
from pextra.store import events
from pextra.store.tables import metadata
from tests.api.caller import Answer
from tests.api.everything import SPECS, make_everything
from tests.api.site import Site, dump
from tests.api.test_plan import put

MARKER: Final = "zq7-marker-of-a-secret"
FIELDS: Final = [(kind, facts) for kind in REGISTRY for facts in kind.secrets]
EACH = pytest.mark.parametrize(("kind", "facts"), FIELDS, ids=[f"{k.name}.{f.path}" for k, f in FIELDS])


def with_value(kind: Kind, facts: FieldFacts, value: Any) -> dict[str, Any]:
    """A spec of the kind that has this value in its secret field."""
    spec = json.loads(json.dumps(SPECS[kind.name][1]))
    for name in ("volumes", "networks"):  # what one object holds no other may
        spec.pop(name, None)
    path = facts.path.replace("*", "entry").replace("[]", "[0]")
    set_at(spec, path, value)
    return spec


def one_level_up(kind: Kind, facts: FieldFacts) -> Iterator[Any]:
    """Specs with the secret where something around it should be."""
    path = facts.path.replace("*", "entry").replace("[]", "[0]")
    while "." in path:
        path = path.rpartition(".")[0]
        spec = with_value(kind, facts, "x")
        set_at(spec, path, MARKER)
        yield spec
        set_at(spec, path, [MARKER])
        yield spec
    yield MARKER
    yield [MARKER]


def wrong_specs(kind: Kind, facts: FieldFacts) -> Iterator[Any]:
    wrong: list[Any] = [
        [MARKER],
        {MARKER: MARKER},
        {"secret": MARKER},
        {"secret": {"digest": MARKER, "version": 1}},
        {"secret": {"digest": "0" * 64, "version": MARKER}},
        {"secret": {"digest": "0" * 64, "version": 1, "value": MARKER}},
        MARKER * 4_000,
    ]
    yield from (with_value(kind, facts, each) for each in wrong)
    yield with_value(kind, facts, MARKER) | {"labels": 3}
    yield from one_level_up(kind, facts)


def answers(site: Site, kind: Kind, facts: FieldFacts) -> Iterator[Answer]:
    """Every kind of answer that could tell of the field."""
    path = SPECS[kind.name][0].rpartition("/")[0] + "/leak"
    good, other = with_value(kind, facts, MARKER), with_value(kind, facts, f"{MARKER} again")
    yield site.admin.put(path, good, dry_run=True)
    yield site.admin.plan(put(kind.name, "leak", good))
    yield (made := site.admin.put(path, good, headers={"Idempotency-Key": "leak"}))
    assert made.status == 201, made.text
    yield site.admin.put(path, good, headers={"Idempotency-Key": "leak"})
    yield site.admin.put(path, other, headers={"Idempotency-Key": "leak"})  # refused: another request
    yield site.admin.put(path, other, headers={"If-Match": '"stale"'})
    yield site.admin.put(path, other, headers={"If-None-Match": "*"})
    yield site.admin.put(path, other, dry_run=True)
    yield site.admin.put(path, other)
    yield site.admin.patch(path, {"spec": other})
    yield site.nobody.put(path, other)
    yield site.gus.put(path, other)
    for wrong in wrong_specs(kind, facts):
        yield (refused := site.admin.put(path, wrong))
        assert refused.status == 422, refused.text
        yield site.admin.put(path, wrong, dry_run=True)
        yield site.admin.patch(path, {"spec": wrong})
        yield site.admin.plan(put(kind.name, "leak", wrong))
    yield site.admin.put(path, with_value(kind, facts, MARKER * 60_000))  # larger than any body
    yield site.admin.get(path)
    yield site.admin.get(path.rpartition("/")[0])
    yield site.admin.get(path.rpartition("/")[0], recursive=True)
    site.converge()
    yield site.admin.get(path)
    for action in kind.actions:
        yield site.admin.act(path, action.name)
        yield site.admin.act(path, action.name, {"argument": MARKER})
    site.converge()
    yield site.admin.get("tenants/acme/operations")
    yield site.admin.delete(path)
    site.converge()
    yield site.admin.get(path)


@EACH
def test_no_answer_log_event_metric_or_byte_of_the_database_holds_a_secret(
    site: Site, kind: Kind, facts: FieldFacts, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    make_everything(site)
    for number, answer in enumerate(answers(site, kind, facts)):
        assert MARKER not in answer.text, (number, answer.status, answer.text)
        assert MARKER not in str(answer.headers), number
    assert MARKER not in caplog.text
    assert MARKER not in repr([record.__dict__ for record in caplog.records])
    said = capfd.readouterr()
    assert MARKER not in said.out + said.err
    site.number_events()
    tables = dump(site.database, audit=True)
    assert len(tables) == len(metadata.sorted_tables)
    assert tables["audit_entry"]
    for name, rows in tables.items():
        assert MARKER not in repr(rows), name
    assert site.database.read(events.lag)[0] == 0
    assert tables["event"]
    assert MARKER.encode() not in generate_latest()
    assert site.database.file is not None
    for path in site.database.file.parent.glob(f"{site.database.file.name}*"):
        assert MARKER.encode() not in path.read_bytes(), path  # deleted rows and the log included
    assert MARKER not in " ".join(sys.argv) + Path("/proc/self/cmdline").read_text(errors="replace")


@EACH
def test_no_published_document_has_an_example_of_a_value(site: Site, kind: Kind, facts: FieldFacts) -> None:
    """Examples show how a secret is written; what stands there is no credential, and no default is one."""
    for path in ("/openapi.json", "/v1/schemas/manifest.json", "/v1/kinds"):
        text = site.admin.get(path).text
        assert MARKER not in text
        assert "PRIVATE KEY" not in text
    schema = json.dumps(kind.spec.model_json_schema())
    assert '"writeOnly"' in schema or '"secret": true' in schema
    assert facts.ref is None


def test_there_are_secret_fields_to_look_at() -> None:
    assert {kind.name for kind, _ in FIELDS} >= {"instance", "secret"}
