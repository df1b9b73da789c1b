"""Creating, reading, updating and deleting objects that a program owns and knows by uid.

This is what infrastructure-as-code tools build on. Their promise: what they made, they find again; what
somebody else made under the same name, they never touch.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from pextra_client.client import Client
from pextra_client.discovery import Kind
from pextra_client.errors import ApiError
from pextra_client.wire import Object

_GONE = frozenset({"object.not_found", "object.uid_mismatch"})
_IN_THE_WAY = frozenset({"object.exists", "object.deleting"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """What a program remembers of an object that it made.

    Args:
        kind: its kind.
        name: its name.
        tenant: whose it is; None for cloud-wide kinds.
        uid: its identity.
    """

    kind: str
    name: str
    tenant: str | None
    uid: str

    @classmethod
    def of(cls, obj: Object) -> Owned:
        """What to remember of an object."""
        metadata = obj["metadata"]
        return cls(
            kind=obj["kind"],
            name=metadata["name"],
            tenant=metadata.get("tenant"),
            uid=metadata.get("uid", ""),
        )


class Owner:
    """Manages objects on behalf of a program that remembers what it made.

    Args:
        client: whom to ask.
        timeout_s: how long to wait for one object to become ready or to go.
    """

    def __init__(self, client: Client, *, timeout_s: float = 600.0) -> None:
        self._client = client
        self._timeout_s = timeout_s

    def create(
        self,
        kind: str | Kind,
        name: str,
        spec: Mapping[str, object],
        *,
        tenant: str | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Object:
        """Makes a new object.

        An object of that name which is being deleted is waited for. A lost answer is found again, by a later
        process too if it passes the same key with the same arguments within 24 hours.

        Args:
            kind: as for `Client.put`.
            name: as for `Client.put`.
            spec: as for `Client.put`.
            tenant: as for `Client.put`.
            labels: as for `Client.put`.
            annotations: as for `Client.put`.
            idempotency_key: a key that the program remembers; a new one otherwise.

        Raises:
            ApiError: `object.exists` for somebody else's object of that name; importing it is explicit.
            WaitTimeoutError: an object of that name is being deleted and does not go.
        """
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                return self._client.put(
                    kind,
                    name,
                    spec,
                    tenant=tenant,
                    labels=labels,
                    annotations=annotations,
                    create_only=True,
                    idempotency_key=idempotency_key,
                )
            except ApiError as error:
                remaining_s = deadline - time.monotonic()
                if error.code not in _IN_THE_WAY or remaining_s <= 0:
                    raise
                found = self._client.find(kind, name, tenant=tenant)
                if found is None:
                    continue
                if not found["metadata"].get("deleting"):
                    raise
                uid = found["metadata"].get("uid")
                self._client.wait_deleted(kind, name, tenant=tenant, uid=uid, timeout_s=remaining_s)

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
        spec: Mapping[str, object],
        *,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        etag: str | None = None,
    ) -> Object:
        """Replaces the desired state of an object that is still there.

        Args:
            owned: which.
            spec: whole.
            labels: whole; none when absent.
            annotations: whole; none when absent.
            etag: refuse when somebody has changed it since it was read.

        Raises:
            ApiError: `object.uid_mismatch` or `object.not_found` when it has gone, `object.stale`,
                `spec.immutable` when it must be replaced, …
        """
        return self._client.put(
            owned.kind,
            owned.name,
            spec,
            tenant=owned.tenant,
            labels=labels,
            annotations=annotations,
            uid=owned.uid,
            if_match=etag,
        )

    def wait_ready(self, owned: Owned) -> Object:
        """Waits until an object is as desired.

        Raises:
            WaitTimeoutError: it is not in time; the message says why.
            ApiError: `object.not_found`, `object.uid_mismatch`.
        """
        return self._client.wait_ready(
            owned.kind, owned.name, tenant=owned.tenant, uid=owned.uid, timeout_s=self._timeout_s
        )

    def delete(self, owned: Owned, *, cascade: bool = False) -> None:
        """Deletes an object and waits until it has gone; one that has gone already is success.

        Args:
            owned: which.
            cascade: take along what depends on it.

        Raises:
            ApiError: `object.in_use`, …
            WaitTimeoutError: it does not go in time; the message says why.
        """
        try:
            remains = self._client.delete(owned.kind, owned.name, tenant=owned.tenant, uid=owned.uid, cascade=cascade)
        except ApiError as error:
            if error.code in _GONE:
                return
            raise
        if remains is not None:
            self._client.wait_deleted(
                owned.kind, owned.name, tenant=owned.tenant, uid=owned.uid, timeout_s=self._timeout_s
            )
