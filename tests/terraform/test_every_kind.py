"""One stack with a resource of every kind that users write."""

from __future__ import annotations

from pextra_client import Client
from pextra_client.discovery import Catalog
from tests.terraform.engine import Stack
from tests.terraform.written import every_kind


def test_every_kind_is_made_planned_empty_and_destroyed(stack: Stack, client: Client, tenant: str) -> None:
    resources = every_kind(tenant)
    written = {kind.name for kind in Catalog.bundled() if kind.writable}
    assert {address.partition(".")[0] for address in resources} == written
    stack.write(resources)
    assert stack.plan().actions() == {address: ["create"] for address in resources}
    stack.apply()
    again = stack.plan()
    assert not again.changes, again.output
    stack.destroy()
    assert stack.state() == {}
    for kind in written - {"tenant", "host", "flavor", "join_token", "quota"}:
        assert list(client.list(kind)) == [], kind
