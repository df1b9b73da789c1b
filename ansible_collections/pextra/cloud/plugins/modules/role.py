#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: role
short_description: Manage roles of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - A set of actions, for the tenant and those below. Every cloud has owner, admin, operator, member,
    reader, auditor and billing; these are a tenant's own beside them.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.role_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the role.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the role is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  actions:
    description:
      - The actions, or patterns of them. Nobody can make a role of more than they may do themselves.
      - Needed when the object is made.
      - At most 500.
    type: list
    elements: str
  description:
    description:
      - What the role is for.
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is a role
  pextra.cloud.role:
    name: image-keeper
    tenant: acme
    actions:
      - image.*
      - share.*
      - '*.read'
    description: keeps the golden images
    labels:
      made-by: ansible

- name: Change the labels of the role, and nothing else
  pextra.cloud.role:
    name: image-keeper
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such role
  pextra.cloud.role:
    name: image-keeper
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The role as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: role
    metadata:
      name: image-keeper
    spec:
      actions:
        - image.*
        - share.*
        - '*.read'
      description: keeps the golden images
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: image-keeper
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("role", "roles"),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "actions": {"type": "list", "elements": "str"},
            "description": {"type": "str"},
        },
        ["actions", "description"],
    )


if __name__ == "__main__":
    main()
