"""What guests usually ask for, and how much of the GPUs that are left free they could not use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pextra.scheduling.arrays import Flags, Ints
from pextra.scheduling.gpus.devices import WHOLE_MILLI, Mode
from pextra.scheduling.request import Request
from pextra.scheduling.resources import DIMENSIONS, Resources

COVERED: Final = 0.95
"""The share of all requests that the shapes of a workload are to cover; rare ones say nothing of the next."""
_MOST_SHAPES: Final = 128
_WEIGHTS: Final = 1000  # what the weights of a workload's shapes add up to; whole numbers, so that sums are exact
SCALE: Final = WHOLE_MILLI * _WEIGHTS * 2
"""What `Workload.waste` counts a whole GPU as that no shape can use: filling and fitting see it, slivers none."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What one guest takes, as far as it decides which GPUs it can use.

    Args:
        resources: of its host.
        gpus: how many GPUs.
        milli: thousandths of each.
        models: any of these; empty: any.
    """

    resources: Resources
    gpus: int
    milli: int
    models: frozenset[str] = frozenset()

    @classmethod
    def of(cls, request: Request) -> Shape | None:
        """The shape of a request; None where it asks for no GPUs, or for parts with a mode of their own."""
        wish = request.gpus
        if wish is None or wish.mode not in (Mode.WHOLE, Mode.SHARE):
            return None
        return cls(request.resources, wish.count, wish.milli, wish.models)


class Workload:
    """The shapes that guests usually have, with how often.

    `waste` adds three views of a host's free GPUs, each in thousandths of a GPU, as a mean over the shapes:

    * filling: what stays free when the host is filled with the shape alone, processors and memory as fractions. It
      sees GPUs that will starve for lack of processors long before they do.
    * fitting: what one more guest of the shape could not use: all, where it does not fit, else the GPUs that are too
      full for it. Source: the FGD paper ("Beware of Fragmentation", USENIX ATC 2023).
    * slivers: what is expected to stay of each GPU when random parts of the workload fill it up.

    Args:
        counts: how often each shape is asked for.
    """

    def __init__(self, counts: Mapping[Shape, float]) -> None:
        shapes = _usual(counts)
        self.shapes: tuple[Shape, ...] = tuple(shape for shape, _ in shapes)
        self._weights = np.array(_whole_weights([count for _, count in shapes]), dtype=np.int64)
        needs = np.array([s.resources.vector for s in self.shapes], dtype=np.int64).reshape(-1, len(DIMENSIONS))
        self._needs = [(d, np.maximum(needs[:, d, None], 1), needs[:, d, None] > 0) for d in range(len(DIMENSIONS))]
        self._needs = [entry for entry in self._needs if bool(entry[2].any())]
        parts = sorted({s.milli for s in self.shapes})
        self._parts = parts
        self._part = np.array([parts.index(s.milli) for s in self.shapes], dtype=np.intp)
        self._gpus = np.array([s.gpus for s in self.shapes], dtype=np.int64)[:, None]
        self._takes = np.array([s.gpus * s.milli for s in self.shapes], dtype=np.int64)[:, None]
        self._sliver = _slivers(zip(self.shapes, self._weights.tolist(), strict=True))

    @classmethod
    def of(cls, requests: Iterable[Request]) -> Workload:
        """The workload that these requests are typical of."""
        counts = Counter(shape for shape in map(Shape.of, requests) if shape is not None)
        return cls(counts)

    def usable_by(self, models: Sequence[str]) -> Flags:
        """Which shapes (rows) can use GPUs of which models (columns)."""
        found = [[not s.models or model in s.models for model in models] for s in self.shapes]
        return np.array(found, dtype=np.bool_).reshape(len(self.shapes), len(models))

    def waste(self, free: Sequence[Ints], milli: Ints, usable: Flags) -> Ints:
        """How much of the free GPUs of each host its usual guests could not use, in 1/`SCALE` of a GPU.

        Args:
            free: what is free of each resource, a column of the hosts' amounts each.
            milli: what is free of each host's GPUs, in thousandths: a row a host; 0 where there is none.
            usable: which shapes (rows) can use the GPUs of each host (columns).
        """
        total = milli.sum(axis=1)
        if not self.shapes:
            return np.zeros_like(total)
        count = np.empty((len(self._parts), len(total)), dtype=np.int64)
        places, rest = np.empty_like(count), np.empty_like(count)
        for row, part in enumerate(self._parts):
            fits = milli >= part
            count[row] = fits.sum(axis=1)
            places[row] = (milli // part).sum(axis=1)
            rest[row] = np.where(fits, 0, milli).sum(axis=1)
        count, places, rest = count[self._part], places[self._part], rest[self._part]
        # A share is placed as often as it goes into the GPUs; a guest of several takes each from another one.
        guests = np.where(self._gpus == 1, places, count // self._gpus).astype(np.float64)
        one_more = (count >= self._gpus) & usable
        for dimension, need, wanted in self._needs:
            have = np.maximum(free[dimension], 0)[None, :]
            guests = np.where(wanted, np.minimum(guests, have / need), guests)
            one_more &= ~wanted | (have >= need)
        unfilled = total - np.where(usable, guests * self._takes, 0).astype(np.int64)
        unfit = np.where(one_more, rest, total)
        means = ((unfilled + unfit) * self._weights[:, None]).sum(axis=0)
        result: Ints = means + self._sliver[milli].sum(axis=1)
        return result


def _usual(counts: Mapping[Shape, float]) -> list[tuple[Shape, float]]:
    """The most frequent shapes that cover `COVERED`, in an order that hangs on nothing else."""
    ordered = sorted(
        counts.items(), key=lambda e: (-e[1], e[0].resources.vector, e[0].gpus, e[0].milli, sorted(e[0].models))
    )
    enough = COVERED * sum(counts.values())
    found: list[tuple[Shape, float]] = []
    covered = 0.0
    for shape, count in ordered[:_MOST_SHAPES]:
        if covered >= enough:
            break
        found.append((shape, count))
        covered += count
    return found


def _whole_weights(counts: Sequence[float]) -> list[int]:
    """Whole numbers in the proportion of the counts that add up to `_WEIGHTS`."""
    total = sum(counts)
    below = 0
    weights: list[int] = []
    reached = 0.0
    for count in counts:
        reached += count
        upper = round(_WEIGHTS * reached / total)
        weights.append(upper - below)
        below = upper
    return weights


def _slivers(shapes: Iterable[tuple[Shape, int]]) -> Ints:
    """What is expected to stay of a GPU with so many thousandths free, times the sum of the weights.

    Parts are put into it at random, as often as the workload has them, for as long as one goes in.
    """
    counts = Counter[int]()
    for shape, weight in shapes:
        counts[shape.milli] += weight * shape.gpus
    parts = sorted(counts.items())
    stays = [0.0] * (WHOLE_MILLI + 1)
    for free in range(WHOLE_MILLI + 1):
        going = [(part, weight) for part, weight in parts if part <= free and weight]
        whole = sum(weight for _, weight in going)
        stays[free] = sum(weight * stays[free - part] for part, weight in going) / whole if whole else float(free)
    return np.array([round(_WEIGHTS * value) for value in stays], dtype=np.int64)
