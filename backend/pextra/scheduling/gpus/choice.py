"""Which of each host's GPUs a guest would get there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pextra.scheduling.arrays import Flags, Floats, Ints
from pextra.scheduling.gpus.boards import Board, Choice, choose
from pextra.scheduling.gpus.columns import GpuColumns, Needs
from pextra.scheduling.gpus.devices import GpuClaim, GpuType, Mode, mig_slots, vf_slot
from pextra.scheduling.gpus.wishes import GpuRequest, Wish

Waste = Callable[[Ints, Ints], Ints]
"""What is wasted on hosts (their places among those asked about) whose GPUs would have so much free."""


@dataclass(slots=True)
class Chosen:
    """What a guest would get on each of some hosts.

    Attributes:
        fits: whether its GPUs are there.
        parts: how many parts it would get of each GPU; one of each where whole ones are handed out.
        loss: the share of the board's links that others could not use any more; 0 to 1.
        linked: whether its GPUs would all be linked to each other.
        together: whether they would all be of one NUMA cell.
    """

    fits: Flags
    parts: Ints
    loss: Floats
    linked: Flags
    together: Flags

    def put(self, rows: Ints, other: Chosen) -> None:
        """Take over what was found for some of the hosts."""
        self.fits[rows] = other.fits
        self.parts[rows] = other.parts
        self.loss[rows] = other.loss
        self.linked[rows] = other.linked
        self.together[rows] = other.together


def nothing(hosts: int, width: int) -> Chosen:
    """No host fits."""
    return Chosen(
        np.zeros(hosts, dtype=np.bool_),
        np.zeros((hosts, width), dtype=np.int64),
        np.zeros(hosts),
        np.zeros(hosts, dtype=np.bool_),
        np.zeros(hosts, dtype=np.bool_),
    )


def choose_on(columns: GpuColumns, hosts: Ints, wish: GpuRequest, cells: Flags, waste: Waste) -> Chosen:
    """What the guest would get on each of the hosts; what it prefers is given where it can be.

    Args:
        columns: what is free.
        hosts: which hosts, by index.
        wish: what is asked for.
        cells: whether the cells of each host have what the guest wants of its GPUs' cell: a row a host.
        waste: what decides between parts of different GPUs.
    """
    found = nothing(len(hosts), columns.fleet.width)
    open_rows = np.arange(len(hosts), dtype=np.int64)
    linked = (True, False) if wish.nvlink is Wish.PREFERRED else (wish.nvlink is Wish.REQUIRED,)
    together = (True, False) if wish.numa is Wish.PREFERRED else (wish.numa is Wish.REQUIRED,)
    # What is preferred is tried first; links outweigh the cell.
    for link in linked:
        for cell in together:
            if len(open_rows) == 0:
                break
            more = _choose_all(
                columns,
                hosts[open_rows],
                wish,
                cells[open_rows],
                lambda rows, milli, at=open_rows: waste(at[rows], milli),
                linked=link,
                together=cell,
            )
            found.put(open_rows[more.fits], _rows(more, more.fits))
            open_rows = open_rows[~more.fits]
    return found


def claims(columns: GpuColumns, host: int, wish: GpuRequest, parts: Ints) -> tuple[GpuClaim, ...]:
    """What to take of the host's GPUs for the guest.

    Args:
        columns: what is free.
        host: its index.
        wish: what is asked for.
        parts: how many parts of each GPU, as chosen.
    """
    fleet = columns.fleet
    needs = fleet.needs(wish)
    made: list[GpuClaim] = []
    for column in np.flatnonzero(parts).tolist():
        kind = fleet.kinds[int(fleet.kind[host, column])]
        used = int(columns.slots[host, column])
        for _ in range(int(parts[column])):
            slots = _slots(kind, wish, used)
            used |= slots
            milli = int(needs.milli[fleet.kind[host, column]])
            made.append(GpuClaim(fleet.addresses[host][column], wish.mode, wish.profile, milli, slots))
    return tuple(made)


def _slots(kind: GpuType, wish: GpuRequest, used: int) -> int:
    """Which MIG slots, or which virtual function, a part takes, as bits; 0 where parts are all alike."""
    if wish.mode is Mode.MIG:
        return mig_slots(kind, kind.slices[wish.mode, wish.profile], used)
    if wish.mode in (Mode.VF, Mode.VGPU):  # a vGPU may be made of a virtual function
        return vf_slot(kind.slices[wish.mode, wish.profile], used)
    return 0


def _choose_all(
    columns: GpuColumns, hosts: Ints, wish: GpuRequest, cells: Flags, waste: Waste, *, linked: bool, together: bool
) -> Chosen:
    needs = columns.fleet.needs(wish)
    able = columns.able(hosts, needs)
    if not together:
        found = _choose(columns, hosts, wish, needs, able, waste, linked=linked)
        if cells.shape[1]:  # GPUs of one cell are of no use to a guest for the rest of which there is no room in it
            cell = columns.fleet.cell[hosts, found.parts.argmax(axis=1)] if columns.fleet.width else 0
            found.together = found.together & cells[np.arange(len(hosts)), cell]
        return found
    best = nothing(len(hosts), columns.fleet.width)
    for cell in range(cells.shape[1]):
        mine = able & (columns.fleet.cell[hosts] == cell) & cells[:, cell, None]
        rows = np.flatnonzero(mine.any(axis=1))
        if len(rows) == 0:
            continue
        found = _choose(
            columns, hosts[rows], wish, needs, mine[rows], lambda of, m, at=rows: waste(at[of], m), linked=linked
        )
        better = found.fits & (~best.fits[rows] | (found.loss < best.loss[rows]))
        found.together[:] = True
        best.put(rows[better], _rows(found, better))
    return best


def _choose(
    columns: GpuColumns, hosts: Ints, wish: GpuRequest, needs: Needs, able: Flags, waste: Waste, *, linked: bool
) -> Chosen:
    if linked and wish.count > 1 and wish.mode is not Mode.WHOLE:
        return nothing(len(hosts), columns.fleet.width)
    if wish.mode is Mode.WHOLE:
        found = _whole(columns, hosts, able, wish.count, linked=linked)
    elif wish.count == 1:
        found = _one_part(columns, hosts, needs, able, waste)
    else:
        found = _parts(columns, hosts, wish, needs, able)
    cell = np.where(found.parts > 0, columns.fleet.cell[hosts], -2)
    known = np.where(found.parts > 0, cell, np.iinfo(np.int64).max)
    found.together = (known.min(axis=1, initial=np.iinfo(np.int64).max) == cell.max(axis=1, initial=-2)) & (
        cell.max(axis=1, initial=-2) >= 0
    )
    return found


def _whole(columns: GpuColumns, hosts: Ints, able: Flags, count: int, *, linked: bool) -> Chosen:
    """Sets of whole GPUs, so that most links stay whole."""
    fleet = columns.fleet
    found = nothing(len(hosts), fleet.width)
    free = (able * fleet.bits).sum(axis=1)
    # Few pairs of a board and its free GPUs are different ones.
    keys, at = np.unique((fleet.board[hosts] << fleet.width) | free, return_inverse=True)
    everything = (1 << fleet.width) - 1
    chosen = [_known(fleet.boards[key >> fleet.width], key & everything, count, linked) for key in map(int, keys)]
    masks = np.array([choice[0] for choice in chosen], dtype=np.int64)[at]
    found.fits = masks > 0
    found.parts = (masks[:, None] & fleet.bits > 0).astype(np.int64)
    found.loss = np.array([choice[1] for choice in chosen])[at]
    found.linked = np.array([choice[2] for choice in chosen], dtype=np.bool_)[at]
    return found


def _known(board: Board, free: int, count: int, linked: bool) -> tuple[int, float, bool]:
    """The chosen GPUs, or 0; the share of the board's links that is lost; whether they are linked."""
    choice: Choice | None = choose(board, free, count, linked=linked)
    if choice is None:
        return 0, 0.0, False
    share = choice.loss / board.linked if board.linked else 0.0
    return choice.gpus, share, count == 1 or choice.gpus in board.partitions


def _one_part(columns: GpuColumns, hosts: Ints, needs: Needs, able: Flags, waste: Waste) -> Chosen:
    """A part of one GPU, of the one where least is wasted then."""
    found = nothing(len(hosts), columns.fleet.width)
    kind, free, mode, slots = (c[hosts] for c in (columns.fleet.kind, columns.free, columns.mode, columns.slots))
    # Of GPUs that are alike the first stands for all.
    new = able.copy()
    for column in range(1, able.shape[1]):
        for before in range(column):
            new[:, column] &= ~(
                able[:, before]
                & (kind[:, before] == kind[:, column])
                & (free[:, before] == free[:, column])
                & (mode[:, before] == mode[:, column])
                & (slots[:, before] == slots[:, column])
            )
    row, column = np.nonzero(new)
    if len(row) == 0:
        return found
    left = free[row, column] - needs.milli[kind[row, column]]
    after = columns.open(hosts)[row]
    after[np.arange(len(row)), column] = left if columns.opens(needs) else 0
    # Of equal ones the fullest, and of those the first.
    order = np.lexsort((column, left, waste(row, after), row))
    row, column = row[order], column[order]
    first = np.concatenate(([True], row[1:] != row[:-1]))
    found.fits[row[first]] = True
    found.parts[row[first], column[first]] = 1
    return found


def _parts(columns: GpuColumns, hosts: Ints, wish: GpuRequest, needs: Needs, able: Flags) -> Chosen:
    """Several parts, of as few GPUs as can be: the fullest first."""
    fleet = columns.fleet
    found = nothing(len(hosts), fleet.width)
    memory: dict[tuple[bytes, bytes, bytes], list[int] | None] = {}
    for row, host in enumerate(hosts.tolist()):
        key = (
            fleet.kind[host].tobytes(),
            np.where(able[row], columns.free[host], -1).tobytes(),
            columns.slots[host].tobytes(),
        )
        if key not in memory:
            memory[key] = _shared_out(columns, host, wish, needs, able[row])
        taken = memory[key]
        if taken is not None:
            found.fits[row] = True
            found.parts[row] = taken
    return found


def _shared_out(columns: GpuColumns, host: int, wish: GpuRequest, needs: Needs, able: Flags) -> list[int] | None:
    fleet = columns.fleet
    parts = [0] * fleet.width
    wanted = wish.count
    for column in sorted(np.flatnonzero(able).tolist(), key=lambda c: (int(columns.free[host, c]), c)):
        kind = fleet.kinds[int(fleet.kind[host, column])]
        free, used = int(columns.free[host, column]), int(columns.slots[host, column])
        milli = int(needs.milli[fleet.kind[host, column]])
        while wanted and free >= milli:
            if needs.slots is not None:
                if not needs.slots[fleet.kind[host, column], used]:
                    break
                used |= mig_slots(kind, kind.slices[wish.mode, wish.profile], used)
            elif functions := int(needs.functions[fleet.kind[host, column]]):
                if not functions & ~used:
                    break
                used |= vf_slot(kind.slices[wish.mode, wish.profile], used)
            free -= milli
            parts[column] += 1
            wanted -= 1
    return parts if wanted == 0 else None


def _rows(found: Chosen, which: Flags) -> Chosen:
    return Chosen(found.fits[which], found.parts[which], found.loss[which], found.linked[which], found.together[which])
