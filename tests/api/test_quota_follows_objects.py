"""What a tenant is said to use is what its live objects are charged, after any requests that meet."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pextra.resources import REGISTRY
from pextra.store import objects, quota
from tests.api.caller import Caller
from tests.api.site import Site

TENANTS = ("acme", "acme.dev")


def wrong(site: Site) -> list[str]:
    """The counters that are not what they should be."""

    def look(tx: Any) -> list[str]:
        faults: list[str] = []
        uids = {path: objects.by_name(tx, site.cloud.site.uid, "tenant", path) for path in TENANTS}
        counters = {path: quota.usage(tx, record.uid) for path, record in uids.items() if record is not None}
        for path, held in counters.items():
            owner = uids[path]
            assert owner is not None
            charged: Counter[str] = Counter()
            for kind in REGISTRY:
                for record in objects.of_kind(tx, owner.uid, kind.name):
                    spec = kind.effective(record.spec, record.spec_version)
                    charged.update(kind.charged(spec, record.resolved))
            for name, now in held.items():
                child = counters["acme.dev"].get(name) if path == "acme" else None
                granted = (child.ceiling or 0) if child is not None else 0
                if (now.used, now.granted) != (charged[name], granted):
                    faults.append(f"{path} {name}: {now}, objects {charged[name]}, children {granted}")
                if now.ceiling is not None and now.used + now.granted > now.ceiling:
                    faults.append(f"{path} {name}: {now} is above its limit")
        return faults

    return site.database.read(look)


def ask(site: Site, caller: Caller, rng: random.Random) -> None:
    """One request, whatever comes of it."""
    tenant, name = rng.choice(TENANTS), f"v{rng.randrange(4)}"
    path = f"tenants/{tenant}/volumes/{name}"
    match rng.randrange(5):
        case 0 | 1:
            answer = caller.put(path, {"size_gib": rng.randint(1, 9)})
        case 2:
            answer = caller.patch(path, {"spec": {"size_gib": rng.randint(1, 9)}})
        case 3:
            answer = caller.delete(path)
        case _:
            small = {"users": 5, "api_tokens": 5, "role_bindings": 5, "volumes": rng.randint(0, 4)}
            limits = {**small, "volume_gib": rng.randint(0, 20)}
            answer = site.admin.put("tenants/acme.dev/quotas/default", {"limits": limits})
    assert answer.status < 500 or answer.status == 503, answer.text


def limit_parent(site: Site) -> None:
    limits = dict.fromkeys(("users", "api_tokens", "role_bindings"), 50) | {"volumes": 6, "volume_gib": 30}
    site.admin.put("tenants/acme/quotas/default", {"limits": limits}).ok()


def test_use_is_what_objects_are_charged_after_writers_met(any_site: Site) -> None:
    limit_parent(any_site)
    callers = [Caller(app, any_site.tokens["ada"]) for app in (any_site.app, any_site.another_app())]
    for round_ in range(3):

        def work(number: int, base: int = round_) -> None:
            rng = random.Random(f"{base}/{number}")
            for _ in range(8):
                ask(any_site, callers[number], rng)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, range(2)))
        assert wrong(any_site) == []


def test_a_resize_that_is_not_charged_is_found(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    limit_parent(site)
    site.ada.put("tenants/acme/volumes/v", {"size_gib": 1}).ok()
    monkeypatch.setattr(quota, "charge", lambda *_, **__: None)
    site.ada.put("tenants/acme/volumes/v", {"size_gib": 9}).ok()
    assert wrong(site)
