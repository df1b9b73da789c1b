"""What deciding costs: the same GETs and PUTs by somebody no policy binds, by a role, and under policies.

    python -m tests.benchmarks.access [requests] [policies] [tenants]

All run in one process, in turn, so that their differences mean something wherever it runs. Half of the policies concern
what is asked; the others are left out before they are asked.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from pextra import wiring
from pextra.api.app import create_app
from pextra.encryption.key_file import KeyFile
from pextra.resources import REGISTRY
from pextra.services import bootstrap
from pextra.store.database import Database
from pextra.tenancy import policies
from pextra.tenancy.policies import Actor, Circumstances, PolicySet, Target
from tests.api.caller import Caller
from tests.api.site import add_user
from tests.benchmarks.table import show

STATEMENT: Final = (
    'forbid (principal, action == Action::"{action}", resource) '
    'when {{ resource.hasTag("env") && resource.getTag("env") == "e{number}" }};'
)


def main() -> None:
    """Measure and print."""
    requests, number, tenants = (int(a) for a in (*sys.argv[1:], *("500", "100", "1000")[len(sys.argv) - 1 :]))
    texts = [
        STATEMENT.format(action=("network.read", "network.update", "volume.read", "image.create")[n % 4], number=n)
        for n in range(number)
    ]
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'pextra.db'}")
        opened = wiring.open_site(database, keeper=KeyFile(Path(folder) / "keys.json"))
        app = create_app(opened.cloud)
        admin = Caller(app, opened.admin_token)
        for name in ("plain", "bound", *(f"t{n}" for n in range(tenants))):
            admin.put(f"tenants/{name}", {}).ok()
        for name in ("plain", "bound"):
            admin.put(f"tenants/{name}/quotas/default", {"unlisted": "unlimited"}).ok()
            admin.put(f"tenants/{name}/networks/n", {}).ok()
        for n, text in enumerate(texts):
            admin.put(f"tenants/bound/policies/p{n}", {"text": text}).ok()
        callers = {
            "no roles asked (break glass)": (Caller(app, bootstrap.break_glass(opened.cloud)), "plain"),
            "a role": (Caller(app, add_user(admin, "plain", "ada")), "plain"),
            f"a role and {number} policies": (Caller(app, add_user(admin, "bound", "ada")), "bound"),
        }
        taken: dict[tuple[str, str], list[float]] = {}
        for turn in range(requests):
            for name, (caller, tenant) in callers.items():
                path = f"tenants/{tenant}/networks/n"
                began = time.perf_counter()
                caller.get(path).ok()
                between = time.perf_counter()
                caller.put(path, {"description": f"{turn} {name}"}).ok()
                taken.setdefault((name, "GET"), []).append(between - began)
                taken.setdefault((name, "PUT"), []).append(time.perf_counter() - between)
        database.close()
    first = next(iter(callers))
    rows = [
        (name, verb, f"{median(each) * 1e3:.2f}", f"{(median(each) - median(taken[first, verb])) * 1e3:+.2f}")
        for (name, verb), each in taken.items()
    ]
    show(f"{requests} requests each, {tenants} tenants, SQLite", ("", "", "p50, ms", "more, ms"), rows)
    show(
        "One decision of a policy set", ("statements that concern it", "CPU, µs"), [_decision(n) for n in (1, 25, 100)]
    )


def _decision(number: int) -> tuple[str, str]:
    text = "\n".join(STATEMENT.format(action="network.update", number=n) for n in range(number))
    compiled = PolicySet(REGISTRY, {f"acme/p#{n}": s for n, s in enumerate(policies.parse(REGISTRY, text))})
    actor = Actor("user", "acme/ada", "u", {}, REGISTRY["user"].effective({}))
    target = Target("network", "acme", "n", "u", {"env": "prod"}, REGISTRY["network"].effective({}))
    circumstances = Circumstances(1_790_000_000_000_000, "127.0.0.1", "api_token")
    compiled.decide("network.update", actor, target, circumstances)
    began = time.process_time()
    for _ in range(1_000):
        compiled.decide("network.update", actor, target, circumstances)
    return str(number), f"{(time.process_time() - began) * 1e3:.0f}"


if __name__ == "__main__":
    main()
