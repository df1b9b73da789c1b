#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: policy
short_description: Manage policies of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Rules by attributes of who asks, of the object and of the request, for this tenant and all below it.
    They bind everybody but those who act from a tenant above.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.policy_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the policy.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the policy is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  text:
    description:
      - One or several Cedar policies, checked against the schema at C(/v1/schemas/cedar.json). What any
        of them forbids is forbidden; what one permits is allowed as if by a role.
      - Needed when the object is made.
    type: str
  description:
    description:
      - What the policy is for.
    type: str
  enabled:
    description:
      - Whether it counts.
      - A new object has V(true).
    type: bool
"""

EXAMPLES = r"""
---
- name: Make sure that there is a policy
  pextra.cloud.policy:
    name: small-volumes
    tenant: acme
    text: |-
      forbid (principal, action in Action::"volume", resource is Volume)
      when { resource.spec.size_gib > 100 };
    labels:
      made-by: ansible

- name: Change the labels of the policy, and nothing else
  pextra.cloud.policy:
    name: small-volumes
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such policy
  pextra.cloud.policy:
    name: small-volumes
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The policy as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: policy
    metadata:
      name: small-volumes
    spec:
      text: |-
        forbid (principal, action in Action::"volume", resource is Volume)
        when { resource.spec.size_gib > 100 };
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: small-volumes
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("policy", "policies"),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "text": {"type": "str"},
            "description": {"type": "str"},
            "enabled": {"type": "bool"},
        },
        ["text", "description", "enabled"],
    )


if __name__ == "__main__":
    main()
