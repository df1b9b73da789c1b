"""What the cloud has promised: every write that it acknowledged, and every one that may have happened."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, cast

from pextra.simulation.letters import Letter, Where


def content(spec: dict[str, Any], labels: dict[str, str]) -> str:
    """What a user wrote, as text that is equal for equal content."""
    return json.dumps([spec, labels], sort_keys=True)


@dataclass(slots=True)
class Ledger:
    """The network's own account of requests and answers; it sees the answers that are lost on the way too.

    Attributes:
        versions: for each uid, the content that was acknowledged for each generation.
        homes: where each uid is.
        newest: the last uid and generation that were acknowledged at an address.
        open_writes: how many writes at an address are under way, or died with their server.
        doomed: how many deletions of a uid were sent and not refused.
        emptied: the same for the subnets of a network that was deleted with cascade.
        deleted: the uids whose deletion was acknowledged.
        faults: broken promises that showed in an answer.
    """

    versions: dict[str, dict[int, str]] = field(default_factory=dict[str, dict[int, str]])
    homes: dict[str, Where] = field(default_factory=dict[str, Where])
    newest: dict[Where, tuple[str, int]] = field(default_factory=dict[Where, tuple[str, int]])
    open_writes: Counter[Where] = field(default_factory=Counter[Where])
    doomed: Counter[str] = field(default_factory=Counter[str])
    emptied: Counter[tuple[str | None, str]] = field(default_factory=Counter[tuple[str | None, str]])
    deleted: dict[str, None] = field(default_factory=dict[str, None])
    faults: list[str] = field(default_factory=list[str])
    _fresh: dict[str, None] = field(default_factory=dict[str, None])
    _said: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])

    def begin(self, letter: Letter) -> tuple[str, int] | None:
        """A server takes the request; gives what a read has to show at least: a uid and its generation."""
        if letter.writes:
            self.open_writes[letter.where] += 1
        if letter.deletes:
            self._doom(letter, 1)
        return self.newest.get(letter.where)

    def answered(
        self, letter: Letter, status: int, body: Any, *, replayed: bool, least: tuple[str, int] | None
    ) -> None:
        """The server answered; `least` is what `begin` gave."""
        if letter.writes:
            self.open_writes[letter.where] -= 1
        if not 200 <= status < 300:
            if letter.deletes:
                self._doom(letter, -1)
            return
        if letter.deletes and letter.uid is not None:
            self.deleted[letter.uid] = None
        if letter.key is not None and not replayed:
            if letter.key in self._fresh:
                self.faults.append(f"{letter} was carried out twice under one idempotency key")
            self._fresh[letter.key] = None
        if isinstance(body, dict) and "metadata" in body:
            self._shown(letter, cast("dict[str, Any]", body), least)

    def _shown(self, letter: Letter, body: dict[str, Any], least: tuple[str, int] | None) -> None:
        """The answer shows the object."""
        uid, generation = body["metadata"]["uid"], body["metadata"]["generation"]
        if letter.key is not None and self._said.setdefault(letter.key, (uid, generation)) != (uid, generation):
            self.faults.append(f"{letter} was answered differently under one idempotency key")
        if letter.reads and least is not None and uid == least[0] and generation < least[1]:
            self.faults.append(f"{letter} showed generation {generation}, and {least[1]} was acknowledged")
        if letter.writes or letter.action is not None:
            self._promised(letter, body, uid, generation)

    def _promised(self, letter: Letter, body: dict[str, Any], uid: str, generation: int) -> None:
        where = letter.where
        if letter.action is not None:
            where = Where(where.tenant, "operations", body["metadata"]["name"])
        self.homes[uid] = where
        self.newest[where] = max(self.newest.get(where, (uid, 0)), (uid, generation))
        said = content(body["spec"], body["metadata"]["labels"])
        if self.versions.setdefault(uid, {}).setdefault(generation, said) != said:
            self.faults.append(f"two writes of {where} were acknowledged as generation {generation}")

    def _doom(self, letter: Letter, number: int) -> None:
        if letter.uid is not None:
            self.doomed[letter.uid] += number
        if letter.where.plural == "networks" and letter.cascades:
            self.emptied[letter.where.tenant, letter.where.name] += number
