"""What an answer may be, whatever was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from pextra.simulation.ledger import Ledger
from pextra.simulation.letters import Letter, Where

_UID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REFUSALS: Final = frozenset(
    {
        "object.not_found", "object.exists", "object.deleting", "object.in_use", "object.conflict", "object.stale",
        "object.uid_mismatch", "operation.finished", "quota.exceeded", "quota.below_use", "reference.not_found",
        "spec.immutable", "server.busy", "store.contention",
    }
)  # fmt: skip
"""What a request that is well formed, from a user who may make it, can be refused for."""
_CLOUD: Final = "system"


class Audit:
    """Hears every answer."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __call__(self, letter: Letter, status: int, body: Any) -> Iterator[str]:
        """See `Listener`."""
        if status >= 400:
            problem: dict[str, Any] = body
            code = problem.get("code")
            if code not in _REFUSALS:
                yield f"{letter} was answered {status} {code}: {problem.get('detail')} {problem.get('errors', '')}"
            if letter.wish.foreign and code != "object.not_found":
                yield f"{letter} was answered {status} {code}, and nobody may know that it is there"
        elif letter.wish.foreign:
            yield f"{letter} was answered {status}"
        if letter.tenant != _CLOUD and body is not None:
            yield from self._strangers(letter, json.dumps(body))

    def _strangers(self, letter: Letter, text: str) -> Iterator[str]:
        for uid in _UID.findall(text):
            home = self._ledger.homes.get(uid)
            if home is not None and not _may_see(letter.tenant, home):
                yield f"{letter} was shown {uid}, which is {home}"


def _may_see(tenant: str, home: Where) -> bool:
    """Whether users of the tenant may hear of what is there; of hosts they are told where their guests are."""
    owner = home.name if home.plural == "tenants" else home.tenant
    return owner is None or owner in (_CLOUD, tenant) or owner.startswith(f"{tenant}.")
