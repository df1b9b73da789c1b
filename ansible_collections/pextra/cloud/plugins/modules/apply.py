#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: apply
short_description: Make a Pextra cloud as manifests say
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Creates what is missing and changes what differs, for all objects that the manifests describe, and deletes what
    O(prune) selects and they do not name.
  - Everything is planned first, in one call. When anything would be refused, nothing is changed. Each write carries the
    plan's preconditions; when somebody else's change comes in between, what is left is planned anew.
  - Objects are made in the order of their references, and deleted in the opposite one.
  - A manifest says all of an object. What it does not name takes its default, other than with the modules of single
    kinds.
extends_documentation_fragment:
  - pextra.cloud.connection
attributes:
  check_mode:
    support: full
    details:
      - The prediction is the API's own plan, which knows what the same manifests are about to make.
  diff_mode:
    support: full
    details:
      - One diff for each object that changes, from the API's plan. Secrets never are in it.
options:
  src:
    description:
      - Files, or folders with all C(.yaml), C(.yml) and C(.json) files beneath them, on the host where the module runs.
      - They are read as YAML 1.2, as the C(pextra) command reads them, so that V(off) is a word.
    type: list
    elements: path
  definition:
    description:
      - Manifests, or lists of them. Ansible reads its own files as YAML 1.1, so quote words such as V('off').
      - Values of secret fields are not shown in the output. A managed host's own log holds the options of a task
        unless it sets C(no_log=true), so set it where the definition holds secrets, or keep those in files.
    type: list
    elements: raw
  tenant:
    description:
      - The tenant of objects that do not name one. Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  prune:
    description:
      - Deletes what the manifests do not name.
    type: dict
    suboptions:
      labels:
        description:
          - Deletes only what has these labels, such as C(app=shop), so that nothing goes that is not meant.
        type: str
        required: true
      tenant:
        description:
          - In which tenant. Without it, O(tenant), or the only one that the manifests name.
        type: str
  replace:
    description:
      - Whether to delete and make anew what has fields that would change and cannot change in place.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until everything that the manifests describe is ready, and what was pruned has gone.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait, altogether.
    type: int
    default: 600
seealso:
  - module: pextra.cloud.instance
"""

EXAMPLES = r"""
---
- name: Make the shop as the folder says, and remove what the folder no longer names
  pextra.cloud.apply:
    src: "{{ playbook_dir }}/manifests"
    tenant: acme
    prune:
      labels: app=shop

- name: Make a network and a volume
  pextra.cloud.apply:
    tenant: acme
    definition:
      - kind: network
        metadata:
          name: front
        spec: {}
      - kind: volume
        metadata:
          name: data
          labels:
            app: shop
        spec:
          size_gib: 10
"""

RETURN = r"""
---
changes:
  description:
    - What the plan says of each object, with C(kind), C(tenant), C(name), C(action), C(fields), C(quota) and
      C(placement), in the order in which it is done.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: volume
      tenant: acme
      name: data
      action: create
done:
  description:
    - What was done, by object, with its C(uid). Empty in check mode.
    - What was minted is in C(minted), this once; set C(no_log=true) on the task, or it is shown in the output.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: volume
      tenant: acme
      name: data
      action: created
      uid: 01a20672-81c2-7f7f-b311-1963061a23be
quota:
  description:
    - For each tenant and countable, what is C(used) and what would be C(after), and the C(limit).
  returned: success
  type: dict
summary:
  description:
    - How many objects are created, updated, and so on.
  returned: success
  type: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.pextra.cloud.plugins.module_utils.applying import Application
from ansible_collections.pextra.cloud.plugins.module_utils.client import Client
from ansible_collections.pextra.cloud.plugins.module_utils.diffs import diff_of
from ansible_collections.pextra.cloud.plugins.module_utils.errors import PextraError
from ansible_collections.pextra.cloud.plugins.module_utils.known_kinds import KNOWN
from ansible_collections.pextra.cloud.plugins.module_utils.manifests import Manifest, finder, read
from ansible_collections.pextra.cloud.plugins.module_utils.running import run


def apply(module: AnsibleModule, client: Client) -> dict[str, Any]:
    """Plan and, unless it is a check, carry out the plan."""
    params = module.params
    find = finder(KNOWN, client.kinds)
    manifests = read(params["src"] or [], params["definition"] or [], find, client.settings.tenant)
    for manifest in manifests:
        module.no_log_values.update(manifest.secrets())
    application = Application(
        client,
        manifests,
        prune_rule(params["prune"], client.settings.tenant, manifests),
        find,
        replace=params["replace"],
        wait=params["wait"],
        timeout_s=params["wait_timeout"],
    )
    plan = application.plan()
    effective = [change for change in plan["changes"] if change["action"] != "none"]
    if not module.check_mode:
        try:
            application.execute(plan)
        except PextraError as error:
            error.facts.update(done=list(application.outcomes.values()))
            raise
    result: dict[str, Any] = {
        "changed": bool(effective),
        "changes": effective,
        "done": list(application.outcomes.values()),
        "quota": plan.get("quota") or {},
        "summary": plan.get("summary") or {},
    }
    if module._diff:
        result["diff"] = [diff_of(application.kind(change), change) for change in effective]
    return result


def prune_rule(prune: dict[str, Any] | None, tenant: str | None, manifests: list[Manifest]) -> dict[str, Any] | None:
    """What may be deleted because the manifests do not name it.

    Raises:
        PextraError: it is not clear in which tenant.
    """
    if prune is None:
        return None
    owners = {manifest.metadata["tenant"] for manifest in manifests if "tenant" in manifest.metadata}
    where = prune["tenant"] or tenant or (owners.pop() if len(owners) == 1 else None)
    if where is None:
        raise PextraError("prune deletes in one tenant: give prune.tenant")
    return {"labels": prune["labels"], "tenant": where}


def main() -> None:
    run(
        {
            "src": {"type": "list", "elements": "path"},
            "definition": {"type": "list", "elements": "raw"},
            "tenant": {"type": "str"},
            "prune": {
                "type": "dict",
                "options": {"labels": {"type": "str", "required": True}, "tenant": {"type": "str"}},
            },
            "replace": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 600},
        },
        apply,
        required_one_of=[("src", "definition")],
    )


if __name__ == "__main__":
    main()
