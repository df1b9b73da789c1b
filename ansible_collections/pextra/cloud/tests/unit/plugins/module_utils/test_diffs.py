# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.pextra.cloud.plugins.module_utils.diffs import diff_of, nothing
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind

VOLUME = Kind("volume", "volumes")


def change(action: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "volume", "tenant": "acme", "name": "data", "action": action, "fields": list(fields), **more}


def test_an_update_shows_the_changed_fields_before_and_after() -> None:
    diff = diff_of(VOLUME, change("update", {"path": "spec.size_gib", "before": 1, "after": 2}))
    assert diff["before_header"] == "volume acme/data"
    assert (diff["before"], diff["after"]) == ({"spec.size_gib": 1}, {"spec.size_gib": 2})


def test_a_creation_has_nothing_before() -> None:
    diff = diff_of(VOLUME, change("create", {"path": "spec.size_gib", "before": None, "after": 2}))
    assert (diff["before"], diff["after"]) == ({}, {"spec.size_gib": 2})


def test_a_deletion_shows_what_goes_and_how_much_goes_along() -> None:
    obj = {"metadata": {"labels": {"app": "web"}, "annotations": {}}, "spec": {"size_gib": 2}}
    along = {"count": 3, "kinds": {"volume": 3}, "objects": []}
    diff = diff_of(VOLUME, change("delete", object=obj, takes_along=along))
    assert diff["before"] == {
        "spec.size_gib": 2,
        "metadata.labels": {"app": "web"},
        "takes_along": {"volume": 3},
    }
    assert diff["after"] == {}
    assert diff_of(VOLUME, change("delete"))["before"] == {"name": "data"}


def test_a_secret_that_changes_differs_without_being_shown() -> None:
    diff = diff_of(VOLUME, change("update", {"path": "spec.key", "before": "(secret)", "after": "(secret)"}))
    assert diff["before"] != diff["after"]


def test_no_change_is_an_empty_diff() -> None:
    assert nothing(VOLUME, "data", "acme")["before"] == nothing(VOLUME, "data", "acme")["after"] == {}
