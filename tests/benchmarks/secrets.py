"""What sealing costs: the same PUTs of an object with a secret, with the envelope and with the value stored as it is.

    python -m tests.benchmarks.secrets [writes]

Both run in one process, in turn, so that their ratio means something wherever it runs.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

from pextra import wiring
from pextra.api.app import create_app
from pextra.encryption.key_file import KeyFile
from pextra.services.keyring import Keyring
from pextra.store import secrets
from pextra.store.database import Database, Tx
from pextra.store.secrets import Sealed, StoredSecret
from tests.api.caller import Caller
from tests.benchmarks.table import show


class Clear(Keyring):
    """Stores the values as they are, as was done before there were keys."""

    def put(self, tx: Tx, tenant_uid: str, uid: str, values: Mapping[str, tuple[str, StoredSecret]]) -> None:
        """See `Keyring.put`."""
        for path, (value, facts) in values.items():
            secrets.put(tx, tenant_uid, uid, path, Sealed(value.encode(), 1), facts)


def main() -> None:
    """Measure and print."""
    writes = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'pextra.db'}")
        keeper = KeyFile(Path(folder) / "keys.json")
        opened = wiring.open_site(database, keeper=keeper)
        clear = replace(opened.cloud, keyring=Clear(keeper, opened.cloud.site.uid))
        callers = {
            name: Caller(create_app(c), opened.admin_token) for name, c in (("sealed", opened.cloud), ("clear", clear))
        }
        taken: dict[str, list[float]] = {name: [] for name in callers}
        callers["clear"].put("tenants/acme", {}).ok()
        callers["clear"].put("tenants/acme/quotas/default", {"unlisted": "unlimited"}).ok()
        for number in range(writes):
            for name, caller in callers.items():
                began = time.perf_counter()
                caller.put(f"tenants/acme/secrets/{name}", {"data": {"key": f"{number} " + "x" * 1_000}}).ok()
                taken[name].append(time.perf_counter() - began)
        database.close()
    rows = [(name, f"{median(each) * 1000:.2f}") for name, each in taken.items()]
    ratio = median(taken["sealed"]) / median(taken["clear"])
    show(f"PUT of a secret of 1 KB, {writes} each", ("", "median, ms"), [*rows, ("ratio", f"{ratio:.3f}")])


if __name__ == "__main__":
    main()
