#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: group
short_description: Manage groups of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Users and service accounts that have the same roles. Each member names the group in its own C(groups).
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.group_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the group.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the group is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  description:
    description:
      - What the group is for.
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is a group
  pextra.cloud.group:
    name: developers
    tenant: acme
    description: who builds the shop
    labels:
      made-by: ansible

- name: Change the labels of the group, and nothing else
  pextra.cloud.group:
    name: developers
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such group
  pextra.cloud.group:
    name: developers
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The group as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: group
    metadata:
      name: developers
    spec:
      description: who builds the shop
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: developers
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("group", "groups"),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "description": {"type": "str"},
        },
        ["description"],
    )


if __name__ == "__main__":
    main()
