"""Creating, reading, updating and deleting objects that a stack owns and knows by uid."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from threading import Event

from pextra_client.client import Client
from pextra_client.discovery import Kind
from pextra_client.errors import ApiError, ClientError, WaitStoppedError, WaitTimeoutError
from pextra_client.lifecycle.desired import Desired, Owned
from pextra_client.lifecycle.naming import creation_key
from pextra_client.wire import Object, is_ready

_GONE = frozenset({"object.not_found", "object.uid_mismatch"})
_IN_THE_WAY = frozenset({"object.exists", "object.deleting"})
_MOST_TURNS = 100
"""Objects that a stack makes under one name within the life of a key, a day."""


class NotReadyError(ClientError):
    """An object stands, and is not as desired in time.

    Args:
        obj: the object as it was last seen; whoever owns it must remember it.
        why: as waiting ended.
    """

    def __init__(self, obj: Object, why: ClientError) -> None:
        super().__init__(str(why))
        self.obj = obj
        self.stopped = isinstance(why, WaitStoppedError)
        """Whether nobody waited longer, so that nothing is known to be wrong."""


class TakenError(ClientError):
    """The name is that of an object which this stack is not known to have made.

    Args:
        message: what to do.
        uid: of the object.
    """

    def __init__(self, message: str, uid: str) -> None:
        super().__init__(message)
        self.uid = uid


class Owner:
    """Manages objects on behalf of a stack that remembers what it made.

    Args:
        client: whom to ask.
        stack: tells this stack from every other, and is the same in each of its runs. An object whose creation was
            never answered, because the program was killed meanwhile, is found again by it for 24 hours. Without it,
            an answer that got lost is found only while the program runs.
        timeout_s: how long to wait for one object to become ready or to go, unless a call says otherwise.
        stop: when it is set, nothing is waited for any more.
    """

    def __init__(
        self, client: Client, *, stack: str | None = None, timeout_s: float = 600.0, stop: Event | None = None
    ) -> None:
        self._client = client
        self._stack = stack
        self._timeout_s = timeout_s
        self._stop = stop

    def create(self, desired: Desired, *, timeout_s: float | None = None, wait: bool = True) -> Object:
        """Makes a new object, and waits until it is as desired.

        An object of that name which is being deleted is waited for.

        Args:
            desired: all of it known.
            timeout_s: for everything together.
            wait: until it is ready.

        Raises:
            TakenError: somebody else's object has that name; importing it is explicit.
            NotReadyError: it is made, and not ready in time.
            ApiError: `spec.invalid`, `quota.exceeded`, …; nothing was made.
            WaitTimeoutError: an object of that name is being deleted and does not go.
            WaitStoppedError: the same, and nobody is to wait longer.
        """
        deadline = self._deadline(timeout_s)
        made = self._make(desired, deadline)
        return self._ready(desired.kind, made, deadline) if wait else made

    def _make(self, desired: Desired, deadline: float) -> Object:
        keys, renewed = self._keys(desired), False
        key = next(keys)
        while True:
            try:
                obj, replayed = self._put_new(desired, key)
            except ApiError as error:
                if error.code == "idempotency.mismatch":  # an earlier run made one with other settings under it
                    key, renewed = next(keys), True
                    continue
                if error.code not in _IN_THE_WAY:
                    raise
                self._make_way(desired, error, deadline, renewed=renewed)
                continue
            if not replayed:
                return obj
            current = self.read(Owned.of(desired.kind, obj))
            if current is None or current["metadata"].get("deleting"):
                key = next(keys)  # the one that the key made has gone since
                continue
            if "minted" in obj:
                # What was minted was in the answer that was lost: nobody has it, so it goes and another comes.
                self.delete(Owned.of(desired.kind, obj), timeout_s=max(1.0, deadline - time.monotonic()))
                key = next(keys)
                continue
            return current

    def _put_new(self, desired: Desired, key: str) -> tuple[Object, bool]:
        name, tenant = desired.address
        return self._client.create(
            desired.kind,
            name,
            desired.spec,
            tenant=tenant,
            labels=desired.labels,
            annotations=desired.annotations,
            idempotency_key=key,
        )

    def _keys(self, desired: Desired) -> Iterator[str]:
        name, tenant = desired.address
        whose = tenant or self._client.tenant
        for turn in range(_MOST_TURNS):
            if self._stack is None:
                yield str(uuid.uuid4())
            else:
                yield creation_key(self._stack, desired.kind.name, whose, name, turn)
        while True:  # rather an answer that cannot be found again than no object
            yield str(uuid.uuid4())

    def _make_way(self, desired: Desired, error: ApiError, deadline: float, *, renewed: bool) -> None:
        """Waits for an object of the name to go when it is going.

        Raises:
            TakenError: it stays.
            WaitTimeoutError: it does not go in time.
        """
        name, tenant = desired.address
        found = self._client.find(desired.kind, name, tenant=tenant)
        if found is None:
            return
        uid = found["metadata"].get("uid", "")
        remaining_s = deadline - time.monotonic()
        if found["metadata"].get("deleting") and remaining_s > 0:
            self._client.wait_deleted(
                desired.kind, name, tenant=tenant, uid=uid, timeout_s=remaining_s, stop=self._stop
            )
            return
        label = desired.kind.label(name, tenant or self._client.tenant)
        ours = " A run of this stack that was broken off may have made it, with other settings." if renewed else ""
        raise TakenError(
            f"{label} exists already (uid {uid}) and is not this stack's: import it, or choose another name.{ours}", uid
        ) from error

    def read(self, owned: Owned) -> Object | None:
        """The object as it stands, or None when it has gone or its name is somebody else's now."""
        found = self._client.find(owned.kind, owned.name, tenant=owned.tenant)
        if found is None or found["metadata"].get("uid") != owned.uid:
            return None
        return found

    def adopt(self, kind: str | Kind, name: str, *, tenant: str | None = None) -> Object:
        """An existing object to be owned from now on: the explicit import.

        Raises:
            ApiError: `object.not_found`.
        """
        return self._client.get(kind, name, tenant=tenant)

    def update(
        self,
        owned: Owned,
        desired: Desired,
        *,
        etag: str | None = None,
        timeout_s: float | None = None,
        wait: bool = True,
    ) -> Object:
        """Replaces the desired state of an object that is still there, and waits until it is so.

        Args:
            owned: which.
            desired: whole, and all of it known.
            etag: refuse when somebody has changed it since it was read.
            timeout_s: for everything together.
            wait: until it is ready.

        Raises:
            ApiError: `object.uid_mismatch` or `object.not_found` when it has gone, `object.stale`,
                `spec.immutable` when it must be replaced, …
            NotReadyError: it is changed, and not ready in time.
        """
        deadline = self._deadline(timeout_s)
        changed = self._client.put(
            owned.kind,
            owned.name,
            desired.spec,
            tenant=owned.tenant,
            labels=desired.labels,
            annotations=desired.annotations,
            uid=owned.uid,
            if_match=etag,
        )
        return self._ready(owned.kind, changed, deadline) if wait else changed

    def delete(self, owned: Owned, *, cascade: bool = False, timeout_s: float | None = None) -> None:
        """Deletes an object and waits until it has gone; one that has gone already is success.

        Args:
            owned: which.
            cascade: take along what depends on it.
            timeout_s: for everything together.

        Raises:
            ApiError: `object.in_use`, …
            WaitTimeoutError: it does not go in time; the message says why.
            WaitStoppedError: it is going, and nobody is to wait longer.
        """
        deadline = self._deadline(timeout_s)
        try:
            remains = self._client.delete(owned.kind, owned.name, tenant=owned.tenant, uid=owned.uid, cascade=cascade)
        except ApiError as error:
            if error.code in _GONE:
                return
            raise
        if remains is not None:
            remaining_s = max(1.0, deadline - time.monotonic())
            self._client.wait_deleted(
                owned.kind, owned.name, tenant=owned.tenant, uid=owned.uid, timeout_s=remaining_s, stop=self._stop
            )

    def _deadline(self, timeout_s: float | None) -> float:
        return time.monotonic() + (self._timeout_s if timeout_s is None else timeout_s)

    def _ready(self, kind: Kind, obj: Object, deadline: float) -> Object:
        if is_ready(obj):
            return obj
        owned = Owned.of(kind, obj)
        remaining_s = max(1.0, deadline - time.monotonic())
        try:
            ready = self._client.wait_ready(
                kind, owned.name, tenant=owned.tenant, uid=owned.uid, timeout_s=remaining_s, stop=self._stop
            )
        except (WaitTimeoutError, WaitStoppedError) as error:
            raise NotReadyError(error.last or obj, error) from error
        except ClientError as error:  # it stands all the same
            raise NotReadyError(obj, error) from error
        return {**ready, "minted": obj["minted"]} if "minted" in obj else ready
