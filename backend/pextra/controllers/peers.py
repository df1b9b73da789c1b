"""Rules that name a security group, on hosts that filter by themselves: who comes and goes makes them anew.

A fabric has the members of a group by itself.
"""

from __future__ import annotations

from pextra.store import references, work
from pextra.store.database import Tx
from pextra.store.records import Record


def changed(tx: Tx, host: Record, was: Record, now: Record) -> None:
    """Have the others on the host looked at when an instance there has other addresses, or may be in other groups."""
    if was.status.get("observed_generation", 0) == was.generation and was.status.get("addresses") == now.status.get(
        "addresses"
    ):
        return
    if now.generation > 1:  # it may have left groups, of which nothing is known any more
        wake(tx, host, None)
    else:
        wake(tx, host, groups_of(now))


def groups_of(instance: Record) -> set[str]:
    """The uids of its security groups."""
    return {pin["uid"] for key, pin in instance.resolved.items() if key.startswith("security_group/")}


def wake(tx: Tx, host: Record, groups: set[str] | None) -> None:
    """Have the instances on the host looked at whose security groups name one of these; None: any."""
    if not host.status.get("fabric_host") and groups != set():
        found = references.of_consumers(tx, host.uid, "security_group", groups)
        work.ask_many(tx, ((tenant_uid, uid, "instance") for tenant_uid, uid in found))
