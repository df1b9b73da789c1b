"""Nothing that the world can never undo has happened in it."""

from __future__ import annotations

from collections.abc import Iterator

from pextra.simulation.checks.view import View


def the_world_is_unharmed(view: View) -> Iterator[str]:
    """No guest ran on two hosts, no disk was open in two guests, no address was on two ports."""
    yield from view.world.violations()
