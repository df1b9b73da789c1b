# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""One object as a task wants it: there and so, or not there.

What a task says of an object is laid over what the object is, so options that are not given stay as they are. What
would change is asked of the API (a dry run) in check mode and in a real run alike; the write that follows carries the
preconditions of that answer.
"""

from __future__ import annotations

import copy
import time
from typing import Any, Mapping, Sequence

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.pextra.cloud.plugins.module_utils.acts import carry_out
from ansible_collections.pextra.cloud.plugins.module_utils.client import GONE, Client, is_ready
from ansible_collections.pextra.cloud.plugins.module_utils.diffs import diff_of, nothing
from ansible_collections.pextra.cloud.plugins.module_utils.errors import ApiError, PextraError
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.running import given, run

OVERTAKEN = frozenset({"object.stale", "object.exists", "object.uid_mismatch"})
ROUNDS = 3
_FIELD_PREFIX = "spec_"

OBJECT_ARGUMENTS: dict[str, Any] = {
    "labels": {"type": "dict"},
    "annotations": {"type": "dict"},
    "etag": {"type": "str"},
    "replace": {"type": "bool", "default": False},
    "cascade": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
}
"""The options of the documentation fragment C(pextra.cloud.object)."""


def manage(kind: Kind, options: Mapping[str, Any], fields: Sequence[str]) -> None:
    """Runs a module that manages objects of one kind.

    Args:
        kind: of the objects.
        options: the argument spec, without the options that all kinds have.
        fields: which options are fields of the spec; one whose name another option has is called C(spec_<field>).
    """
    spec = dict(OBJECT_ARGUMENTS)
    spec.update(options)
    run(spec, lambda module, client: _Task(kind, fields, module, client).perform())


class _Task:
    """One task on one object."""

    def __init__(self, kind: Kind, fields: Sequence[str], module: AnsibleModule, client: Client) -> None:
        params = module.params
        self.kind = kind
        self.module = module
        self.client = client
        self.name: str = params["name"]
        self.tenant: str | None = client.settings.tenant if kind.in_tenant else None
        self.etag: str | None = params["etag"]
        self.wanted = {_field(each): given(params[each]) for each in fields if params[each] is not None}
        self.deadline = time.monotonic() + params["wait_timeout"]

    @property
    def label(self) -> str:
        return self.kind.label(self.name, self.tenant)

    @property
    def waits(self) -> bool:
        return bool(self.module.params["wait"])

    def perform(self) -> dict[str, Any]:
        """Makes it so; what the task returns."""
        params = self.module.params
        if params["state"] == "absent":
            if params.get("action"):
                raise PextraError(f"action {params['action']} is for an object that is there: state is absent")
            return self._absent()
        result = self._present()
        if params.get("action"):
            carry_out(self.module, self.client, self.kind, result, remaining_s=self._remaining_s())
        return result

    # --- present -----------------------------------------------------------------------------------

    def _present(self) -> dict[str, Any]:
        for last in [False] * (ROUNDS - 1) + [True]:
            found = self._found()
            try:
                return self._ensure(found)
            except ApiError as error:
                # Somebody else's write came between: look again, unless the task itself named the version.
                if last or self.etag is not None or error.code not in OVERTAKEN:
                    raise
        raise AssertionError("the last round returns or raises")

    def _found(self) -> dict[str, Any] | None:
        """The object as it stands; one that is going is waited for, so that its name is free."""
        found = self.client.find(self.kind, self.name, self.tenant)
        if found is not None and found["metadata"].get("deleting") and self.waits:
            self.client.wait_deleted(
                self.kind, self.name, self.tenant, found["metadata"]["uid"], timeout_s=self._remaining_s()
            )
            return None
        return found

    def _ensure(self, found: dict[str, Any] | None) -> dict[str, Any]:
        body = self._body(found)
        if found is not None and self.etag is None and _says_nothing_new(found, body):
            return self._result(None, self._ready(found))
        change = self._dry_run(found, body)
        if change["action"] == "none" and found is not None:
            return self._result(None, self._ready(found))
        if change["action"] == "replace":
            self._check_replacement(change, body)
        if self.module.check_mode:
            return self._result(change, change.get("object"))
        preconditions = dict(change.get("preconditions") or {})
        if change["action"] == "replace":
            self._remove(preconditions.get("uid"), cascade=False)
            preconditions = {"absent": True}
        written = self.client.put(self.kind, self.name, self.tenant, body, preconditions)
        minted = written.pop("minted", None)
        result = self._result(change, self._ready(written))
        if minted is not None:
            result["minted"] = minted
        return result

    def _body(self, found: Mapping[str, Any] | None) -> dict[str, Any]:
        """What is written: the object as it is, with what the task says over it."""
        params = self.module.params
        metadata: dict[str, Any] = {"name": self.name}
        for block in ("labels", "annotations"):
            stands = found["metadata"].get(block) if found else None
            said = params[block]
            metadata[block] = (stands or {}) if said is None else {key: str(value) for key, value in said.items()}
        spec = copy.deepcopy(found["spec"]) if found else {}
        spec.update(self.wanted)
        for name in params.get("unset") or []:
            spec.pop(_field(name), None)
        return {"kind": self.kind.name, "metadata": metadata, "spec": spec}

    def _dry_run(self, found: Mapping[str, Any] | None, body: Mapping[str, Any]) -> dict[str, Any]:
        preconditions: dict[str, Any] = {"absent": True}
        if self.etag is not None:
            preconditions = {"etag": self.etag}
        elif found is not None:
            preconditions = {"uid": found["metadata"]["uid"], "etag": found["metadata"]["etag"]}
        try:
            change = self.client.put(self.kind, self.name, self.tenant, body, preconditions, dry_run=True)
        except ApiError as error:
            if error.code != "object.not_found" or not self.module.check_mode or self.tenant is None:
                raise
            change = self._planned_with_its_tenant(body, error)
        for path in change.get("unknown") or []:
            self.module.warn(f"{self.label}: {path} refers to something that is not there (yet)")
        return change

    def _planned_with_its_tenant(self, body: Mapping[str, Any], refusal: ApiError) -> dict[str, Any]:
        """What the write would do if its tenant were there, which an earlier task of the play may be about to make.

        Raises:
            ApiError: the tenant could not be made, or the object would be refused in it.
        """
        quota = {"kind": "quota", "metadata": {"name": "default", "tenant": self.tenant}, "spec": {}}
        quota["spec"] = {"unlisted": "unlimited"}
        objects: list[Mapping[str, Any]] = [{"kind": "tenant", "metadata": {"name": self.tenant}, "spec": {}}]
        if self.kind.name != "quota":
            objects.append(quota)
        metadata = dict(body["metadata"], tenant=self.tenant)
        objects.append({"kind": self.kind.name, "metadata": metadata, "spec": body["spec"]})
        try:
            plan = self.client.plan([{"verb": "put", "object": each} for each in objects])
        except ApiError as error:
            raise refusal from error
        by_kind = {change["kind"]: change for change in plan["changes"]}
        if by_kind["tenant"].get("problems") or by_kind["tenant"]["action"] != "create":
            raise refusal
        change = by_kind[self.kind.name]
        problems = [each for each in change.get("problems") or [] if not str(each["code"]).startswith("quota.")]
        if problems:
            raise ApiError.from_problem(problems[0], 422)
        self.module.warn(f"tenant {self.tenant} is not there: predicted as if it were made, with enough quota")
        return change

    def _check_replacement(self, change: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        """Refuses a replacement that was not asked for, or that could not be carried through."""
        fixed = [each["path"] for each in change["fields"] if each["effect"] == "replace"]
        if not self.module.params["replace"]:
            message = (
                f"{self.label}: {', '.join(fixed)} cannot change in place; replace=true deletes it and makes it anew"
            )
            raise PextraError(f"spec.immutable: {message}", {"code": "spec.immutable", "status": 422, "change": change})
        secret = [name for name, value in body["spec"].items() if _holds_secret_state(value)]
        if secret:
            raise PextraError(f"{self.label} can be made anew only with its secrets: give {', '.join(secret)}")
        uid = (change.get("preconditions") or {}).get("uid")
        self.client.delete(self.kind, self.name, self.tenant, uid=uid, dry_run=True)

    def _ready(self, obj: dict[str, Any]) -> dict[str, Any]:
        if not self.waits or self.module.check_mode or is_ready(obj):
            return obj
        return self.client.wait_ready(
            self.kind, self.name, self.tenant, obj["metadata"]["uid"], timeout_s=self._remaining_s()
        )

    # --- absent ------------------------------------------------------------------------------------

    def _absent(self) -> dict[str, Any]:
        found = self.client.find(self.kind, self.name, self.tenant)
        if found is None:
            return self._result(None, None)
        uid, cascade = found["metadata"]["uid"], self.module.params["cascade"]
        if found["metadata"].get("deleting"):
            if self.waits and not self.module.check_mode:
                self.client.wait_deleted(self.kind, self.name, self.tenant, uid, timeout_s=self._remaining_s())
            return self._result(None, None)
        change = self.client.delete(
            self.kind, self.name, self.tenant, uid=uid, etag=self.etag, cascade=cascade, dry_run=True
        )
        if not self.module.check_mode:
            self._remove(uid, cascade=cascade, etag=self.etag)
        return self._result(change, None)

    def _remove(self, uid: str | None, cascade: bool, etag: str | None = None) -> None:
        """Deletes this very object; when the task waits or a new one is to take its name, until it has gone."""
        try:
            remains = self.client.delete(self.kind, self.name, self.tenant, uid=uid, etag=etag, cascade=cascade)
        except ApiError as error:
            if error.code in GONE:
                return
            raise
        if remains is not None and (self.waits or self.module.params["state"] == "present"):
            self.client.wait_deleted(self.kind, self.name, self.tenant, uid, timeout_s=self._remaining_s())

    # --- both --------------------------------------------------------------------------------------

    def _remaining_s(self) -> float:
        return max(1.0, self.deadline - time.monotonic())

    def _result(self, change: Mapping[str, Any] | None, obj: dict[str, Any] | None) -> dict[str, Any]:
        shown = None if change is None else {name: value for name, value in change.items() if name != "object"}
        result: dict[str, Any] = {"changed": change is not None, "change": shown, "object": obj}
        if self.module._diff:
            unchanged = nothing(self.kind, self.name, self.tenant)
            result["diff"] = unchanged if change is None else diff_of(self.kind, change)
        return result


def _field(option: str) -> str:
    return option[len(_FIELD_PREFIX) :] if option.startswith(_FIELD_PREFIX) else option


def _says_nothing_new(found: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Whether what would be written is what was read, which by the API's contract changes nothing."""
    metadata = found["metadata"]
    return (
        body["spec"] == found["spec"]
        and not metadata.get("deleting")
        and all(body["metadata"][block] == (metadata.get(block) or {}) for block in ("labels", "annotations"))
    )


def _holds_secret_state(value: Any) -> bool:
    """Whether something in it reads C({secret: {digest, version}}): a secret as it is read, not as it is given."""
    if isinstance(value, dict):
        secret = value.get("secret")
        return (isinstance(secret, dict) and "digest" in secret) or any(map(_holds_secret_state, value.values()))
    return isinstance(value, list) and any(map(_holds_secret_state, value))
