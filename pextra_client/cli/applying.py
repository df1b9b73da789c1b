"""Making the cloud as manifests say: plan first, then do exactly what was planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pextra_client.cli.exits import PlanRefusedError, UsageError
from pextra_client.cli.manifests import Manifest
from pextra_client.cli.output import Output
from pextra_client.cli.planned import label, problems
from pextra_client.cli.removal import Removal, remove
from pextra_client.client import Client
from pextra_client.errors import ApiError
from pextra_client.wire import Change, Object, Plan, PlanRequest, Prune

LARGEST_PLAN: Final = 1_000
_OVERTAKEN: Final = frozenset({"object.stale", "object.exists", "object.uid_mismatch"})
_ROUNDS: Final = 3
_PAST: Final = {
    "create": "created",
    "update": "updated",
    "restart": "updated",
    "replace": "replaced",
    "none": "unchanged",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done to one object.

    Args:
        change: as it was planned.
        action: `created`, `updated`, `replaced`, `unchanged`, `deleting`, `deleted` or `absent`.
        uid: of the object.
        minted: a credential that is shown this once.
    """

    change: Change
    action: str
    uid: str | None = None
    minted: dict[str, Any] | None = None


def plan(client: Client, manifests: Sequence[Manifest], prune: Prune | None = None) -> Plan:
    """What applying the manifests would do; nothing is changed.

    More manifests than one plan may hold are planned in parts, of which a later one does not know what an
    earlier one makes.
    """
    parts = [client.plan(_puts(part), prune) for part in _parts(manifests, prune)]
    whole: Plan = {"changes": [change for part in parts for change in part["changes"]], "quota": {}}
    for part in parts:
        whole["quota"] = {**whole.get("quota", {}), **part.get("quota", {})}
    if len(parts) == 1 and "placement" in parts[0]:  # several do not know of one another
        whole["placement"] = parts[0]["placement"]
    return whole


def apply(
    client: Client,
    manifests: Sequence[Manifest],
    out: Output,
    *,
    prune: Prune | None,
    replace: bool,
    timeout_s: float,
    done: Callable[[Outcome], None],
) -> None:
    """Makes the cloud as the manifests say, and deletes what `prune` selects and they do not name.

    Everything is planned before anything is changed, and each write carries the plan's preconditions: when
    somebody else's change comes in between, what is left is planned anew.

    Args:
        client: whom to ask.
        manifests: each after those that it refers to.
        out: where progress is shown.
        prune: what to delete besides.
        replace: delete and create what cannot be changed in place.
        timeout_s: for what has to go before the next step.
        done: called once for each object, when it has been written.

    Raises:
        PlanRefusedError: something would be refused; nothing has been changed.
        UsageError: something refers to nothing, or cannot be changed in place; nothing has been changed.
        ApiError: the server refuses nevertheless.
    """
    for part in _parts(manifests, prune):
        run = _Run(client, part, out, timeout_s=timeout_s, done=done)
        for last in (*[False] * (_ROUNDS - 1), True):
            found = client.plan(_puts(part), prune)
            _refuse(found, replace=replace)
            try:
                run.execute(found)
                break
            except ApiError as error:
                if last or error.code not in _OVERTAKEN:
                    raise
                out.notice(f"{error.detail} Planning again.")


def _parts(manifests: Sequence[Manifest], prune: Prune | None) -> Iterator[Sequence[Manifest]]:
    if prune is not None and len(manifests) > LARGEST_PLAN:
        raise UsageError(f"at most {LARGEST_PLAN} manifests can be applied with --prune, not {len(manifests)}")
    for start in range(0, len(manifests), LARGEST_PLAN):
        yield manifests[start : start + LARGEST_PLAN]


def _puts(manifests: Sequence[Manifest]) -> list[PlanRequest]:
    return [{"verb": "put", "object": manifest.object} for manifest in manifests]


def _refuse(found: Plan, *, replace: bool) -> None:
    refused = problems(found)
    if refused:
        _, first = refused[0]
        status = first.get("status")
        raise PlanRefusedError(found, status if isinstance(status, int) else 422)
    dangling = [f"{label(change)}: {path}" for change in found["changes"] for path in change.get("unknown", [])]
    if dangling:
        raise UsageError(f"{', '.join(dangling)} refers to something that is not there; nothing was changed")
    fixed = [label(change) for change in found["changes"] if change["action"] == "replace"]
    if fixed and not replace:
        raise UsageError(
            f"{', '.join(fixed)}: fields would change that cannot change; "
            "--replace deletes and creates anew what has such fields (see `pextra plan`)"
        )


class _Run:
    """The execution of one part's plans."""

    def __init__(
        self,
        client: Client,
        manifests: Sequence[Manifest],
        out: Output,
        *,
        timeout_s: float,
        done: Callable[[Outcome], None],
    ) -> None:
        self._client = client
        self._manifests = {manifest.key: manifest for manifest in manifests}
        self._out = out
        self._timeout_s = timeout_s
        self._done = done
        self._finished: set[tuple[str, str, str]] = set()

    def execute(self, found: Plan) -> None:
        """Does what the plan says, in its order."""
        deletes: list[Change] = []
        for change in found["changes"]:
            if change["verb"] == "delete":
                deletes.append(change)
                continue
            written = self._write(change)
            after = written or {}
            self._finish(
                Outcome(
                    change,
                    _PAST[change["action"]],
                    written["metadata"].get("uid") if written else change.get("uid"),
                    after.get("minted"),
                )
            )
        self._remove([change for change in deletes if change["action"] != "none"])

    def _write(self, change: Change) -> Object | None:
        manifest = self._manifests[_key(change)]
        metadata = manifest.object["metadata"]
        preconditions = change.get("preconditions", {})
        match change["action"]:
            case "none":
                return None
            case "replace":
                self._remove_for_replacement(manifest, preconditions.get("uid"))
                uid = etag = None
            case _:
                uid, etag = preconditions.get("uid"), preconditions.get("etag")
        return self._client.put(
            manifest.kind,
            manifest.name,
            manifest.object["spec"],
            tenant=manifest.tenant,
            labels=metadata.get("labels"),
            annotations=metadata.get("annotations"),
            create_only=uid is None,
            uid=uid,
            if_match=etag,
        )

    def _remove_for_replacement(self, manifest: Manifest, uid: str | None) -> None:
        remove(
            self._client,
            [Removal(kind=manifest.kind, name=manifest.name, tenant=manifest.tenant, uid=uid)],
            self._out,
            wait=True,
            timeout_s=self._timeout_s,
            deleted=lambda removal, action: self._out.notice(f"{removal.kind.name} {removal.name}: {action}"),
        )

    def _remove(self, changes: Sequence[Change]) -> None:
        by_key = {_key(change): change for change in changes}
        removals = [
            Removal(
                kind=self._client.kind(change["kind"]),
                name=change["name"],
                tenant=change.get("tenant"),
                uid=change.get("preconditions", {}).get("uid"),
            )
            for change in changes
        ]
        remove(
            self._client,
            removals,
            self._out,
            wait=True,
            timeout_s=self._timeout_s,
            deleted=lambda removal, action: self._finish(
                Outcome(by_key[removal.kind.name, removal.tenant or "", removal.name], action, removal.uid)
            ),
        )

    def _finish(self, outcome: Outcome) -> None:
        """Tells of an object once, whichever plan it was written under."""
        key = _key(outcome.change)
        if key not in self._finished:
            self._finished.add(key)
            self._done(outcome)


def _key(change: Change) -> tuple[str, str, str]:
    return change["kind"], change.get("tenant") or "", change["name"]
