# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Acts on an object: reboot, set a password. An act is no desired state, so each run of a task carries it out."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.pextra.cloud.plugins.module_utils.client import Client
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.running import given

OPERATION = Kind("operation", "operations")


def carry_out(module: AnsibleModule, client: Client, kind: Kind, result: dict[str, Any], remaining_s: float) -> None:
    """Carries out the act that the task names, on the object of its result, and adds what came of it.

    In check mode the act is announced only: acts have no dry run.

    Args:
        module: whose options C(action), C(arguments) and C(wait) say what to do.
        client: whom to ask.
        kind: of the object.
        result: what the task returns so far; gets C(operation) or C(minted).
        remaining_s: how long to wait for the end.

    Raises:
        ApiError: the act is refused.
        OperationFailedError: it ended without success.
        WaitTimeoutError: it has not ended in time.
    """
    action = module.params["action"]
    result["changed"] = True
    if "diff" in result:
        result["diff"]["after"] = dict(result["diff"]["after"], action=action)
    if module.check_mode:
        return
    metadata = result["object"]["metadata"]
    name, tenant, uid = metadata["name"], metadata.get("tenant"), metadata["uid"]
    answer = client.act(kind, name, tenant, action, given(module.params.get("arguments") or {}), uid)
    if "minted" in answer:
        result["minted"] = answer["minted"]
        return
    if module.params["wait"]:
        answer = client.wait_finished(OPERATION, answer, timeout_s=remaining_s)
        result["object"] = client.find(kind, name, tenant)
    result["operation"] = answer
