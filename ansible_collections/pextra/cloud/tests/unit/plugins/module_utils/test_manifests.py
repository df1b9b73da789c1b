# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.pextra.cloud.plugins.module_utils.errors import ManifestError
from ansible_collections.pextra.cloud.plugins.module_utils.known_kinds import KNOWN
from ansible_collections.pextra.cloud.plugins.module_utils.manifests import read


def test_words_and_addresses_of_a_file_are_texts_as_in_yaml_1_2(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "{kind: vm, metadata: {name: web}, spec: {power: off, mac: 52:54:00:12:34:56, on: 2026-01-02, n: 10, e: }}"
    )
    [manifest] = read([str(tmp_path)], [], KNOWN.find, "acme")
    assert manifest.key == ("instance", "acme", "web")
    assert manifest.spec == {"power": "off", "mac": "52:54:00:12:34:56", "on": "2026-01-02", "n": 10, "e": None}


def test_what_was_read_from_the_api_is_a_manifest() -> None:
    obj = {
        "kind": "volume",
        "metadata": {"name": "d", "tenant": "t", "uid": "u"},
        "spec": {},
        "status": {},
        "resolved": {},
    }
    [manifest] = read([], [{"items": [obj]}], KNOWN.find, None)
    assert manifest.object == {"kind": "volume", "metadata": {"name": "d", "tenant": "t"}, "spec": {}}


def test_the_secrets_of_a_manifest_are_known() -> None:
    secret = {"kind": "secret", "metadata": {"name": "s", "tenant": "t"}, "spec": {"data": {"a": "x", "b": "y"}}}
    [manifest] = read([], [secret], KNOWN.find, None)
    assert sorted(manifest.secrets()) == ["x", "y"]


def test_an_object_without_a_tenant_is_refused() -> None:
    with pytest.raises(ManifestError, match="definition 1: volume 'd' names no tenant"):
        read([], [{"kind": "volume", "metadata": {"name": "d"}}], KNOWN.find, None)
