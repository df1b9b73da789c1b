"""Tables of ours in nftables, each replaced as a whole in one transaction, and only where it differs.

What the kernel lists is not what was written, so a table is known to be right by the digest of what it was
listed as after it was written. Rules of ours hold no counters, so a listing changes only with the table.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pextra.drivers.local.commands import CommandFailed, Commands
from pextra.drivers.network_documents import Folder

_OBJECT: Final = re.compile(r"^\t(chain|map|set) (\S+) \{", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Table:
    """A table with everything in it, as nft reads it."""

    family: str
    name: str
    content: str

    @property
    def key(self) -> str:
        """Family and name, by which nft knows the table."""
        return f"{self.family} {self.name}"

    def __str__(self) -> str:
        body = "\n".join(f"\t{line}" if line else "" for line in self.content.splitlines())
        return f"table {self.key} {{\n{body}\n}}\n"


def block(head: str, *lines: str) -> str:
    """A chain, set or map with its lines."""
    return "\n".join((f"{head} {{", *(f"\t{line}" for line in lines), "}"))


def elements(values: Sequence[str]) -> tuple[str, ...]:
    """The line with the elements of a set or map; none where there are none, which nft does not take."""
    return (f"elements = {{ {', '.join(values)} }}",) if values else ()


class Tables:
    """Our tables in one network namespace after the other.

    Args:
        commands: what runs nft.
        evidence: where it is kept which listing belongs to which tables; made when absent.
    """

    def __init__(self, commands: Commands, evidence: Path) -> None:
        self._commands = commands
        self._evidence = Folder(evidence)

    def ensure(self, tables: Sequence[Table], *, namespace: str | None = None) -> bool:
        """Make the tables as described, in one transaction; whether that took a change.

        The base chains stay in place, so no packet meets a moment without rules; foreign tables are not looked at.

        Raises:
            Retryable: `CommandFailed`.
        """
        listed = {table: self._listed(table, namespace) for table in tables}
        stale = [
            table
            for table, text in listed.items()
            if not text or self._evidence.read(_evidence(table, namespace)) != _proof(table, text)
        ]
        if not stale:
            return False
        try:
            self._load("".join(_prelude(table, listed[table]) + str(table) for table in stale), namespace)
        except CommandFailed:
            # Somebody made something in our table that stands in the way.
            self._load("".join(_prelude(table, "") + str(table) for table in stale), namespace)
        for table in stale:
            self._evidence.write(_evidence(table, namespace), _proof(table, self._listed(table, namespace)))
        return True

    def ensure_absent(self, tables: Iterable[Table]) -> None:
        """Remove tables of the host's namespace, and what is known of them."""
        listed = list(tables)
        self._load("".join(_prelude(table, "") for table in listed), None)
        for table in listed:
            self._evidence.remove(_evidence(table, None))

    def forget(self, table: Table, namespace: str) -> None:
        """Drop what is known of a table whose namespace has gone."""
        self._evidence.remove(_evidence(table, namespace))

    def _listed(self, table: Table, namespace: str | None) -> str:
        """What nft lists of the table; nothing if it is not there."""
        # One at a time: nft 1.0.6 finds no table when asked for two of different families.
        try:
            return self._commands.run(
                ("nft", "--stateless", "list", "table", table.family, table.name), namespace=namespace
            )
        except CommandFailed as error:
            if "No such file or directory" in error.stderr:
                return ""
            raise

    def _load(self, script: str, namespace: str | None) -> None:
        self._commands.run(("nft", "--file", "-"), stdin=script, namespace=namespace)


def _prelude(table: Table, listed: str) -> str:
    """What empties the table as listed and removes what it no longer holds; all of it, if nothing is listed."""
    if not listed:
        return f"add table {table.key}\ndelete table {table.key}\n"
    there = [(found[1], found[2]) for found in _OBJECT.finditer(listed)]
    held = {(found[1], found[2]) for found in _OBJECT.finditer(str(table))}
    lines = [f"flush table {table.key}"]
    lines += [f"flush {kind} {table.key} {name}" for kind, name in there if kind != "chain"]
    lines += [f"delete {kind} {table.key} {name}" for kind, name in there if (kind, name) not in held]
    return "\n".join(lines) + "\n"


def _evidence(table: Table, namespace: str | None) -> str:
    return f"{namespace or 'host'}.{table.family}.{table.name}"


def _proof(table: Table, listed: str) -> str:
    digests = {"written": str(table), "listed": listed}
    return json.dumps({what: hashlib.sha256(text.encode()).hexdigest() for what, text in digests.items()})
