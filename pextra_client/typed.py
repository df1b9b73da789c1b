"""The objects of one kind, with types. The kinds themselves are generated into `kinds`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypedDict, TypeVar, cast

from pextra_client.client import Client
from pextra_client.discovery import Kind
from pextra_client.wire import Metadata, Object

SpecT = TypeVar("SpecT", bound=Mapping[str, object])
StatusT = TypeVar("StatusT", bound=Mapping[str, object])


class Resource(TypedDict, Generic[SpecT, StatusT]):
    """An object of one kind; the same document as `wire.Object`."""

    kind: str
    metadata: Metadata
    spec: SpecT
    resolved: dict[str, Any]
    status: StatusT


class ReadableCollection(Generic[SpecT, StatusT]):
    """The objects of a kind that only the cloud writes. Arguments are those of `Client`'s methods of the same names.

    Args:
        client: whom to ask.
        kind: which kind.
    """

    def __init__(self, client: Client, kind: Kind) -> None:
        self._client = client
        self._kind = kind

    def get(self, name: str, *, tenant: str | None = None) -> Resource[SpecT, StatusT]:
        """One object.

        Raises:
            ApiError: `object.not_found`.
        """
        return _typed(self._client.get(self._kind, name, tenant=tenant))

    def find(self, name: str, *, tenant: str | None = None) -> Resource[SpecT, StatusT] | None:
        """One object, or None."""
        found = self._client.find(self._kind, name, tenant=tenant)
        return None if found is None else _typed(found)

    def act(
        self,
        name: str,
        action: str,
        arguments: Mapping[str, object] | None = None,
        *,
        tenant: str | None = None,
    ) -> Object:
        """Asks for an imperative act; returns its operation.

        Raises:
            ApiError: `action.unknown`, …
        """
        return self._client.act(self._kind, name, action, arguments, tenant=tenant)

    def wait_ready(
        self, name: str, *, tenant: str | None = None, uid: str | None = None, timeout_s: float = 300.0
    ) -> Resource[SpecT, StatusT]:
        """Waits until an object is as desired.

        Raises:
            WaitTimeoutError: it is not in time.
        """
        return _typed(self._client.wait_ready(self._kind, name, tenant=tenant, uid=uid, timeout_s=timeout_s))

    def wait_deleted(
        self, name: str, *, tenant: str | None = None, uid: str | None = None, timeout_s: float = 300.0
    ) -> None:
        """Waits until an object has gone.

        Raises:
            WaitTimeoutError: it has not gone in time.
        """
        self._client.wait_deleted(self._kind, name, tenant=tenant, uid=uid, timeout_s=timeout_s)

    # The last method: within the class, its name hides the built-in type.
    def list(
        self,
        *,
        tenant: str | None = None,
        labels: str | None = None,
        filters: Sequence[str] = (),
        recursive: bool = False,
    ) -> Iterator[Resource[SpecT, StatusT]]:
        """Every object, page by page."""
        for each in self._client.list(self._kind, tenant=tenant, labels=labels, filters=filters, recursive=recursive):
            yield _typed(each)


class Collection(ReadableCollection[SpecT, StatusT]):
    """The objects of a kind that users write."""

    def put(
        self,
        name: str,
        spec: SpecT,
        *,
        tenant: str | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        create_only: bool = False,
        uid: str | None = None,
        if_match: str | None = None,
    ) -> Resource[SpecT, StatusT]:
        """Creates an object or replaces its labels, annotations and spec.

        Raises:
            ApiError: `spec.invalid`, `quota.exceeded`, …
        """
        return _typed(
            self._client.put(
                self._kind,
                name,
                spec,
                tenant=tenant,
                labels=labels,
                annotations=annotations,
                create_only=create_only,
                uid=uid,
                if_match=if_match,
            )
        )

    def delete(
        self, name: str, *, tenant: str | None = None, uid: str | None = None, cascade: bool = False
    ) -> Resource[SpecT, StatusT] | None:
        """Marks an object for deletion; None when it has gone at once.

        Raises:
            ApiError: `object.not_found`, `object.in_use`, …
        """
        remains = self._client.delete(self._kind, name, tenant=tenant, uid=uid, cascade=cascade)
        return None if remains is None else _typed(remains)


def _typed(obj: Object) -> Any:
    # The server's document is what the generated types describe; nothing is checked again here.
    return cast(Any, obj)
