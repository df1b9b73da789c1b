#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: tenant
short_description: Manage tenants of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - 'An owner of objects: a customer, a team or an environment. Tenants form a tree and cannot move.'
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.tenant_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the tenant.
    type: str
    required: true
  tenant:
    description:
      - Has no effect, for tenants are in no tenant. So it can be a default of all modules.
    type: str
  state:
    description:
      - Whether the tenant is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  display_name:
    description:
      - The name that people see.
    type: str
  suspended:
    description:
      - Whether its users and those of the tenants below are shut out. What runs goes on; whoever acts
        from a tenant above may still do everything. Takes effect at once.
      - A new object has V(false).
    type: bool
"""

EXAMPLES = r"""
---
- name: Make sure that there is a tenant
  pextra.cloud.tenant:
    name: acme
    display_name: Acme Ltd.
    labels:
      made-by: ansible

- name: Change the labels of the tenant, and nothing else
  pextra.cloud.tenant:
    name: acme
    labels:
      stage: test

- name: Make sure that there is no such tenant
  pextra.cloud.tenant:
    name: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The tenant as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: tenant
    metadata:
      name: acme
    spec:
      display_name: Acme Ltd.
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: acme
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("tenant", "tenants", in_tenant=False),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "display_name": {"type": "str"},
            "suspended": {"type": "bool"},
        },
        ["display_name", "suspended"],
    )


if __name__ == "__main__":
    main()
