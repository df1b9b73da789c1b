"""Changes in words, for who wants to know what is not as it should be."""

from __future__ import annotations

from typing import assert_never

from pextra.drivers.ovn.reconciling import Change, Delete, Insert, Join, Leave, Update


def describe(change: Change) -> tuple[str, str]:
    """Where it is, and what is wrong there."""
    match change:
        case Insert(place=(table, _), name=name):
            return f"{table} {name}", "it is missing"
        case Update(place=(table, _), name=name, column=column, was=was, value=value):
            return f"{table} {name}", f"{column} is {_shown(was)}, and should be {_shown(value)}"
        case Delete(place=(table, uuid)):
            return f"{table} {uuid}", "it should not be there"
        case Join(holding=(table, _, column), name=name):
            return f"{table}.{column}", f"it lacks {name}"
        case Leave(holding=(table, uuid, column), member=member):
            return f"{table} {uuid}", f"{column} should not have {member}"
        case _:
            assert_never(change)


def _shown(value: object) -> str:
    return "nothing" if value in ([], {}, "") else str(value)
