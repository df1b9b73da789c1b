#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: address_group
short_description: Manage address groups of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Addresses that rules of security groups name together; a change counts for instances that run.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.address_group_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the address group.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the address group is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  addresses:
    description:
      - IPv4 and IPv6 addresses, and ranges such as C(192.0.2.0/24), each once. Of an empty group nobody
        is let through.
      - At most 100.
    type: list
    elements: str
  description:
    description:
      - Whose addresses they are.
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is an address group
  pextra.cloud.address_group:
    name: offices
    tenant: acme
    addresses:
      - 192.0.2.0/24
      - 2001:db8:7::/48
    labels:
      made-by: ansible

- name: Change the labels of the address group, and nothing else
  pextra.cloud.address_group:
    name: offices
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such address group
  pextra.cloud.address_group:
    name: offices
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The address group as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: address_group
    metadata:
      name: offices
    spec:
      addresses:
        - 192.0.2.0/24
        - 2001:db8:7::/48
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: offices
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("address_group", "address_groups", short_names=["ag"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "addresses": {"type": "list", "elements": "str"},
            "description": {"type": "str"},
        },
        ["addresses", "description"],
    )


if __name__ == "__main__":
    main()
