"""What a user believes, from the answers that reached it. The belief may be stale: others write too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pextra.simulation.letters import Where, Wish


@dataclass(slots=True)
class Mind:
    """A user's beliefs.

    Attributes:
        tenant: the user's own tenant.
        strangers: tenants that the user may not see.
        seen: the objects that the user believes to exist, as it saw them last.
        doubtful: what an answer contradicted the user's belief about.
    """

    tenant: str
    strangers: tuple[str, ...]
    rng: Random
    seen: dict[Where, dict[str, Any]] = field(default_factory=dict[Where, dict[str, Any]])
    doubtful: list[Where] = field(default_factory=list[Where])

    @property
    def child(self) -> Where:
        """The tenant below the user's own."""
        return Where(None, "tenants", f"{self.tenant}.dev")

    def place(self) -> str:
        """The tenant to do something in: mostly the user's own, sometimes the one below it."""
        return self.child.name if self.child in self.seen and self.rng.random() < 0.4 else self.tenant

    def spec(self, where: Where) -> dict[str, Any] | None:
        """What the object at the address should be, as far as the user knows."""
        known = self.seen.get(where)
        return known["spec"] if known is not None else None

    def uid(self, where: Where) -> dict[str, str]:
        """The precondition that the object is the one that the user knows."""
        known = self.seen.get(where)
        return {"uid": known["metadata"]["uid"]} if known is not None else {}

    def known(self, tenant: str, plural: str) -> list[str]:
        """The names of the tenant's objects of that kind."""
        return [w.name for w in self.seen if w.tenant == tenant and w.plural == plural]

    def some(self, items: Sequence[str], most: int) -> list[str]:
        """A few of the items, in their order."""
        number = self.rng.randint(0, min(most, len(items)))
        chosen = self.rng.sample(range(len(items)), number)
        return [items[i] for i in sorted(chosen)]

    def second_look(self) -> Wish | None:
        """The wish to see what is doubtful."""
        return Wish("GET", self.doubtful.pop()) if self.doubtful else None

    def learn(self, where: Where, status: int, body: Any) -> None:
        """Hear an answer about the object at the address."""
        if status in (204, 404):
            self.seen.pop(where, None)
            if where == self.child:
                self.seen = {w: o for w, o in self.seen.items() if w.tenant != where.name}
            elif where.tenant == self.child.name:
                self.doubtful.append(self.child)
        elif status == 412:
            self.doubtful.append(where)
        elif status in (200, 201, 202) and "metadata" in body:
            self.seen[where] = body


Maker = Callable[[Mind], Wish | None]
"""Makes a wish; None when the user knows of nothing that it could be about."""


def replaced(mind: Mind, where: Where, spec: dict[str, Any]) -> Wish:
    """The wish that the object be so: made when it is not known, changed when it is."""
    query = mind.uid(where)
    headers = {} if query or mind.rng.random() < 0.1 else {"If-None-Match": "*"}
    labels = {"by": mind.rng.choice(("a", "b"))}
    return Wish("PUT", where, {"metadata": {"labels": labels}, "spec": spec}, query, headers)


def deleted(mind: Mind, where: Where, *, cascade: bool = False) -> Wish | None:
    """The wish that the object that is known there be gone."""
    query = mind.uid(where)
    if not query:
        return None
    return Wish("DELETE", where, query=query | ({"cascade": "true"} if cascade else {}))
