"""Looks at the database and the world between events, and stops the simulation when a promise is broken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pextra.simulation.checks import (
    assigned,
    attachments,
    capacity,
    cells,
    converged,
    fabric,
    forwards,
    gpus,
    harm,
    leftovers,
    quota,
    rows,
)
from pextra.simulation.checks.chains import ChainsAreWhole
from pextra.simulation.checks.promises import PromisesAreKept
from pextra.simulation.checks.streams import StreamsAreComplete
from pextra.simulation.checks.view import Check, Memo, View
from pextra.simulation.ground import GroundReader
from pextra.simulation.stage import Stage, Violated

ALWAYS: Final[tuple[Check, ...]] = (
    harm.the_world_is_unharmed,
    capacity.capacity_is_what_is_allocated,
    capacity.no_thread_is_two_guests,
    capacity.required_groups_hold,
    capacity.allocations_are_those_of_placed_instances,
    gpus.gpus_are_what_is_claimed,
    gpus.guests_have_the_gpus_that_they_asked_for,
    gpus.usage_is_open_for_what_is_claimed,
    gpus.no_device_is_two_guests,
    cells.cells_are_what_is_claimed,
    cells.guests_have_of_cells_what_they_have_of_their_hosts,
    cells.bound_threads_are_of_their_cell,
    forwards.forwards_are_held_by_floating_ips,
    forwards.ports_lead_to_one_guest,
    fabric.what_the_fabric_has_is_claimed,
    fabric.no_address_outside_is_two_parts,
    quota.use_is_what_is_charged,
    quota.grants_are_the_childrens_limits,
    quota.limits_hold,
    attachments.addresses_are_held_by_instances,
    attachments.volumes_are_attached_to_their_users,
    rows.no_dangling_rows,
    rows.no_dangling_references,
    converged.ready_means_as_desired,
    assigned.assignments_are_where_their_objects_are,
    assigned.no_secret_is_written_down_twice,
    assigned.answers_fit_what_is_assigned,
)
"""What is true in every state that is committed."""

SETTLED: Final[tuple[Check, ...]] = (
    converged.every_object_is_settled,
    converged.only_what_polls_is_due,
    converged.guests_are_as_desired,
    converged.volumes_are_as_desired,
    converged.operations_are_done_once,
    forwards.hosts_forward_what_is_held,
    fabric.the_fabric_is_as_desired,
    leftovers.hosts_hold_only_their_guests,
    leftovers.pools_hold_only_what_is_wanted,
    assigned.what_is_placed_is_assigned,
    assigned.nothing_is_assigned_in_vain,
    assigned.objects_say_what_agents_reported,
    assigned.agents_reported_what_is_there,
    assigned.hosts_hold_only_what_is_assigned,
)
"""What is true once nothing goes wrong any more and nobody asks for anything."""


class Watcher:
    """See the module.

    Args:
        every: after how many events it looks; what it finds then may have been done by any of them.
    """

    def __init__(self, stage: Stage, path: Path, *, every: int) -> None:
        self._stage = stage
        self._reader = GroundReader(path)
        self._every = every
        self._memo = Memo()
        streams = StreamsAreComplete()
        self._always: Sequence[Check] = (*ALWAYS, streams, PromisesAreKept(streams), ChainsAreWhole())

    def close(self) -> None:
        """Close the connection to the database."""
        self._reader.close()

    def glance(self) -> None:
        """Look, when it is time to.

        Raises:
            Violated: something is not as it must always be.
        """
        if self._stage.schedule.ran % self._every == 0 and (self._reader.changed() or self._stage.ledger.faults):
            self.look()

    def look(self) -> View:
        """Look now.

        Raises:
            Violated: something is not as it must always be.
        """
        view = self._view()
        _demand(view, self._always)
        return view

    def look_closely(self) -> None:
        """Look at what must be true now that everything has settled.

        Raises:
            Violated: it is not.
        """
        _demand(self.look(), SETTLED)

    def look_for_nothing(self) -> None:
        """Look at a cloud from which everything was deleted.

        Raises:
            Violated: something is left.
        """
        _demand(self.look(), (leftovers.nothing_is_left,))

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row, for telling whether anything is still written."""
        return self._reader.everything()

    def _view(self) -> View:
        for host in self._stage.document.hosts.values():
            for guest in host.guests.values():
                guest.settle(self._stage.schedule.now)
        return View(self._reader.read(), self._stage.world, self._stage.document, self._stage.ledger, self._memo)


def _demand(view: View, checks: Sequence[Check]) -> None:
    for check in checks:
        for what in check(view):
            raise Violated(what)
