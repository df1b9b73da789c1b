"""The audit log as a reader of the API has it."""

from __future__ import annotations

import json
from typing import Any

from tests.api.caller import Caller
from tests.api.site import Site


def entries(site: Site, caller: Caller, tenant: str, **query: Any) -> list[dict[str, Any]]:
    """The sealed entries of the tenant, the oldest first, but for those of keys."""
    site.number_events()
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {}
    while True:
        body = caller.get(f"tenants/{tenant}/audit", order="oldest", limit=500, **query, **page).ok()
        found += body["items"]
        if "next_page" not in body:
            return [e for e in found if e["action"] != "audit.key"]
        page = {"page": body["next_page"]}


def last(site: Site, caller: Caller, tenant: str, **query: Any) -> dict[str, Any]:
    """The newest of them."""
    return entries(site, caller, tenant, **query)[-1]


def exported(site: Site, caller: Caller, tenant: str, **query: Any) -> list[str]:
    """An export as a file would have it: start, entries, head."""
    site.number_events()
    lines = caller.get(f"tenants/{tenant}/audit/export", **query).text.splitlines()
    return [*lines, json.dumps(caller.get(f"tenants/{tenant}/audit/head").ok())]


def begin(sequence: int) -> dict[str, Any]:
    """The parameter whose name is a word of Python's."""
    return {"from": sequence}
