#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: role_binding
short_description: Manage role bindings of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Gives a role to a user, a service account or a group, in this tenant and in all tenants below it.
    Deleting it takes the role away at once. Nobody can give more than they have.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.role_binding_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the role binding.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the role binding is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  role:
    description:
      - 'The role: one that every cloud has, or one of this tenant''s or of a tenant above.'
      - Needed when the object is made.
      - Names a role.
      - Cannot change in place; see O(replace).
    type: str
  subject:
    description:
      - Who has it.
      - Needed when the object is made.
      - Cannot change in place; see O(replace).
    type: dict
    suboptions:
      kind:
        description:
          - What it is.
        type: str
        required: true
        choices:
          - user
          - group
          - service_account
      name:
        description:
          - Its name; one of a tenant above as C(tenant/name).
        type: str
        required: true
"""

EXAMPLES = r"""
---
- name: Make sure that there is a role binding
  pextra.cloud.role_binding:
    name: ada-member
    tenant: acme
    role: member
    subject:
      kind: user
      name: ada
    labels:
      made-by: ansible

- name: Change the labels of the role binding, and nothing else
  pextra.cloud.role_binding:
    name: ada-member
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such role binding
  pextra.cloud.role_binding:
    name: ada-member
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The role binding as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: role_binding
    metadata:
      name: ada-member
    spec:
      role: member
      subject:
        kind: user
        name: ada
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: ada-member
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("role_binding", "role_bindings", short_names=["binding"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "role": {"type": "str"},
            "subject": {
                "type": "dict",
                "options": {
                    "kind": {"type": "str", "required": True, "choices": ["user", "group", "service_account"]},
                    "name": {"type": "str", "required": True},
                },
            },
        },
        ["role", "subject"],
    )


if __name__ == "__main__":
    main()
