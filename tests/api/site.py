"""A site to call: the cloud in one database, its API, and on demand its loops over simulated hosts."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from pextra import serving, wiring
from pextra.api.app import create_app
from pextra.api.settings import ApiSettings
from pextra.controllers import by_kind
from pextra.controllers.loop import Loop
from pextra.controllers.sequencer import Sequencer
from pextra.declaration.registry import Registry
from pextra.drivers.sim.images import digest_of, sim_url
from pextra.drivers.sim.world import SimWorld
from pextra.drivers.sim.world_file import WorldDocument, encode
from pextra.pki.audit_key import AuditKey
from pextra.resources import REGISTRY
from pextra.services.bootstrap import open_cloud
from pextra.services.cloud import Cloud
from pextra.store.database import Database
from pextra.store.tables import metadata, work
from tests.api.caller import Caller
from tests.store.clock import ManualClock

SMALL = {"vcpus": 1, "memory_mib": 512, "disk_gib": 4}
IMAGE = {"url": sim_url("linux"), "sha256": digest_of(sim_url("linux")), "size_gib": 1}
AT_REST_S = 600.0
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000000 ada"


class Site:
    """A site whose time the test owns.

    Attributes:
        admin: the cloud's administrator.
        ada: a user of tenant `acme`, which has no limits.
        dev: a user of `acme.dev`, a tenant below it that may use nothing.
        gus: a user of `globex`, a stranger to both, without limits.
        nobody: a caller without a token.
        served: the cloud as its API has it, which may be in another role of the database.

    Args:
        served: the same database as its API reaches it; by default as everything else does.
    """

    def __init__(
        self,
        database: Database,
        clock: ManualClock,
        tokens: dict[str, str],
        registry: Registry = REGISTRY,
        depot: Path | None = None,
        served: Database | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.cloud, _ = open_cloud(database, registry, serving.keeper_for(database))
        if depot is not None:
            self.cloud = serving.with_depot(self.cloud, depot)
        self.served = self.cloud if served is None else self._cloud_of(served)
        self.app = create_app(self.served)
        self.tokens = tokens
        self._simulated = WorldDocument()
        self.admin, self.ada, self.dev, self.gus = (
            self.caller(tokens[name]) for name in ("admin", "ada", "dev", "gus")
        )
        self.nobody = self.caller(None)
        self.signer = AuditKey.from_seed(bytes(32))

    def _cloud_of(self, database: Database) -> Cloud:
        cloud, _ = open_cloud(database, self.cloud.registry, serving.keeper_for(database))
        return replace(cloud, depot=self.cloud.depot)

    def caller(self, token: str | None, app: Flask | None = None) -> Caller:
        """Somebody with this token."""
        return Caller(app or self.app, token)

    def another_app(self, settings: ApiSettings | None = None, database: Database | None = None) -> Flask:
        """Another API process of the same site."""
        return create_app(replace(self.cloud, database=database or self.database), settings)

    def user(self, tenant: str, name: str, role: str | None = "owner") -> Caller:
        """A new user of the tenant, with a role there."""
        return self.caller(add_user(self.admin, tenant, name, role))

    def world(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table, to tell whether anything changed."""
        return dump(self.database)

    @property
    def simulated(self) -> str:
        """What the simulated hosts hold, their guests' seeds too."""
        return encode(self._simulated).decode()

    @cached_property
    def _loop(self) -> Loop:
        world = SimWorld(document=self._simulated)
        return Loop(self.cloud, by_kind.controllers_of(wiring.DriverFleet(world)), holder="test")

    @cached_property
    def _sequencer(self) -> Sequencer:
        return Sequencer(self.cloud, holder="test", signer=self.signer)

    def number_events(self) -> None:
        """Let the sequencer number every event and seal every audit entry that waits."""
        while self._sequencer.step():
            pass

    def step(self) -> None:
        """Let the loops look at what is due, once."""
        self._loop.step()

    def converge(self) -> None:
        """Let the loops work until they have nothing to do for the next minutes; time passes as they wait."""
        for _ in range(60):
            while self._loop.step():
                pass
            due_us = self.database.read(lambda tx: tx.conn.execute(select(func.min(work.c.due_us))).scalar())
            if due_us is None or due_us / 1e6 > self.clock.now() + AT_REST_S:
                self.number_events()
                return
            self.clock.advance(1.0)
        raise AssertionError("the loops did not come to rest")


def dump(database: Database, *, audit: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table; without those of the audit log, which refusals leave a trace in, unless asked for."""
    tables = [t for t in metadata.sorted_tables if audit or "audit" not in t.name]

    def read(tx: Any) -> dict[str, list[tuple[Any, ...]]]:
        return {t.name: sorted(map(tuple, tx.conn.execute(select(t))), key=repr) for t in tables}

    return database.read(read)


def add_user(admin: Caller, tenant: str, name: str, role: str | None = "owner") -> str:
    """Make a user who has the role in the tenant, and a token of it; the token."""
    admin.put(f"tenants/{tenant}/users/{name}", {}).ok()
    subject = {"kind": "user", "name": name}
    if role is not None:
        admin.put(f"tenants/{tenant}/role_bindings/{name}", {"role": role, "subject": subject}).ok()
    made = admin.put(f"tenants/{tenant}/api_tokens/{name}", {"user": name})
    return made.ok()["minted"]["token"]


def populate(database: Database, registry: Registry = REGISTRY) -> dict[str, str]:
    """Make a new site with the tenants and users that `Site` tells of; their tokens by name."""
    opened = wiring.open_site(database, registry)
    assert opened.admin_token is not None
    admin = Caller(create_app(opened.cloud), opened.admin_token)
    for tenant in ("acme", "globex", "acme.dev"):
        admin.put(f"tenants/{tenant}", {}).ok()
    for tenant in ("acme", "globex"):
        admin.put(f"tenants/{tenant}/quotas/default", {"unlisted": "unlimited"}).ok()
    tokens = {"admin": opened.admin_token}
    admin.put("flavors/small", SMALL).ok()
    admin.put("tenants/system/images/linux", IMAGE).ok()
    admin.put("tenants/system/shares/linux", {"kind": "image", "name": "linux", "tenants": "all"}).ok()
    admin.put("tenants/acme.dev/quotas/default", {"limits": {"users": 5, "api_tokens": 5, "role_bindings": 5}}).ok()
    for tenant, name in (("acme", "ada"), ("acme.dev", "dev"), ("globex", "gus")):
        tokens[name] = add_user(admin, tenant, name)
    return tokens
