#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: address_pool
short_description: Manage address pools of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Addresses of a network outside, offered to every tenant's routers and floating IPs. Hosts of OVN reach
    it by a bridge of their own.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.address_pool_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the address pool.
    type: str
    required: true
  tenant:
    description:
      - Has no effect, for address pools are in no tenant. So it can be a default of all modules.
    type: str
  state:
    description:
      - Whether the address pool is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  unset:
    description:
      - Fields to remove, so that they are not set.
    type: list
    elements: str
    choices:
      - vlan
  physical:
    description:
      - 'What hosts call the network outside: the name in their C(ovn-bridge-mappings).'
      - Needed when the object is made.
      - Cannot change in place; see O(replace).
    type: str
  vlan:
    description:
      - Its tag there; without it, packets have none.
      - From 1 to 4094.
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: int
  mtu:
    description:
      - Largest packet outside.
      - A new object has V(1500).
      - From 1280 to 9000.
    type: int
  ranges:
    description:
      - The addresses. A router is given one of each address family that there is.
      - Needed when the object is made.
      - At most 16.
    type: list
    elements: dict
    suboptions:
      cidr:
        description:
          - The range, IPv4 or IPv6, without host bits.
        type: str
        required: true
      gateway:
        description:
          - The way on from there; nobody is given it.
        type: str
        required: true
      first:
        description:
          - The first address that is given; without it, the first after the range's own.
        type: str
      last:
        description:
          - The last one; without it, the last before the broadcast address.
        type: str
  description:
    description:
      - What is out there.
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is an address pool
  pextra.cloud.address_pool:
    name: public
    physical: public
    ranges:
      - cidr: 203.0.113.0/24
        gateway: 203.0.113.1
        first: 203.0.113.10
    labels:
      made-by: ansible

- name: Change the labels of the address pool, and nothing else
  pextra.cloud.address_pool:
    name: public
    labels:
      stage: test

- name: Make sure that there is no such address pool
  pextra.cloud.address_pool:
    name: public
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The address pool as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: address_pool
    metadata:
      name: public
    spec:
      physical: public
      ranges:
        - cidr: 203.0.113.0/24
          gateway: 203.0.113.1
          first: 203.0.113.10
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: public
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("address_pool", "address_pools", in_tenant=False),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["vlan"]},
            "physical": {"type": "str"},
            "vlan": {"type": "int"},
            "mtu": {"type": "int"},
            "ranges": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "cidr": {"type": "str", "required": True},
                    "gateway": {"type": "str", "required": True},
                    "first": {"type": "str"},
                    "last": {"type": "str"},
                },
            },
            "description": {"type": "str"},
        },
        ["physical", "vlan", "mtu", "ranges", "description"],
    )


if __name__ == "__main__":
    main()
