"""A watch of a foreign tenant is refused like one of none, wherever it begins; one's own holds nothing of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from pextra.api.streams import create_streams_app
from pextra.resources import REGISTRY
from tests.api import strangers
from tests.api.caller import Answer, Caller
from tests.api.site import Site


@pytest.fixture(scope="module")
def app(both: Site) -> Flask:
    """The stream process of the site."""
    return create_streams_app(both.cloud, places=2)


@pytest.fixture(scope="module")
def foreign_position(both: Site) -> str:
    """Where the first tenant's list ended."""
    return both.ada.get("tenants/acme/networks").ok()["position"]


KINDS = [None, *(kind.name for kind in REGISTRY)]


@pytest.mark.parametrize("recursive", ["false", "true"])
@pytest.mark.parametrize("who", ["gus", "dev"])
def test_a_watch_of_a_foreign_tenant_is_refused_like_one_of_none(
    both: Site, app: Flask, foreign_position: str, who: str, recursive: str
) -> None:
    caller: Caller = getattr(both, who)

    def watch(tenant: str, kind: str | None, position: str | None) -> tuple[Callable[[], Answer], tuple[str, ...]]:
        query = {"tenant": tenant, "kind": kind, "position": position, "recursive": recursive}
        asked = {name: value for name, value in query.items() if value is not None}
        return lambda: caller_of(app, caller).get("watch", **asked), (tenant,)

    for kind in KINDS:
        for position in (None, foreign_position):
            asked = [watch(tenant, kind, position) for tenant in ("acme", "acne", "acme.ops")]
            assert strangers.assert_alike(both, asked, f"a watch of {kind}")[0] == 404


def caller_of(app: Flask, caller: Caller) -> Caller:
    """The caller, at the stream process."""
    return Caller(app, caller.token)


def backlog(app: Flask, caller: Caller, **query: str) -> list[dict[str, Any]]:
    """What a watch has to say until its first bookmark, and that."""
    answer = app.test_client().get(
        "/v1/watch", query_string=query, headers={"Authorization": f"Bearer {caller.token}"}, buffered=False
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: list[dict[str, Any]] = []
    for line in answer.response:
        found.append(json.loads(line))
        if found[-1]["type"] == "bookmark":
            break
    answer.close()
    return found


def test_ones_own_watch_from_a_foreign_position_holds_ones_own_and_no_foreign_stream(
    both: Site, app: Flask, foreign_position: str
) -> None:
    own_uid = both.admin.get("tenants/globex").ok()["metadata"]["uid"]
    foreign_uid = both.admin.get("tenants/acme").ok()["metadata"]["uid"]
    position = both.gus.get("tenants/globex/networks").ok()["position"]
    assert own_uid in strangers.streams_of(position)
    for recursive in ("false", "true"):
        found = backlog(app, both.gus, tenant="globex", position=foreign_position, recursive=recursive)
        assert {line["tenant"] for line in found[:-1]} <= {"globex", "globex.ops"}
        assert len(found) > 1
        assert all(foreign_uid not in strangers.streams_of(line["position"]) for line in found)
