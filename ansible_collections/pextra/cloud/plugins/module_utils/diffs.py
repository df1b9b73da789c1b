# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What Ansible shows of a change, made from the API's own answer to a dry run."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind


def diff_of(kind: Kind, change: Mapping[str, Any]) -> dict[str, Any]:
    """The change as Ansible's diff: the fields that differ, before and after, by their paths.

    Args:
        kind: of the object.
        change: as a dry run or a plan answers it.
    """
    label = kind.label(change["name"], change.get("tenant"))
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if change["action"] == "delete":
        before = deleted_fields(change)
    for field in change.get("fields") or []:
        if change["action"] != "create":
            before[field["path"]] = field.get("before")
        after[field["path"]] = _after(field)
    return {"before_header": label, "after_header": f"{label} ({change['action']})", "before": before, "after": after}


def nothing(kind: Kind, name: str, tenant: str | None) -> dict[str, Any]:
    """The diff of an object that does not change."""
    label = kind.label(name, tenant)
    return {"before_header": label, "after_header": label, "before": {}, "after": {}}


def deleted_fields(change: Mapping[str, Any]) -> dict[str, Any]:
    """What goes with a deletion: the object's fields, and how much of which kinds it takes along."""
    obj = change.get("object") or {}
    gone: dict[str, Any] = {f"spec.{name}": value for name, value in obj.get("spec", {}).items()}
    for block in ("labels", "annotations"):
        if obj.get("metadata", {}).get(block):
            gone[f"metadata.{block}"] = obj["metadata"][block]
    along = change.get("takes_along") or {}
    if along.get("count"):
        gone["takes_along"] = along["kinds"]
    if not gone:
        gone["name"] = change["name"]
    return gone


def _after(field: Mapping[str, Any]) -> Any:
    """The new value; of a secret that changes it is said that it does, for both sides read alike."""
    after = field.get("after")
    if after == "(secret)" and field.get("before") == "(secret)":
        return "(secret, changed)"
    return after
