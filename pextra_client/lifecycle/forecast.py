"""What a write would do: the API's dry run, in terms of a tool that previews."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from pextra_client.client import Client
from pextra_client.lifecycle import effects
from pextra_client.lifecycle.absent import Identity, identity, named
from pextra_client.lifecycle.checking import Fault, check
from pextra_client.lifecycle.desired import Desired, Owned
from pextra_client.lifecycle.unknown import Unknown
from pextra_client.wire import Change, FieldChange, Object, Plan

_QUOTA = "quota."


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What would come of one write.

    Attributes:
        action: what would be done. `replace` means that the API refuses the change in place.
        fields: what would change, each with its effect; a secret's value is not told.
        faults: why it would be refused.
        warnings: what would be refused as things stand, and may be well by the time: no quota, no room.
        unresolved: fields that refer to what is not there yet.
        taken_by: the uid of an object that has the name already and is not the program's.
    """

    action: Literal["create", "update", "restart", "replace", "none"]
    fields: tuple[FieldChange, ...] = ()
    faults: tuple[Fault, ...] = ()
    warnings: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
    taken_by: str | None = None

    @property
    def replaced_by(self) -> tuple[str, ...]:
        """The fields whose change needs a new object."""
        return tuple(field["path"] for field in self.fields if field["effect"] == "replace")

    @property
    def restarted_by(self) -> tuple[str, ...]:
        """The fields whose change restarts what runs."""
        return tuple(field["path"] for field in self.fields if field["effect"] == "restart")


class Forecaster:
    """Asks what writes would do, and stores nothing. Safe to share between threads.

    One that lives as long as a preview adds up what its forecasts would charge, so that fifty instances of which each
    fits alone and not all together are warned about; and remembers what would be made, so that only names of what
    nobody makes are.

    Args:
        client: whom to ask.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._charged: dict[str, Counter[str]] = {}
        self._to_be_made: set[Identity] = set()
        self._lock = threading.Lock()

    def create(self, desired: Desired) -> Forecast:
        """What making an object would do. Where something is not known yet, no server is asked.

        Raises:
            ApiError: the caller may not do this at all.
            TransportError: nobody answers.
        """
        self._note(desired)
        faults = tuple(check(desired))
        if faults or not desired.known:
            return Forecast(action="create", faults=faults)
        plan, change = self._ask(desired)
        if change.get("uid"):
            return Forecast(action="create", taken_by=change.get("uid"), warnings=self._warnings(plan, change))
        homeless = _has_no_tenant_yet(change)
        unresolved = ("metadata.tenant",) if homeless else tuple(change.get("unknown", ()))
        return Forecast(
            action="create",
            fields=tuple(change.get("fields", ())),
            faults=() if homeless else _faults(change),
            warnings=(*self._warnings(plan, change), *self._absent(desired, unresolved)),
            unresolved=unresolved,
        )

    def update(self, owned: Owned, desired: Desired, before: Mapping[str, Any]) -> Forecast:
        """What replacing the desired state of an object would do.

        Args:
            owned: which.
            desired: whole.
            before: its spec as it stands, for where something is not known yet.

        Raises:
            ApiError: the caller may not do this at all.
            TransportError: nobody answers.
        """
        faults = tuple(check(desired))
        if faults or not desired.known:
            fields = tuple(effects.changes(owned.kind, before, desired.spec))
            return Forecast(action=_action(fields), fields=fields, faults=faults)
        plan, change = self._ask(desired, owned)
        action, fields = change["action"], tuple(change.get("fields", ()))
        if action == "none" and change.get("problems"):  # what is refused is not told field by field
            fields = tuple(effects.changes(owned.kind, before, desired.spec))
            action = _action(fields)
        unresolved = tuple(change.get("unknown", ()))
        return Forecast(
            action="none" if action == "delete" else action,
            fields=fields,
            faults=_faults(change),
            warnings=(*self._warnings(plan, change), *self._absent(desired, unresolved)),
            unresolved=unresolved,
        )

    def _ask(self, desired: Desired, owned: Owned | None = None) -> tuple[Plan, Change]:
        name, tenant = desired.address
        metadata: dict[str, Any] = {
            "name": name,
            "labels": dict(desired.labels),
            "annotations": dict(desired.annotations),
        }
        whose = tenant or self._client.tenant
        if desired.kind.path(name, whose).startswith("/v1/tenants/") and desired.kind.scope == "tenant":
            metadata["tenant"] = whose
        if owned is not None:
            metadata["uid"] = owned.uid
        manifest = {"kind": desired.kind.name, "metadata": metadata, "spec": dict(desired.spec)}
        plan = self._client.plan([{"verb": "put", "object": cast(Object, manifest)}])
        return plan, plan["changes"][0]

    def _note(self, desired: Desired) -> None:
        if isinstance(desired.name, Unknown) or isinstance(desired.tenant, Unknown):
            return
        with self._lock:
            self._to_be_made.add(identity(desired.kind, desired.tenant or self._client.tenant, desired.name))

    def _absent(self, desired: Desired, unresolved: Sequence[str]) -> list[str]:
        """What the object names, and neither is there nor was forecast to be made."""
        assert not isinstance(desired.tenant, Unknown)
        said: list[str] = []
        for field, (kind, tenant, name) in named(desired, desired.tenant or self._client.tenant, unresolved):
            with self._lock:
                to_be_made = (kind, tenant, name) in self._to_be_made
            if not to_be_made:
                where = f" in tenant {tenant!r}" if tenant else ""
                said.append(
                    f"{field}: there is no {kind} {name!r}{where} as things stand; "
                    "if this program makes it, let this come after it"
                )
        return said

    def _warnings(self, plan: Plan, change: Change) -> tuple[str, ...]:
        refused = [str(each.get("detail", "")) for each in change.get("problems", ()) if _is_quota(each)]
        return (*refused, *self._summed(plan), *_unplaced(change))

    def _summed(self, plan: Plan) -> list[str]:
        """What of the plan fits alone, and not with everything else that was forecast."""
        said: list[str] = []
        with self._lock:
            for tenant, countables in plan.get("quota", {}).items():
                charged = self._charged.setdefault(tenant, Counter())
                for countable, effect in countables.items():
                    charged[countable] += effect["after"] - effect["used"]
                    limit, altogether = effect.get("limit"), effect["used"] + charged[countable]
                    if limit is not None and effect["after"] <= limit < altogether:
                        said.append(
                            f"tenant {tenant} may use {limit} {countable}; with everything previewed so far it would "
                            f"use {altogether}"
                        )
        return said


def _is_quota(problem: Mapping[str, Any]) -> bool:
    return str(problem.get("code", "")).startswith(_QUOTA)


def _has_no_tenant_yet(change: Change) -> bool:
    """Whether the tenant of a new object is not there: the same program may be about to make it."""
    return any(problem.get("code") == "object.not_found" for problem in change.get("problems", ()))


def _unplaced(change: Change) -> list[str]:
    placement = change.get("placement")
    if placement is None or placement.get("host"):
        return []
    rejected = ", ".join(f"{count} by {filter_}" for filter_, count in placement.get("rejected", {}).items())
    return [f"no host would take it as things stand: {placement.get('why') or f'hosts were rejected, {rejected}'}"]


def _faults(change: Change) -> tuple[Fault, ...]:
    found: list[Fault] = []
    for problem in change.get("problems", ()):
        if _is_quota(problem) or problem.get("code") == "object.deleting":  # creating waits until that has gone
            continue
        errors = cast("list[dict[str, Any]]", problem.get("errors") or [])
        found += [Fault(str(each.get("field", "")), str(each.get("message", ""))) for each in errors]
        if not errors:
            found.append(Fault("", f"{problem.get('code')}: {problem.get('detail', '')}"))
    return tuple(found)


def _action(fields: tuple[FieldChange, ...]) -> Literal["update", "restart", "replace", "none"]:
    found = {field["effect"] for field in fields}
    if "replace" in found:
        return "replace"
    if "restart" in found:
        return "restart"
    return "update" if found else "none"
