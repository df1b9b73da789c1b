"""One request as one transaction: authenticate, run the use case, remember the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from flask import Request, g

from pextra.api import requests
from pextra.api.origin import Network, origin_of
from pextra.errors import PextraError
from pextra.identity.proof import Proof
from pextra.services import bounds
from pextra.services.authentication import authenticate
from pextra.services.cloud import Cloud, Context
from pextra.services.proving import prove
from pextra.store import events, request_keys
from pextra.store.database import Key, Rollback, Tx

T = TypeVar("T")

RECENT_S: Final = 600.0
"""A write older than this is visible everywhere, though its event may have expired."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent, in a form that can be stored and sent again.

    Attributes:
        minted: a credential that goes into the body once and is never stored.
    """

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    minted: dict[str, Any] | None = None

    def sent(self) -> Any:
        """The body with the credential."""
        return self.body if self.minted is None else {**self.body, "minted": self.minted}

    def stored(self) -> dict[str, Any]:
        """The form without the credential."""
        body = self.body if self.minted is None else {**self.body, "minted": {"shown_before": True}}
        return {"status": self.status, "body": body, "headers": self.headers}


class Endpoint:
    """Runs use cases for requests.

    Args:
        trusted: networks of the proxies that are believed in whom they speak for.
    """

    def __init__(self, cloud: Cloud, trusted: Sequence[Network] = ()) -> None:
        self.cloud = cloud
        self._trusted = trusted

    def _shown(self, request: Request) -> str | Proof | None:
        """What the caller shows of itself; an identity provider may be asked, so no transaction is open.

        Raises:
            PextraError: as `prove`.
        """
        g.principal = None
        return prove(self.cloud, requests.bearer(request))

    def _context(self, request: Request, tx: Tx, token: str | Proof | None, *, planning: bool = False) -> Context:
        """The caller's context; who it is stays known for the answer's sake.

        Raises:
            PextraError: `auth.unauthenticated`.
        """
        g.principal = None
        g.principal = authenticate(self.cloud, tx, token)
        origin = origin_of(request, self._trusted)
        return bounds.confine(Context(self.cloud, tx, g.principal, planning=planning, origin=origin))

    def read(self, request: Request, work: Callable[[Context], T]) -> T:
        """Run `work` on one snapshot that holds the write named by `Pextra-After`.

        Raises:
            PextraError: `server.busy` when that write is not visible here yet.
        """
        after = requests.after(request)
        token = self._shown(request)

        def run(tx: Tx) -> T:
            ctx = self._context(request, tx, token)
            if after is not None and _is_recent(tx, after):
                with bounds.showing_event(tx, after):
                    if not events.visible(tx, after):
                        raise _NotYet
            return work(ctx)

        deadline = time.monotonic() + 1.0
        while True:
            try:
                return self.cloud.database.read(run)
            except _NotYet as error:
                if time.monotonic() > deadline:
                    raise PextraError(
                        "server.busy",
                        "The write named by Pextra-After cannot be seen here yet.",
                        retry_after_s=1,
                    ) from error
                time.sleep(0.02)

    def write(self, request: Request, work: Callable[[Context], Answer], *, keyed: bool = True) -> Answer:
        """Run `work` in one transaction; under an idempotency key, once.

        Args:
            keyed: False: the key is not heeded, for what is kept of a request under it is a digest that would tell who
                reads the database whether a guess at a password in it is right.

        Raises:
            PextraError: `idempotency.mismatch`, and whatever `work` raises; nothing was changed.
        """
        key, digest, token = (
            requests.idempotency_key(request),
            requests.digest(request),
            self._shown(request),
        )

        def run(tx: Tx) -> Answer:
            ctx = self._context(request, tx, token)
            if key is None or not keyed:
                return _positioned(tx, work(ctx))
            tx.identify(Key(ctx.principal.uid, key, digest))
            stored = request_keys.stored(tx, Key(ctx.principal.uid, key))
            if stored is not None:
                raise Rollback(_replayed(digest, *stored))
            answer = _positioned(tx, work(ctx))
            tx.answer(answer.stored())
            return answer

        return self.cloud.database.write(run)

    def plan(self, request: Request, work: Callable[[Context], T]) -> T:
        """Run `work` in a transaction that is rolled back."""
        token = self._shown(request)

        def run(tx: Tx) -> T:
            raise Rollback(work(self._context(request, tx, token, planning=True)))

        return self.cloud.database.write(run)


def _is_recent(tx: Tx, position: str) -> bool:
    """Whether the write may still be on its way here; a UUIDv7 begins with its time in milliseconds."""
    return abs(tx.now - int(position.replace("-", "")[:12], 16) / 1000) < RECENT_S


class _NotYet(Exception):
    pass


def _positioned(tx: Tx, answer: Answer) -> Answer:
    if tx.last_event is not None:
        answer.headers["Pextra-Position"] = tx.last_event
    return answer


def _replayed(digest: str, stored_digest: str, stored: dict[str, Any] | None) -> Answer:
    if stored_digest != digest or stored is None:
        raise PextraError(
            "idempotency.mismatch",
            "This Idempotency-Key was used for another request: use a new key for a new request.",
        )
    return Answer(stored["status"], stored["body"], {**stored["headers"], "Idempotency-Replayed": "true"})
