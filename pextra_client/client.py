"""The API as Python methods, for every kind alike."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode

from pextra_client import waiting
from pextra_client.audit import AuditLog
from pextra_client.consistency import ReadYourWrites
from pextra_client.credentials import Credentials
from pextra_client.discovery import Catalog, Kind, Scope
from pextra_client.endpoints import EndpointSet
from pextra_client.errors import AddressError, ApiError, TransportError
from pextra_client.gpu_usage import GpuUsage
from pextra_client.messages import Answer, Request
from pextra_client.retry import RetryPolicy
from pextra_client.transport import Transport
from pextra_client.uploading import Progress, Upload
from pextra_client.watch import Watch
from pextra_client.wire import Change, Object, PlacementReasons, Plan, PlanRequest, Prune

if TYPE_CHECKING:
    from pextra_client.console import Console, Ticket

_JSON = "application/json"
_MERGE_PATCH = "application/merge-patch+json"
_LARGEST_PAGE = 500
_TICKET_TRIES = 3


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list.

    Args:
        items: in the server's order.
        next_page: what to ask for next, or None at the end.
        position: of the stream when the list was read; a watch continues from here.
    """

    items: Sequence[Object]
    next_page: str | None
    position: str | None


class Client:
    """A connection to one cloud. Safe to share between threads; use it as a context manager or close it.

    A kind is given by any of its names, or as a `Kind`, which saves asking the server for its kinds. Every
    write carries an idempotency key, so that a lost answer is found again; every read sees this client's
    own writes.

    Args:
        endpoints: one address of the API, or several of the same cloud.
        token: the bearer token; None for what needs none, or with a client certificate.
        tenant: whom objects belong to when a call does not say.
        ca: certificates to trust instead of the system's.
        client_cert: certificate and key files for mutual TLS.
        timeout_s: deadline of one call, retries included.
        policy: how patient to be within the deadline.

    Raises:
        ConfigError: an endpoint, the token or a certificate file cannot be used.
    """

    def __init__(
        self,
        endpoints: str | Sequence[str],
        token: str | None = None,
        *,
        tenant: str | None = None,
        ca: Path | str | None = None,
        client_cert: tuple[Path, Path] | None = None,
        timeout_s: float = 60.0,
        policy: RetryPolicy | None = None,
    ) -> None:
        urls = [endpoints] if isinstance(endpoints, str) else list(endpoints)
        credentials = Credentials(token=token, ca=Path(ca) if ca else None, client_cert=client_cert)
        self.transport = Transport(EndpointSet(urls), credentials, policy=policy)
        self.tenant = tenant
        self.timeout_s = timeout_s
        self._writes = ReadYourWrites()
        self._catalog: Catalog | None = None
        self._catalog_lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Client({', '.join(self.transport.endpoints.urls)}, tenant={self.tenant})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes every idle connection. Watches are closed on their own."""
        self.transport.close()

    # --- what there is -----------------------------------------------------------------------------

    def whoami(self) -> dict[str, Any]:
        """Who the token stands for.

        Raises:
            ApiError: `auth.unauthenticated`.
        """
        return self._read("/v1/whoami").json()

    def login(self, tenant: str, user: str, password: str, *, new_password: str | None = None) -> dict[str, Any]:
        """Logs in: the session that was made, with its token as `minted.token`, this once.

        Args:
            tenant: the user's, by its path.
            user: the user's name.
            password: the user's.
            new_password: sets this one in its place and ends the user's other sessions.

        Raises:
            ApiError: `auth.login_failed`, `auth.too_many_attempts`, `auth.password_change_required`; `spec.invalid`
                for the new password.
        """
        body = {"tenant": tenant, "user": user, "password": password}
        if new_password is not None:
            body["new_password"] = new_password
        request = Request(method="POST", target="/v1/login", headers={"Content-Type": _JSON}, body=_encode(body))
        return self._checked(self.transport.call(request, timeout_s=self.timeout_s)).json()

    def can_i(self, action: str, *, tenant: str | None = None, name: str | None = None) -> dict[str, Any]:
        """Whether one may do something, and what decides it.

        Args:
            action: such as `instance.create`.
            tenant: where; one's own without it.
            name: of which object; of some without it.

        Raises:
            ApiError: `spec.invalid`: there is no such action; `object.not_found`.
        """
        asked = {"action": action, "tenant": tenant, "name": name}
        return self._ask("/v1/can-i", {key: value for key, value in asked.items() if value is not None})

    def test_policies(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """What policies, stored nowhere, say of cases.

        Raises:
            ApiError: `spec.invalid`.
        """
        return self._ask("/v1/policy-test", document)

    def capabilities(self) -> dict[str, Any]:
        """What the server can do."""
        return self._read("/v1/capabilities").json()

    def kinds(self) -> Catalog:
        """The kinds that the server has, asked for once."""
        with self._catalog_lock:
            if self._catalog is None:
                self._catalog = Catalog.from_document(self._read("/v1/kinds").json())
            return self._catalog

    def kind(self, kind: str | Kind) -> Kind:
        """The kind that is meant by one of its names.

        Raises:
            AddressError: there is none.
        """
        return kind if isinstance(kind, Kind) else self.kinds().find(kind)

    def path(self, kind: str | Kind, name: str | None = None, tenant: str | None = None) -> str:
        """The path of an object or, without a name, of a list.

        Raises:
            AddressError: the kind is unknown, or lives in a tenant and none is given.
        """
        return self.kind(kind).path(name, tenant or self.tenant)

    # --- reading -----------------------------------------------------------------------------------

    def get(self, kind: str | Kind, name: str, *, tenant: str | None = None) -> Object:
        """One object.

        Raises:
            ApiError: `object.not_found`, also for what may not be seen.
        """
        return self._read(self.path(kind, name, tenant)).json()

    def metrics(self, kind: str | Kind, name: str, *, tenant: str | None = None) -> dict[str, Any]:
        """What was measured last of an object of a kind that is measured.

        Raises:
            ApiError: `object.not_found`; `route.not_found` where nothing is measured of such objects.
        """
        return self._read(f"{self.path(kind, name, tenant)}/metrics").json()

    def placement(self, kind: str | Kind, name: str, *, tenant: str | None = None) -> PlacementReasons:
        """Why an object of a kind that is placed is on its host, or why on none now.

        Raises:
            ApiError: `object.not_found`; `route.not_found` where such objects are not placed.
        """
        return self._read(f"{self.path(kind, name, tenant)}/placement").json()

    def find(self, kind: str | Kind, name: str, *, tenant: str | None = None) -> Object | None:
        """One object, or None when there is none that may be seen."""
        try:
            return self.get(kind, name, tenant=tenant)
        except ApiError as error:
            if error.code == "object.not_found":
                return None
            raise

    def page(
        self,
        kind: str | Kind,
        *,
        tenant: str | None = None,
        labels: str | None = None,
        filters: Sequence[str] = (),
        recursive: bool = False,
        limit: int = _LARGEST_PAGE,
        page: str | None = None,
    ) -> Page:
        """A part of a list; see `list` for the arguments.

        Args:
            limit: at most so many objects, 1 to 500.
            page: `next_page` of the part before.
        """
        query: list[tuple[str, str]] = [("limit", str(limit))]
        query += [("filter", each) for each in filters]
        if labels:
            query.append(("labels", labels))
        if recursive:
            query.append(("recursive", "true"))
        if page:
            query.append(("page", page))
        body = self._read(f"{self.path(kind, None, tenant)}?{urlencode(query)}").json()
        position = body.get("position")
        return Page(body["items"], body.get("next_page"), None if position is None else str(position))

    def wait_ready(
        self,
        kind: str | Kind,
        name: str,
        *,
        tenant: str | None = None,
        uid: str | None = None,
        timeout_s: float = 300.0,
        stop: threading.Event | None = None,
    ) -> Object:
        """Waits until an object is as desired; see `waiting.wait_ready`."""
        return waiting.wait_ready(self, kind, name, tenant=tenant, uid=uid, timeout_s=timeout_s, stop=stop)

    def wait_deleted(
        self,
        kind: str | Kind,
        name: str,
        *,
        tenant: str | None = None,
        uid: str | None = None,
        timeout_s: float = 300.0,
        stop: threading.Event | None = None,
    ) -> None:
        """Waits until an object has gone; see `waiting.wait_deleted`."""
        waiting.wait_deleted(self, kind, name, tenant=tenant, uid=uid, timeout_s=timeout_s, stop=stop)

    def wait_for_operation(self, operation: Object, *, timeout_s: float = 300.0) -> Object:
        """Waits until an operation has succeeded; see `waiting.wait_for_operation`."""
        return waiting.wait_for_operation(self, operation, timeout_s=timeout_s)

    def watch(
        self,
        *,
        tenant: str | None = None,
        kind: str | Kind | None = None,
        position: str | None = None,
        recursive: bool = False,
    ) -> Watch:
        """What changes from a position on; see `watch.Watch`.

        Args:
            tenant: whose objects; the client's own tenant unless `kind` is cloud-wide.
            kind: only objects of this kind.
            position: to continue from; without it the stream begins now.
            recursive: the tenant's children's too.
        """
        found = None if kind is None else self.kind(kind)
        cloud_wide = found is not None and found.scope is Scope.CLOUD
        return Watch(
            self.transport,
            tenant=None if cloud_wide else tenant or self.tenant,
            kind=None if found is None else found.name,
            position=position,
            recursive=recursive,
        )

    # --- writing -----------------------------------------------------------------------------------

    def put(
        self,
        kind: str | Kind,
        name: str,
        spec: Mapping[str, object],
        *,
        tenant: str | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        create_only: bool = False,
        uid: str | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Object:
        """Creates an object or replaces its labels, annotations and spec; again, it changes nothing.

        Args:
            kind: of the object.
            name: of the object.
            tenant: whose it is; the client's own when absent.
            spec: the desired state, whole: what it does not name takes its default.
            labels: whole; none when absent.
            annotations: whole; none when absent.
            create_only: refuse an object that exists (`object.exists`).
            uid: refuse a namesake (`object.uid_mismatch`).
            if_match: refuse an object whose etag is another (`object.stale`).
            idempotency_key: to find the answer of an earlier process again; a new one otherwise.

        Raises:
            ApiError: `spec.invalid`, `spec.immutable`, `quota.exceeded`, …
        """
        headers = {"If-None-Match": "*"} if create_only else {}
        if if_match is not None:
            headers["If-Match"] = if_match
        return self._put(kind, name, spec, tenant, labels, annotations, uid, headers, idempotency_key).json()

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
    ) -> tuple[Object, bool]:
        """Creates an object, for a program that remembers its idempotency key.

        Args:
            kind: as for `put`.
            name: as for `put`.
            spec: as for `put`.
            tenant: as for `put`.
            labels: as for `put`.
            annotations: as for `put`.
            idempotency_key: as for `put`.

        Returns:
            The object, and whether that is the answer to an earlier request under the key: then it tells how the
            object was made, not how it is.

        Raises:
            ApiError: `object.exists`, `idempotency.mismatch`, and as for `put`.
        """
        headers = {"If-None-Match": "*"}
        answer = self._put(kind, name, spec, tenant, labels, annotations, None, headers, idempotency_key)
        return answer.json(), "idempotency-replayed" in answer.headers

    def _put(
        self,
        kind: str | Kind,
        name: str,
        spec: Mapping[str, object],
        tenant: str | None,
        labels: Mapping[str, str] | None,
        annotations: Mapping[str, str] | None,
        uid: str | None,
        headers: Mapping[str, str],
        idempotency_key: str | None,
    ) -> Answer:
        metadata: dict[str, Any] = {"name": name}
        if labels is not None:
            metadata["labels"] = dict(labels)
        if annotations is not None:
            metadata["annotations"] = dict(annotations)
        return self._write(
            "PUT",
            _with_query(self.path(kind, name, tenant), uid=uid),
            {"kind": self.kind(kind).name, "metadata": metadata, "spec": dict(spec)},
            headers=headers,
            idempotency_key=idempotency_key,
        )

    def patch(
        self,
        kind: str | Kind,
        name: str,
        changes: Mapping[str, Any],
        *,
        tenant: str | None = None,
        uid: str | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Object:
        """Changes parts of an object.

        Args:
            kind: of the object.
            name: of the object.
            tenant: whose it is; the client's own when absent.
            changes: a merge patch (RFC 7396) over `{"metadata": {"labels", "annotations"}, "spec"}`;
                null removes.
            uid: as for `put`.
            if_match: as for `put`.
            idempotency_key: as for `put`.

        Raises:
            ApiError: `object.not_found`, `spec.invalid`, …
        """
        return self._write(
            "PATCH",
            _with_query(self.path(kind, name, tenant), uid=uid),
            changes,
            headers={"If-Match": if_match} if if_match is not None else {},
            content_type=_MERGE_PATCH,
            idempotency_key=idempotency_key,
        ).json()

    def delete(
        self,
        kind: str | Kind,
        name: str,
        *,
        tenant: str | None = None,
        uid: str | None = None,
        cascade: bool = False,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Object | None:
        """Marks an object for deletion.

        Args:
            kind: of the object.
            name: of the object.
            tenant: whose it is; the client's own when absent.
            cascade: take along what depends on it, and a tenant's content.
            uid: as for `put`.
            if_match: as for `put`.
            idempotency_key: as for `put`.

        Returns:
            The object while it is being dismantled, None when it has gone at once.

        Raises:
            ApiError: `object.not_found`, `object.in_use`, …
        """
        answer = self._write(
            "DELETE",
            _with_query(self.path(kind, name, tenant), uid=uid, cascade="true" if cascade else None),
            None,
            headers={"If-Match": if_match} if if_match is not None else {},
            idempotency_key=idempotency_key,
        )
        return answer.json() if answer.body else None

    def plan_delete(
        self,
        kind: str | Kind,
        name: str,
        *,
        tenant: str | None = None,
        uid: str | None = None,
        cascade: bool = False,
    ) -> Change:
        """What `delete` would do, found out without doing it.

        Returns:
            The change; `takes_along` tells everything that goes with the object.

        Raises:
            ApiError: as the deletion would.
        """
        path = _with_query(self.path(kind, name, tenant), uid=uid, cascade="true" if cascade else None, dry_run="true")
        return self._write("DELETE", path, None).json()

    def act(
        self,
        kind: str | Kind,
        name: str,
        action: str,
        arguments: Mapping[str, object] | None = None,
        *,
        tenant: str | None = None,
        uid: str | None = None,
        idempotency_key: str | None = None,
    ) -> Object:
        """Asks for an imperative act.

        Args:
            kind: of the object.
            name: of the object.
            action: as the kind declares it.
            arguments: as the action declares them.
            tenant: whose it is; the client's own when absent.
            uid: refuse a namesake (`object.uid_mismatch`).
            idempotency_key: as for `put`.

        Returns:
            The operation that carries it out; of an act that mints something, what it minted, this once.

        Raises:
            ApiError: `action.unknown`, `spec.invalid` for its arguments, …
        """
        return self._write(
            "POST",
            _with_query(f"{self.path(kind, name, tenant)}/actions/{quote(action, safe='')}", uid=uid),
            {"arguments": dict(arguments or {})},
            idempotency_key=idempotency_key,
        ).json()

    def console_ticket(self, name: str, *, device: str = "serial", tenant: str | None = None) -> Ticket:
        """A ticket for an instance's console, good once and for some seconds.

        Args:
            name: of the instance.
            device: `serial`, or `display`, which speaks RFB (VNC).
            tenant: whose it is; the client's own when absent.

        Raises:
            ApiError: `instance.not_running`, `console.unavailable`, …
        """
        for _ in range(_TICKET_TRIES):
            answer: Any = self.act("instance", name, "console", {"device": device}, tenant=tenant)
            if "ticket" in answer["minted"]:
                return answer["minted"]
        # the answer was lost each time, and what found it again may not show the ticket
        raise TransportError("the console's ticket was lost on its way: try again")

    def console(self, name: str, *, device: str = "serial", tenant: str | None = None) -> Console:
        """Opens an instance's console.

        Args:
            name: of the instance.
            device: as for `console_ticket`.
            tenant: as for `console_ticket`.

        Raises:
            ApiError: as for `console_ticket`.
            TransportError: the relay is not reached.
        """
        from pextra_client.console import Console  # noqa: PLC0415 - most runs of the command open none

        ticket = self.console_ticket(name, device=device, tenant=tenant)
        return Console(ticket, self.transport.credentials.tls, timeout_s=self.timeout_s)

    def upload_image(
        self,
        name: str,
        file: Path,
        *,
        tenant: str | None = None,
        uid: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Uploads the content of an image that was declared with `upload`; what has come before is not sent again.

        Args:
            name: of the image.
            file: the content, as `uploading.describe` describes it in the image's spec.
            tenant: whose it is; the client's own when absent.
            uid: refuse a namesake (`object.uid_mismatch`).
            progress: is told how far it has come.

        Raises:
            ApiError: `upload.digest_mismatch`, `upload.unexpected`, `object.not_found`, …
            TransportError: nobody answers; calling again goes on where this ended.
            FileChangedError: the file has not the declared size.
            OSError: the file cannot be read.
        """
        target = _with_query(f"{self.path('image', name, tenant)}/content", uid=uid)
        Upload(self.transport, target).run(file, progress)

    def audit(self, tenant: str | None = None, *, uid: str | None = None) -> AuditLog:
        """A tenant's audit log.

        Args:
            tenant: whose; the client's own when absent.
            uid: of the tenant, where several had that path one after the other.

        Raises:
            AddressError: no tenant is given.
        """
        whose = tenant or self.tenant
        if not whose:
            raise AddressError("an audit log is a tenant's: name one")
        return AuditLog(self._read, whose, uid=uid)

    def gpu_usage(
        self,
        tenant: str | None = None,
        *,
        since: str | None = None,
        until: str | None = None,
        by: Sequence[str] = (),
        recursive: bool = False,
    ) -> GpuUsage:
        """How long a tenant's instances had GPUs: sums to be iterated over, page by page.

        Args:
            tenant: whose; the client's own when absent.
            since, until: the window, as RFC 3339 has times; by default the month until now.
            by: some of `tenant`, `model`, `profile` and `instance`; by default model and profile.
            recursive: of the tenants below, too; of `system`, of all that there are and were.

        Raises:
            AddressError: no tenant is given.
        """
        whose = tenant or self.tenant
        if not whose:
            raise AddressError("GPUs are had by a tenant: name one")
        return GpuUsage(self._read, whose, since, until, by, recursive)

    def plan(self, changes: Sequence[PlanRequest], prune: Prune | None = None) -> Plan:
        """What a batch of at most 1,000 changes would do. Nothing is stored."""
        body: dict[str, Any] = {"changes": list(changes)}
        if prune is not None:
            body["prune"] = prune
        return self._ask("/v1/plan", body)  # pyright: ignore[reportReturnType] - as the server promises

    # --- one request -------------------------------------------------------------------------------

    def poll(self, path: str, query: Mapping[str, str], *, wait_s: float) -> Answer:
        """A read that the server may hold back for `wait_s` seconds; the answer may be a refusal."""
        request = Request(method="GET", target=f"{path}?{urlencode(query)}", headers=self._after())
        return self.transport.call(
            request,
            timeout_s=wait_s + self.timeout_s,
            answer_timeout_s=wait_s + self.transport.policy.answer_timeout_s,
        )

    def _ask(self, target: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A question that needs a body, and changes nothing."""
        request = Request(
            method="POST",
            target=target,
            headers={"Content-Type": _JSON, **self._after()},
            body=_encode(body),
            safe=True,
        )
        return self._checked(self.transport.call(request, timeout_s=self.timeout_s)).json()

    def _read(self, target: str) -> Answer:
        request = Request(method="GET", target=target, headers=self._after())
        return self._checked(self.transport.call(request, timeout_s=self.timeout_s))

    def _write(
        self,
        method: str,
        target: str,
        body: Mapping[str, Any] | None,
        *,
        headers: Mapping[str, str] | None = None,
        content_type: str = _JSON,
        idempotency_key: str | None = None,
    ) -> Answer:
        sent = {"Idempotency-Key": idempotency_key or str(uuid.uuid4()), **(headers or {})}
        if body is not None:
            sent["Content-Type"] = content_type
        request = Request(method=method, target=target, headers=sent, body=None if body is None else _encode(body))
        answer = self._checked(self.transport.call(request, timeout_s=self.timeout_s))
        self._writes.note(answer.headers.get("pextra-position"))
        return answer

    def _after(self) -> dict[str, str]:
        position = self._writes.position
        return {} if position is None else {"Pextra-After": position}

    @staticmethod
    def _checked(answer: Answer) -> Answer:
        if answer.status >= 300:
            raise answer.error()
        return answer

    # The last method: within the class, its name hides the built-in type.
    def list(
        self,
        kind: str | Kind,
        *,
        tenant: str | None = None,
        labels: str | None = None,
        filters: Sequence[str] = (),
        recursive: bool = False,
    ) -> Iterator[Object]:
        """Every object of a kind, page by page.

        Args:
            kind: of the objects.
            tenant: whose; the client's own when absent.
            labels: a selector, `app=web,tier!=db,env in (a,b),owner,!old`.
            filters: `spec.size_gib=10`, on fields that the kind declares filterable; all must hold.
            recursive: the tenant's children's too.
        """
        found = self.kind(kind)
        token: str | None = None
        while True:
            page = self.page(found, tenant=tenant, labels=labels, filters=filters, recursive=recursive, page=token)
            yield from page.items
            token = page.next_page
            if token is None:
                return


def _encode(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _with_query(path: str, **parameters: str | None) -> str:
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path
