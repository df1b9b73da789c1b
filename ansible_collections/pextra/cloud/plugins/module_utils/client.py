# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The API for every kind alike: read, list, write, delete, dry run, act, plan and wait."""

from __future__ import annotations

import time
import uuid
from typing import Any, Callable, Iterator, Mapping
from urllib.parse import urlencode

from ansible_collections.pextra.cloud.plugins.module_utils.errors import (
    ApiError,
    OperationFailedError,
    WaitTimeoutError,
)
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Catalog, Kind
from ansible_collections.pextra.cloud.plugins.module_utils.settings import Settings
from ansible_collections.pextra.cloud.plugins.module_utils.transport import Answer, Transport

GONE = frozenset({"object.not_found", "object.uid_mismatch"})
LARGEST_PAGE = 500
LONGEST_POLL_S = 60
PROGRESS_S = 5


class Client:
    """One cloud. Every write carries an idempotency key, so that a lost answer is found again.

    Args:
        settings: where and who.
        sleep: as for C(Transport).
    """

    def __init__(self, settings: Settings, sleep: Callable[[float], None] = time.sleep) -> None:
        self.settings = settings
        self.transport = Transport(settings, sleep)
        self._after: str | None = None

    # --- reading -----------------------------------------------------------------------------------

    def find(self, kind: Kind, name: str, tenant: str | None) -> dict[str, Any] | None:
        """One object, or None when there is none that may be seen."""
        try:
            return self._read(kind.path(name, tenant)).json()
        except ApiError as error:
            if error.code == "object.not_found":
                return None
            raise

    def objects(
        self,
        kind: Kind,
        tenant: str | None,
        labels: str | None = None,
        filters: Mapping[str, Any] | None = None,
        recursive: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """Every object of a kind, page by page, in the server's order.

        Args:
            kind: of the objects.
            tenant: whose.
            labels: a selector.
            filters: values by path; all must hold.
            recursive: those of the tenants below, too.
        """
        query: list[tuple[str, str]] = [("limit", str(LARGEST_PAGE))]
        query += [("filter", f"{path}={_word(value)}") for path, value in sorted((filters or {}).items())]
        if labels:
            query.append(("labels", labels))
        if recursive:
            query.append(("recursive", "true"))
        page: str | None = None
        while True:
            asked = query if page is None else [*query, ("page", page)]
            body = self._read(f"{kind.path(None, tenant)}?{urlencode(asked)}").json()
            yield from body["items"]
            page = body.get("next_page")
            if page is None:
                return

    def kinds(self) -> Catalog:
        """The kinds that the server has."""
        return Catalog(Kind.from_document(each) for each in self._read("/v1/kinds").json()["kinds"])

    # --- writing -----------------------------------------------------------------------------------

    def put(
        self,
        kind: Kind,
        name: str,
        tenant: str | None,
        body: Mapping[str, Any],
        preconditions: Mapping[str, Any],
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Creates or replaces an object.

        Args:
            kind: of the object.
            name: of the object.
            tenant: whose it is.
            body: C(metadata) with labels and annotations, and C(spec).
            preconditions: C(absent), or C(uid) and C(etag), as a dry run answers them.
            dry_run: change nothing.

        Returns:
            The object; of a dry run the change, with the object as it would be.

        Raises:
            ApiError: it is refused.
        """
        headers: dict[str, str] = {}
        if preconditions.get("absent"):
            headers["If-None-Match"] = "*"
        if preconditions.get("etag"):
            headers["If-Match"] = preconditions["etag"]
        target = _with_query(kind.path(name, tenant), uid=preconditions.get("uid"), dry_run=dry_run)
        return self._write("PUT", target, body, headers).json()

    def delete(
        self,
        kind: Kind,
        name: str,
        tenant: str | None,
        uid: str | None = None,
        etag: str | None = None,
        cascade: bool = False,
        dry_run: bool = False,
    ) -> dict[str, Any] | None:
        """Marks an object for deletion.

        Returns:
            The object while it is taken down, None when it has gone at once; of a dry run the change.

        Raises:
            ApiError: it is refused.
        """
        target = _with_query(kind.path(name, tenant), uid=uid, cascade=cascade, dry_run=dry_run)
        answer = self._write("DELETE", target, None, {"If-Match": etag} if etag else {})
        return answer.json() if answer.body else None

    def act(
        self, kind: Kind, name: str, tenant: str | None, action: str, arguments: Mapping[str, Any], uid: str | None
    ) -> dict[str, Any]:
        """Asks for an act.

        Returns:
            The operation, or of an act that mints something what it minted.

        Raises:
            ApiError: it is refused.
        """
        target = _with_query(f"{kind.path(name, tenant)}/actions/{action}", uid=uid)
        return self._write("POST", target, {"arguments": dict(arguments)}, {}).json()

    def plan(self, changes: list[dict[str, Any]], prune: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What a batch of at most 1,000 changes would do. Nothing is stored.

        Raises:
            ApiError: the batch as a whole is refused; refusals of single changes are in the plan.
        """
        body: dict[str, Any] = {"changes": changes}
        if prune is not None:
            body["prune"] = dict(prune)
        return self._checked(self.transport.call("POST", "/v1/plan", body, self._read_headers())).json()

    # --- waiting -----------------------------------------------------------------------------------

    def wait_ready(
        self, kind: Kind, name: str, tenant: str | None, uid: str | None, timeout_s: float
    ) -> dict[str, Any]:
        """Waits until an object is as desired, for its present generation.

        Raises:
            WaitTimeoutError: it is not so in time; the message says why.
            ApiError: it has gone, or its name is another's now.
        """
        return self._wait(kind, name, tenant, uid, "ready", timeout_s)

    def wait_deleted(self, kind: Kind, name: str, tenant: str | None, uid: str | None, timeout_s: float) -> None:
        """Waits until an object has gone.

        Raises:
            WaitTimeoutError: it has not gone in time; the message says why.
        """
        self._wait(kind, name, tenant, uid, "deleted", timeout_s)

    def wait_finished(self, kind: Kind, operation: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        """Waits until an act has succeeded.

        Args:
            kind: of operations.
            operation: as the act was answered.
            timeout_s: how long.

        Raises:
            OperationFailedError: it failed or was canceled.
            WaitTimeoutError: it has not ended in time.
        """
        metadata = operation["metadata"]
        ended = self._wait(kind, metadata["name"], metadata.get("tenant"), metadata["uid"], "finished", timeout_s)
        phase = ended.get("status", {}).get("phase")
        if phase != "succeeded":
            spec, why = ended["spec"], ended["status"].get("error") or "no reason was given"
            target = spec["target"]
            message = f"{spec['action']} of {target['kind']} {target['name']} {phase}: {why}"
            raise OperationFailedError(message, {"operation": ended})
        return ended

    def _wait(
        self, kind: Kind, name: str, tenant: str | None, uid: str | None, until: str, timeout_s: float
    ) -> dict[str, Any]:
        """The object as it is then; empty when it has gone."""
        deadline = time.monotonic() + timeout_s
        last: dict[str, Any] | None = None
        while True:
            poll_s = int(max(1, min(LONGEST_POLL_S, deadline - time.monotonic())))
            target = _with_query(kind.path(name, tenant), wait=until, timeout_s=str(poll_s), uid=uid)
            answer = self.transport.call("GET", target, None, self._read_headers(), wait_s=poll_s)
            if answer.status == 204:
                return {}
            if answer.status == 200:
                return answer.json()
            error = answer.error()
            if until == "deleted" and error.code in GONE:
                return {}
            if error.code != "wait.timeout":
                raise error
            last = error.members.get("object") or last
            if time.monotonic() >= deadline:
                message = f"wait.timeout: {kind.label(name, tenant)} is not {until} after {timeout_s:.0f} s{_why(last)}"
                raise WaitTimeoutError(message, {"code": "wait.timeout", "object": last})

    # --- one request -------------------------------------------------------------------------------

    def _read(self, target: str) -> Answer:
        return self._checked(self.transport.call("GET", target, None, self._read_headers()))

    def _write(self, method: str, target: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Answer:
        sent = {"Idempotency-Key": str(uuid.uuid4())}
        sent.update(headers)
        answer = self._checked(self.transport.call(method, target, body, sent))
        self._after = answer.headers.get("pextra-position") or self._after
        return answer

    def _read_headers(self) -> dict[str, str]:
        """Makes any endpoint show at least what this process wrote."""
        return {} if self._after is None else {"Pextra-After": self._after}

    @staticmethod
    def _checked(answer: Answer) -> Answer:
        if answer.status >= 300:
            raise answer.error()
        return answer


def condition(obj: Mapping[str, Any], type_: str) -> dict[str, Any] | None:
    """The condition of that type, or None when the object does not have it."""
    found = obj.get("status", {}).get("conditions") or []
    return next((each for each in found if each.get("type") == type_), None)


def is_ready(obj: Mapping[str, Any]) -> bool:
    """Whether the object is as desired: C(ready) is true, and speaks of the present generation."""
    ready = condition(obj, "ready")
    current = obj.get("status", {}).get("observed_generation") == obj["metadata"].get("generation")
    return ready is not None and ready.get("status") == "true" and current


def _why(last: Mapping[str, Any] | None) -> str:
    ready = condition(last, "ready") if last else None
    if ready is None:
        return ""
    return f": {ready.get('reason', '')}: {ready.get('message', '')}".rstrip(": ")


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_query(path: str, **parameters: Any) -> str:
    given = {name: _word(value) for name, value in parameters.items() if value not in (None, False)}
    return f"{path}?{urlencode(given)}" if given else path
