"""Nothing in the database belongs to, or refers to, what is not there."""

from __future__ import annotations

from collections.abc import Iterator

from pextra.simulation.checks.view import View, named


def no_dangling_rows(view: View) -> Iterator[str]:
    """Every row beside an object's own belongs to an object; every object has a status."""
    objects = view.ground.objects
    for table, uids in view.ground.belongings.items():
        for uid in uids:
            if uid not in objects:
                yield f"table {table} has a row of {uid}, which does not exist"
    for record in objects.values():
        if not record.status:
            yield f"{named(record)} has no status"


def no_dangling_references(view: View) -> Iterator[str]:
    """What refers and what is referred to exists, but for what went before one that goes along with it has gone."""
    objects = view.ground.objects
    for reference in view.ground.references:
        source = objects.get(reference.source_uid)
        going = source is not None and source.deleting
        for uid in (reference.source_uid,) if going else reference:
            if uid not in objects:
                yield f"{reference} names {uid}, which does not exist"
