"""What the database's fence costs: the same GETs, lists and PUTs with and without it, on one PostgreSQL.

    python -m tests.benchmarks.fence [requests] [tenants]

All run in one process against one database, in turn, once as the owner of the tables and once in the role that the
fence binds, so that their ratios mean something wherever it runs.
"""

from __future__ import annotations

import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

from sqlalchemy import make_url, text

from pextra import wiring
from pextra.api.app import create_app
from pextra.encryption.key_file import KeyFile
from pextra.resources import REGISTRY
from pextra.services.bootstrap import open_cloud
from pextra.store.database import Database, Tx
from tests.api.caller import Caller
from tests.api.site import add_user
from tests.benchmarks.table import show
from tests.labs.postgres import PostgresServer
from tests.store.two_roles import new_roles

WITHOUT, WITH, UNBOUND = "without", "with, bound to its tenant", "with, the cloud's administrator"
OBJECTS: Final = 50


def main() -> None:
    """Measure and print."""
    requests, tenants = (int(a) for a in (*sys.argv[1:], *("400", "200")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder, PostgresServer() as server:
        server.create_database("bench")
        url, keeper = server.url("bench"), KeyFile(Path(folder) / "keys.json")
        database = Database(url)
        opened = wiring.open_site(database, keeper=keeper)
        admin = Caller(create_app(opened.cloud), opened.admin_token)
        for name in ("mine", *(f"t{n}" for n in range(tenants))):
            admin.put(f"tenants/{name}", {}).ok()
        admin.put("tenants/mine/quotas/default", {"unlisted": "unlimited"}).ok()
        for number in range(OBJECTS):
            admin.put(f"tenants/mine/networks/n{number}", {}).ok()
        token = add_user(admin, "mine", "ada")
        with new_roles(make_url(url)) as (api_role, loops_role):
            wiring.grant_roles(database, api_role=api_role, loops_role=loops_role)
            database.write(_analyze)
            fenced = Database(url)
            fenced.url = fenced.url.set(username=api_role)
            app = create_app(open_cloud(fenced, REGISTRY, keeper)[0])
            callers = {
                WITHOUT: Caller(create_app(opened.cloud), token),
                WITH: Caller(app, token),
                UNBOUND: Caller(app, opened.admin_token),
            }
            taken: dict[tuple[str, str], list[float]] = {}
            for turn in range(requests):
                for name, caller in callers.items():
                    for verb, seconds in _once(caller, turn, name).items():
                        taken.setdefault((name, verb), []).append(seconds)
            assert fenced.fenced
            assert not database.fenced
            fenced.close()
        database.close()
    rows = [
        (name, verb, f"{median(each) * 1e3:.2f}", f"{median(each) / median(taken[WITHOUT, verb]):.2f}")
        for (name, verb), each in taken.items()
    ]
    header = ("", "", "p50, ms", "ratio")
    show(f"{requests} requests each, {tenants} tenants, PostgreSQL", header, rows)


def _analyze(tx: Tx) -> None:
    tx.conn.execute(text("ANALYZE"))


def _once(caller: Caller, turn: int, name: str) -> dict[str, float]:
    path = f"tenants/mine/networks/n{turn % OBJECTS}"
    times = [time.perf_counter()]
    caller.get(path).ok()
    times.append(time.perf_counter())
    caller.get("tenants/mine/networks", limit=OBJECTS).ok()
    times.append(time.perf_counter())
    caller.put(path, {"description": f"{turn} {name}"}).ok()
    times.append(time.perf_counter())
    return dict(zip(("GET", f"list of {OBJECTS}", "PUT"), (b - a for a, b in pairwise(times)), strict=True))


if __name__ == "__main__":
    main()
