"""Tables of ours in nftables, each replaced as a whole in one transaction, and only where it differs.

What the kernel lists is not what was written, so a table is known to be right by the digest of what it was
listed as after it was written. Rules of ours hold no counters, so a listing changes only with the table.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pextra.drivers.local.commands import CommandFailed, Commands
from pextra.drivers.network_documents import Folder

_OBJECT: Final = re.compile(r"^\t(chain|map|set) (\S+) \{", re.MULTILINE)
_TABLE: Final = re.compile(r"^table (\S+ \S+) \{", re.MULTILINE)


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
        """Make the tables as described; whether that took a change.

        The base chains stay in place, so no packet meets a moment without rules; foreign tables are not looked at.

        Raises:
            Retryable: `CommandFailed`.
        """
        wanted = "".join(map(str, tables))
        listed = self._listed(tables, namespace)
        proof = _proof(wanted, listed)
        name = namespace or "host"
        if listed and self._evidence.read(name) == proof:
            return False
        if listed:
            try:
                self._load(_prelude(tables, listed) + wanted, namespace)
            except CommandFailed:
                # Somebody made something in our table that stands in the way.
                listed = ""
        if not listed:
            self._load("".join(f"add table {t.key}\ndelete table {t.key}\n" for t in tables) + wanted, namespace)
        self._evidence.write(name, _proof(wanted, self._listed(tables, namespace)))
        return True

    def ensure_absent(self, keys: Iterable[str]) -> None:
        """Remove tables of the host's namespace, by family and name, and what is known of them."""
        self._load("".join(f"add table {key}\ndelete table {key}\n" for key in keys), None)
        self._evidence.remove("host")

    def forget(self, namespace: str) -> None:
        """Drop what is known of a namespace that has gone."""
        self._evidence.remove(namespace)

    def _listed(self, tables: Sequence[Table], namespace: str | None) -> str:
        """What nft lists of the tables; nothing unless all of them are there."""
        with suppress(CommandFailed):
            script = "".join(f"list table {table.key}\n" for table in tables)
            return self._commands.run(("nft", "--stateless", "--file", "-"), stdin=script, namespace=namespace)
        return ""

    def _load(self, script: str, namespace: str | None) -> None:
        try:
            self._commands.run(("nft", "--file", "-"), stdin=script, namespace=namespace)
        except CommandFailed as error:
            raise CommandFailed(("nft", "--file", "-"), error.stderr) from error


def _prelude(tables: Sequence[Table], listed: str) -> str:
    """What empties the tables as listed, and removes what they no longer hold."""
    existing: dict[str, list[tuple[str, str]]] = {}
    heads = list(_TABLE.finditer(listed))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        part = listed[head.end() : following.start() if following else len(listed)]
        existing[head[1]] = [(found[1], found[2]) for found in _OBJECT.finditer(part)]
    lines: list[str] = []
    for table in tables:
        held = {(found[1], found[2]) for found in _OBJECT.finditer(str(table))}
        lines.append(f"flush table {table.key}")
        there = existing.get(table.key, [])
        lines += [f"flush {kind} {table.key} {name}" for kind, name in there if kind != "chain"]
        lines += [f"delete {kind} {table.key} {name}" for kind, name in there if (kind, name) not in held]
    return "\n".join(lines) + "\n"


def _proof(wanted: str, listed: str) -> str:
    digests = {"written": wanted, "listed": listed}
    return json.dumps({what: hashlib.sha256(text.encode()).hexdigest() for what, text in digests.items()})
