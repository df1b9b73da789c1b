"""What the audit log costs: a PUT with it and without, sealing, the lag, and proofs of a long chain.

    python -m tests.benchmarks.audit [entries]

Everything runs in this process on SQLite, durable as in production; ratios are of one run.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from pextra import wiring
from pextra.api.app import create_app
from pextra.controllers.sequencer import Sequencer
from pextra.pki.audit_key import AuditKey
from pextra.services import auditing
from pextra.store import audit
from pextra.store.database import Database, Tx
from pextra.transparency.tree import Tree
from tests.api.caller import Caller
from tests.benchmarks.table import show

ROUNDS = 7
PUTS = 60
PROOFS = 200


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def puts(caller: Caller, name: str, number: int) -> float:
    """Milliseconds for one replacing PUT."""

    def once(step: int) -> None:
        caller.put(f"flavors/{name}", {"vcpus": 1, "memory_mib": 1024 + step, "disk_gib": 10}).ok()

    return seconds(lambda: [once(number * PUTS + step) for step in range(PUTS)]) / PUTS * 1000


def main() -> None:
    """Measure and print."""
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'pextra.db'}")
        opened = wiring.open_site(database)
        cloud = opened.cloud
        caller = Caller(create_app(cloud), opened.admin_token)
        plain: list[float] = []
        audited: list[float] = []
        for number in range(ROUNDS):
            audited.append(puts(caller, "a", number))
            with patch.object(auditing, "changed", lambda *_, **__: None):
                plain.append(puts(caller, "b", number))
        with_it, without = statistics.median(audited), statistics.median(plain)
        sequencer = Sequencer(cloud, holder="bench", signer=AuditKey.generate())
        while sequencer.step():
            pass
        uid = cloud.site.system_uid
        body = {"action": "network.update", "outcome": "succeeded", "principal": {"kind": "system", "name": "x"}}
        body["changes"] = [{"path": "spec.mtu", "before": 1400, "after": 1500}] * 4
        sealing = 0.0
        noted = 0
        while noted < entries:
            part = min(5000, entries - noted)

            def fill(tx: Tx, part: int = part) -> None:
                for _ in range(part):
                    audit.note(tx, uid, generation=1, body=body)

            database.write(fill)
            noted += part

            def drain() -> None:
                while sequencer.step():
                    pass

            sealing += seconds(drain)
        size = database.read(lambda tx: audit.head(tx, cloud.site.uid, uid)).head.size  # type: ignore[union-attr]

        def prove(index: int) -> float:
            def work(tx: Tx) -> None:
                Tree(size, audit.reader(tx, uid)).inclusion(index)

            return seconds(lambda: database.read(work)) * 1000

        def continued(earlier: int) -> float:
            def work(tx: Tx) -> None:
                Tree(size, audit.reader(tx, uid)).consistency(earlier)

            return seconds(lambda: database.read(work)) * 1000

        steps = [1 + size * n // (PROOFS + 1) for n in range(PROOFS)]
        show(
            "The audit log, on SQLite",
            ("what", "value"),
            [
                ("PUT without audit, ms", f"{without:.2f}"),
                ("PUT with audit, ms", f"{with_it:.2f}"),
                ("ratio", f"{with_it / without:.2f}"),
                (f"sealed a second, chain of {size}", f"{entries / sealing:.0f}"),
                (f"inclusion proof of {size}, ms (median)", f"{statistics.median(map(prove, steps)):.2f}"),
                (f"consistency proof of {size}, ms (median)", f"{statistics.median(map(continued, steps)):.2f}"),
            ],
        )
        database.close()


if __name__ == "__main__":
    main()
