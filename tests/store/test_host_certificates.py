"""Certificates of a host's agent: which one is newer is told by their order, whatever the clocks say."""

from __future__ import annotations

from pextra.store import agents
from pextra.store.database import Database

FAR_US = 10**18


def test_a_certificate_from_a_server_whose_clock_is_ahead_is_still_the_older_one(database: Database) -> None:
    host, other = database.new_uid(), database.new_uid()
    for serial, owner, not_after_us in (("a1", host, FAR_US + 9), ("b1", other, FAR_US), ("a2", host, FAR_US)):
        database.write(
            lambda tx, s=serial, o=owner, t=not_after_us: agents.add_certificate(tx, s, host_uid=o, not_after_us=t)
        )
    database.write(lambda tx: agents.revoke_older(tx, host, "a1"))
    assert database.read(lambda tx: agents.accepted(tx, ["a1", "a2", "b1"])) == {"a1", "a2", "b1"}
    database.write(lambda tx: agents.revoke_older(tx, host, "a2"))
    assert database.read(lambda tx: agents.accepted(tx, ["a1", "a2", "b1"])) == {"a2", "b1"}
