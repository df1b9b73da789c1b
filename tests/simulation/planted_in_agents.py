# ruff: noqa: ARG005 - what is planted has the arguments of what it replaces, and is of its class
"""Bugs of hosts' agents, and of what the control plane keeps for them; see `planted`."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import pytest
from sqlalchemy import delete, update

from pextra.agent.agent import Agent
from pextra.agent.ledger import Ledger, Look
from pextra.agent_protocol import Report
from pextra.controllers import assembly, operations, placing, remote
from pextra.drivers import strangers
from pextra.drivers.interface import DriverError
from pextra.services import agents
from pextra.services.cloud import Cloud
from pextra.store import agents as stored_agents
from pextra.store import assignments
from pextra.store.database import Tx
from pextra.store.tables import assignment, host_certificate
from tests.simulation.planted import Plant


def _a_report_of_any_revision_is_taken_for_an_answer(patch: pytest.MonkeyPatch) -> None:
    store_report = assignments.store_report

    def store(tx: Tx, host_uid: str, uid: str, *, revision: int, report: dict[str, Any]) -> Any:
        now = assignments.find(tx, host_uid, uid)
        return store_report(tx, host_uid, uid, revision=now.revision if now else revision, report=report)

    patch.setattr(assignments, "store_report", store)


def _reports_are_forgotten_though_the_answer_was_lost(patch: pytest.MonkeyPatch) -> None:
    to_report = Ledger.to_report

    def drop(self: Ledger) -> list[Report]:
        reports = to_report(self)
        self.reported(reports)
        return reports

    patch.setattr(Ledger, "to_report", drop)


def _strangers_are_removed_without_asking(patch: pytest.MonkeyPatch) -> None:
    def remove(self: Agent) -> None:
        with suppress(DriverError):
            for uid in self._drivers.compute.observe_guests():
                self._remove_stranger(uid)

    patch.setattr(Agent, "_watch_strangers", remove)


def _what_is_assigned_anew_takes_no_revision(patch: pytest.MonkeyPatch) -> None:
    put = assignments.put

    def in_place(tx: Tx, host_uid: str, uid: str, *, document: Any, **options: Any) -> Any:
        if assignments.find(tx, host_uid, uid) is not None:
            same = (assignment.c.host_uid == host_uid) & (assignment.c.uid == uid)
            tx.conn.execute(update(assignment).where(same).values(document=document))
        return put(tx, host_uid, uid, document=document, **options)

    patch.setattr(assignments, "put", in_place)


def _nobody_waits_until_it_has_been_taken_away(patch: pytest.MonkeyPatch) -> None:
    def remove(cloud: Any, item: Any, record: Any, host: Any) -> None:
        cloud.database.write(lambda tx: assignments.remove(tx, host.uid, record.uid))

    patch.setattr(remote, "take_away", remove)


def _secrets_are_written_down_with_what_is_assigned(patch: pytest.MonkeyPatch) -> None:
    provide, assemble, assign = placing.provide, assembly.desired_guest, remote.assign_guest
    clouds: list[Cloud] = []

    def noted(cloud: Cloud, *rest: Any) -> Any:
        clouds.append(cloud)
        return provide(cloud, *rest)

    patch.setattr(placing, "provide", noted)
    patch.setattr(assembly, "desired_guest", lambda _, *rest: assemble(clouds[-1], *rest))
    patch.setattr(remote, "assign_guest", lambda tx, host, desired, *, secret: assign(tx, host, desired, secret=False))


def _a_renewal_shuts_out_every_certificate_but_the_one_it_shows(patch: pytest.MonkeyPatch) -> None:
    def all_but(tx: Tx, host_uid: str, serial: str) -> None:
        others = (host_certificate.c.host_uid == host_uid) & (host_certificate.c.serial != serial)
        tx.conn.execute(delete(host_certificate).where(others))

    exchange = agents._exchange

    def kept(*arguments: Any) -> Any:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(stored_agents, "revoke_older", lambda *_: None)
            return exchange(*arguments)

    patch.setattr(stored_agents, "revoke_older", all_but)
    patch.setattr(agents, "_exchange", kept)


def _disks_in_a_shared_pool_are_taken_for_strangers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(strangers, "own_volumes", lambda host: host.storage.observe_volumes())


def _an_act_stays_assigned_when_its_operation_ends(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operations, "_unassign", lambda tx, operation: None)


def _what_was_said_of_an_older_revision_is_not_said_again(patch: pytest.MonkeyPatch) -> None:
    settle = Ledger.settle

    def silent(self: Ledger, assigned: Any, look: Look, now: float) -> None:
        entry = self._entries[assigned.uid]
        if entry.told is not None:
            entry.told = (assigned.revision, entry.told[1])
        settle(self, assigned, look, now)

    patch.setattr(Ledger, "settle", silent)


BUGS: Final[dict[str, Plant]] = {
    plant.__name__.strip("_"): plant
    for plant in (
        _a_report_of_any_revision_is_taken_for_an_answer,
        _reports_are_forgotten_though_the_answer_was_lost,
        _strangers_are_removed_without_asking,
        _what_is_assigned_anew_takes_no_revision,
        _nobody_waits_until_it_has_been_taken_away,
        _secrets_are_written_down_with_what_is_assigned,
        _a_renewal_shuts_out_every_certificate_but_the_one_it_shows,
        _disks_in_a_shared_pool_are_taken_for_strangers,
        _an_act_stays_assigned_when_its_operation_ends,
        _what_was_said_of_an_older_revision_is_not_said_again,
    )
}
"""Name and plant of each bug."""
