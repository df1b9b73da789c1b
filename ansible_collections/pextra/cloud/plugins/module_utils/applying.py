# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Making the cloud as manifests say: plan first, then do exactly what was planned."""

from __future__ import annotations

import time
from typing import Any, Mapping, Sequence

from ansible_collections.pextra.cloud.plugins.module_utils.client import GONE, Client, is_ready
from ansible_collections.pextra.cloud.plugins.module_utils.errors import ApiError, PextraError
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.manifests import Manifest
from ansible_collections.pextra.cloud.plugins.module_utils.objects import OVERTAKEN, ROUNDS

LARGEST_PLAN = 1_000
_PAST = {"create": "created", "update": "updated", "restart": "updated", "replace": "replaced", "delete": "deleted"}
_NAMED = 5


class Application:
    """One batch of manifests, applied as a whole.

    Args:
        client: whom to ask.
        manifests: what is wanted.
        prune: which objects to delete besides, or None.
        find: the kind of a name, for what is pruned.
        replace: delete and make anew what cannot be changed in place.
        wait: until everything is ready.
        timeout_s: for all waits together.

    Raises:
        PextraError: there is nothing to apply, or too much for one plan.
    """

    def __init__(
        self,
        client: Client,
        manifests: Sequence[Manifest],
        prune: Mapping[str, Any] | None,
        find: Any,
        replace: bool,
        wait: bool,
        timeout_s: float,
    ) -> None:
        if not manifests:
            raise PextraError("nothing describes an object: give src or definition")
        if len(manifests) > LARGEST_PLAN:
            raise PextraError(f"at most {LARGEST_PLAN} objects can be applied by one task, not {len(manifests)}")
        self._client = client
        self._manifests = {manifest.key: manifest for manifest in manifests}
        self._prune = prune
        self._find = find
        self._replace = replace
        self._wait = wait
        self._deadline = time.monotonic() + timeout_s
        self.outcomes: dict[Any, dict[str, Any]] = {}
        """What was done, by kind, tenant and name; each once, whichever plan it was written under."""

    def plan(self) -> dict[str, Any]:
        """What applying would do.

        Raises:
            PextraError: something would be refused, refers to nothing, or cannot be changed in place.
        """
        found = self._client.plan(
            [{"verb": "put", "object": each.object} for each in self._manifests.values()], self._prune
        )
        refused = [(change, problem) for change in found["changes"] for problem in change.get("problems") or []]
        if refused:
            change, problem = refused[0]
            first = ApiError.from_problem(problem, 422)
            more = f" (and {len(refused) - 1} more refusals)" if len(refused) > 1 else ""
            facts = dict(first.facts, plan=found)
            raise PextraError(f"{first}{more}; nothing was changed ({_label(change)})", facts)
        dangling = [f"{_label(change)}: {path}" for change in found["changes"] for path in change.get("unknown") or []]
        if dangling:
            raise PextraError(
                f"{_listed(dangling)} refers to something that is not there; nothing was changed", {"plan": found}
            )
        fixed = [_label(change) for change in found["changes"] if change["action"] == "replace"]
        if fixed and not self._replace:
            raise PextraError(
                f"spec.immutable: {_listed(fixed)}: fields would change that cannot change in place; "
                "replace=true deletes and makes anew what has such fields",
                {"code": "spec.immutable", "plan": found},
            )
        return found

    def execute(self, found: Mapping[str, Any]) -> None:
        """Does what the plan says, in its order; what somebody else changed meanwhile is planned again.

        Raises:
            PextraError: as for C(plan), or the server refuses nevertheless.
        """
        for last in [False] * (ROUNDS - 1) + [True]:
            try:
                self._execute(found["changes"])
                break
            except ApiError as error:
                if last or error.code not in OVERTAKEN:
                    raise
                found = self.plan()
        if self._wait:
            self._wait_for_all(found["changes"])

    def _execute(self, changes: Sequence[Mapping[str, Any]]) -> None:
        deletes = [change for change in changes if change["verb"] == "delete" and change["action"] != "none"]
        for change in changes:
            if change["verb"] != "delete" and change["action"] != "none":
                self._write(change)
        going: list[tuple[Kind, Mapping[str, Any]]] = []
        for change in deletes:
            kind = self.kind(change)
            # What still goes may refer to what goes next, so one kind has gone before the next one's turn.
            if going and going[-1][0].name != kind.name:
                self._wait_gone(going)
                going = []
            uid = (change.get("preconditions") or {}).get("uid")
            if self._delete(kind, change, uid):
                going.append((kind, dict(change, uid=uid)))
            self._note(change, uid, None)
        if self._wait:
            self._wait_gone(going)

    def _write(self, change: Mapping[str, Any]) -> None:
        manifest = self._manifests[_key(change)]
        preconditions = dict(change.get("preconditions") or {})
        if change["action"] == "replace":
            uid = preconditions.get("uid")
            if self._delete(manifest.kind, change, uid):
                self._wait_gone([(manifest.kind, dict(change, uid=uid))])
            preconditions = {"absent": True}
        written = self._client.put(manifest.kind, change["name"], change.get("tenant"), manifest.object, preconditions)
        self._note(change, written["metadata"]["uid"], written)

    def _note(self, change: Mapping[str, Any], uid: str | None, written: Mapping[str, Any] | None) -> None:
        outcome: dict[str, Any] = {
            "kind": change["kind"],
            "tenant": change.get("tenant"),
            "name": change["name"],
            "action": _PAST[change["action"]],
            "uid": uid,
        }
        if written is not None and "minted" in written:
            outcome["minted"] = written["minted"]
        self.outcomes.setdefault(_key(change), outcome)

    def _delete(self, kind: Kind, change: Mapping[str, Any], uid: str | None) -> bool:
        """Whether something remains to be waited for."""
        try:
            return self._client.delete(kind, change["name"], change.get("tenant"), uid=uid) is not None
        except ApiError as error:
            if error.code in GONE:
                return False
            raise

    # --- waiting -----------------------------------------------------------------------------------

    def _wait_gone(self, going: Sequence[tuple[Kind, Mapping[str, Any]]]) -> None:
        for kind, change in going:
            self._client.wait_deleted(
                kind, change["name"], change.get("tenant"), change.get("uid"), self._remaining_s()
            )

    def _wait_for_all(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """Waits in the plan's order until each object is ready; one list a kind and tenant tells which are already."""
        wanted = [change for change in changes if change["verb"] != "delete"]
        known: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        for change in wanted:
            if _place(change) not in known:
                alike = [each for each in wanted if _place(each) == _place(change)]
                known[_place(change)] = self._seen(change, alone=len(alike) == 1)
        for change in wanted:
            obj = known[_place(change)].get(change["name"])
            if obj is not None and not is_ready(obj):
                kind, uid = self.kind(change), obj["metadata"]["uid"]
                self._client.wait_ready(kind, change["name"], change.get("tenant"), uid, self._remaining_s())

    def _seen(self, change: Mapping[str, Any], alone: bool) -> dict[str, dict[str, Any]]:
        """The objects of a change's kind and tenant by their names; only its own when it is alone there."""
        kind, tenant = self.kind(change), change.get("tenant")
        if not alone:
            return {obj["metadata"]["name"]: obj for obj in self._client.objects(kind, tenant)}
        found = self._client.find(kind, change["name"], tenant)
        return {} if found is None else {change["name"]: found}

    def kind(self, change: Mapping[str, Any]) -> Kind:
        """The kind of what changes."""
        kind = self._find(change["kind"])
        if kind is None:
            raise PextraError(f"the server planned a {change['kind']}, which it says it has not")
        return kind

    def _remaining_s(self) -> float:
        return max(1.0, self._deadline - time.monotonic())


def _place(change: Mapping[str, Any]) -> tuple[str, str]:
    return change["kind"], change.get("tenant") or ""


def _key(change: Mapping[str, Any]) -> tuple[str, str, str]:
    return change["kind"], change.get("tenant") or "", change["name"]


def _label(change: Mapping[str, Any]) -> str:
    tenant = change.get("tenant")
    return f"{change['kind']} {tenant}/{change['name']}" if tenant else f"{change['kind']} {change['name']}"


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + more
