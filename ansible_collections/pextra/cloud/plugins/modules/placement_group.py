#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: placement_group
short_description: Manage placement groups of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Instances that are to be together, or apart. Those that have a host stay there, whatever joins or
    leaves the group.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.placement_group_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the placement group.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the placement group is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  rule:
    description:
      - 'C(affinity): all in one; C(anti_affinity): no two in one; C(spread): evenly over all of them.'
      - Needed when the object is made.
      - Cannot change in place; see O(replace).
    type: str
    choices:
      - affinity
      - anti_affinity
      - spread
  topology:
    description:
      - 'In one what: a host, a rack or a zone. Hosts whose rack nobody has named are in one rack, C(default),
        of their zone.'
      - A new object has V(host).
      - Cannot change in place; see O(replace).
    type: str
    choices:
      - host
      - rack
      - zone
  mode:
    description:
      - 'C(required): an instance that would break the rule waits; C(preferred): it is kept as far as
        there is room.'
      - A new object has V(required).
      - Cannot change in place; see O(replace).
    type: str
    choices:
      - required
      - preferred
  description:
    description:
      - What the group is for.
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is a placement group
  pextra.cloud.placement_group:
    name: etcd
    tenant: acme
    rule: anti_affinity
    topology: rack
    labels:
      made-by: ansible

- name: Change the labels of the placement group, and nothing else
  pextra.cloud.placement_group:
    name: etcd
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such placement group
  pextra.cloud.placement_group:
    name: etcd
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The placement group as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: placement_group
    metadata:
      name: etcd
    spec:
      rule: anti_affinity
      topology: rack
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: etcd
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("placement_group", "placement_groups", short_names=["pg"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "rule": {"type": "str", "choices": ["affinity", "anti_affinity", "spread"]},
            "topology": {"type": "str", "choices": ["host", "rack", "zone"]},
            "mode": {"type": "str", "choices": ["required", "preferred"]},
            "description": {"type": "str"},
        },
        ["rule", "topology", "mode", "description"],
    )


if __name__ == "__main__":
    main()
