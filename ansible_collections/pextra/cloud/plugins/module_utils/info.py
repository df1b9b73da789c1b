# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Reading objects of one kind."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.pextra.cloud.plugins.module_utils.client import Client
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.running import run

SELECTION_ARGUMENTS: dict[str, Any] = {
    "name": {"type": "str"},
    "label_selector": {"type": "str"},
    "filters": {"type": "dict"},
    "tenant": {"type": "str"},
}


def read(kind: Kind) -> None:
    """Runs a module that reads objects of one kind."""
    options = dict(SELECTION_ARGUMENTS)
    if kind.in_tenant:
        options["recursive"] = {"type": "bool", "default": False}
    alone = [("name", each) for each in ("label_selector", "filters")]
    run(options, lambda module, client: _read(kind, module, client), mutually_exclusive=alone)


def _read(kind: Kind, module: AnsibleModule, client: Client) -> dict[str, Any]:
    params = module.params
    tenant = client.settings.tenant if kind.in_tenant else None
    if params["name"] is not None:
        found = client.find(kind, params["name"], tenant)
        return {"changed": False, "objects": [] if found is None else [found]}
    listed = client.objects(
        kind, tenant, params["label_selector"], params["filters"], recursive=bool(params.get("recursive"))
    )
    return {"changed": False, "objects": list(listed)}
