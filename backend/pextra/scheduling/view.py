"""One request before some hosts: what filters and terms share about them."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from pextra.scheduling.arrays import Flags, Ints
from pextra.scheduling.gpus.choice import Chosen, choose_on
from pextra.scheduling.request import Request
from pextra.scheduling.snapshot import IN_CELLS, Snapshot


class View:
    """A request before some of a snapshot's hosts. What is costly is found once, and only where it is asked for.

    Args:
        snapshot: the hosts.
        request: what wants a host.
        hosts: the indexes of those that are looked at, rising.
    """

    def __init__(self, snapshot: Snapshot, request: Request, hosts: Ints) -> None:
        self.snapshot = snapshot
        self.fleet = snapshot.fleet
        self.request = request
        self.hosts = hosts

    def only(self, kept: Flags) -> View:
        """The request before some of these hosts."""
        view = View(self.snapshot, self.request, self.hosts[kept])
        if "chosen" in self.__dict__:
            chosen = self.chosen
            view.chosen = Chosen(
                chosen.fits[kept], chosen.parts[kept], chosen.loss[kept], chosen.linked[kept], chosen.together[kept]
            )
        return view

    @cached_property
    def chosen(self) -> Chosen:
        """The GPUs that the request would get of each host."""
        wish = self.request.gpus
        assert wish is not None, "the request asks for none"
        return choose_on(self.snapshot.gpus, self.hosts, wish, self.cells_with_room, self._waste_with)

    @cached_property
    def cells_with_room(self) -> Flags:
        """Which cells of each host have the processors, memory and hugepages that the request wants: a row a host."""
        snapshot, wants = self.snapshot, self.request.resources.vector
        room = np.ones((len(self.hosts), snapshot.cells[0].shape[1]), dtype=np.bool_)
        for column, dimension in zip(snapshot.cells, IN_CELLS, strict=True):
            if wants[dimension]:
                room &= column[self.hosts] >= wants[dimension]
        return room

    @cached_property
    def waste_before(self) -> Ints:
        """How much of the GPUs that are free now usual guests could not use, in 1/`SCALE` of a GPU."""
        free = [column[self.hosts] for column in self.snapshot.free]
        return self._waste(self.hosts, free, self.snapshot.gpus.open(self.hosts))

    @cached_property
    def waste_after(self) -> Ints:
        """The same once the request is placed there."""
        open_now = self.snapshot.gpus.open(self.hosts)
        if self.request.gpus is not None:
            needs = self.fleet.gpus.needs(self.request.gpus)
            taken = self.chosen.parts > 0
            left = open_now - self.chosen.parts * needs.milli[self.fleet.gpus.kind[self.hosts]]
            open_now = np.where(taken, left if self.snapshot.gpus.opens(needs) else 0, open_now)
        return self._waste_with(np.arange(len(self.hosts), dtype=np.int64), open_now)

    def _waste_with(self, rows: Ints, milli: Ints) -> Ints:
        """The waste of some of these hosts once the request is placed and their GPUs have so much free."""
        hosts = self.hosts[rows]
        wants = self.request.resources.vector
        free = [column[hosts] - wanted for column, wanted in zip(self.snapshot.free, wants, strict=True)]
        return self._waste(hosts, free, milli)

    def _waste(self, hosts: Ints, free: list[Ints], milli: Ints) -> Ints:
        return self.fleet.workload.waste(free, milli, self.fleet.usable[:, hosts])
