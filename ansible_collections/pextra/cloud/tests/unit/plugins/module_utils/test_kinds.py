# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.pextra.cloud.plugins.module_utils.errors import PextraError
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Catalog, Kind
from ansible_collections.pextra.cloud.plugins.module_utils.known_kinds import KNOWN
from ansible_collections.pextra.cloud.plugins.module_utils.manifests import finder


def test_paths_are_quoted_and_need_a_tenant_where_objects_live_in_one() -> None:
    volume = Kind("volume", "volumes")
    assert volume.path("a/b", "acme.dev") == "/v1/tenants/acme.dev/volumes/a%2Fb"
    assert volume.path(None, "acme") == "/v1/tenants/acme/volumes"
    assert Kind("host", "hosts", in_tenant=False).path("h") == "/v1/hosts/h"
    with pytest.raises(PextraError, match="a volume lives in a tenant"):
        volume.path("data")


def test_a_kind_is_found_by_any_of_its_names() -> None:
    for word in ("security_group", "security-groups", "SG"):
        found = KNOWN.find(word)
        assert found is not None
        assert found.name == "security_group"
    assert KNOWN.find("nonsense") is None


def test_a_kind_that_the_collection_does_not_know_is_asked_of_the_server_once() -> None:
    asked = []

    def ask() -> Catalog:
        asked.append(1)
        return Catalog([Kind("gizmo", "gizmos")])

    find = finder(KNOWN, ask)
    assert find("volume") is not None
    assert asked == []
    for word in ("gizmo", "gizmos"):
        found = find(word)
        assert found is not None
        assert found.path("g", "acme") == "/v1/tenants/acme/gizmos/g"
    assert find("nonsense") is None
    assert asked == [1]
