#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: subnet
short_description: Manage subnets of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - An address range of a network.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.subnet_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the subnet.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the subnet is to be there, and as the options say, or not to be there.
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
      - gateway
  network:
    description:
      - The network whose addresses these are, of the same tenant.
      - Needed when the object is made.
      - Names a network.
      - Cannot change in place; see O(replace).
    type: str
  cidr:
    description:
      - The range, IPv4 or IPv6, without host bits.
      - Needed when the object is made.
      - Cannot change in place; see O(replace).
    type: str
  gateway:
    description:
      - The router's address in the range; without it, the first one.
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: str
  dns_servers:
    description:
      - Name servers that guests are told of.
      - At most 8.
    type: list
    elements: str
  routes:
    description:
      - Further routes that guests are told of when they ask for their address, on hosts whose networks
        span hosts.
      - At most 20.
    type: list
    elements: dict
    suboptions:
      destination:
        description:
          - The range, IPv4, without host bits.
        type: str
        required: true
      next_hop:
        description:
          - A router's address in the subnet.
        type: str
        required: true
"""

EXAMPLES = r"""
---
- name: Make sure that there is a subnet
  pextra.cloud.subnet:
    name: front-v4
    tenant: acme
    network: front
    cidr: 10.1.0.0/24
    labels:
      made-by: ansible

- name: Change the labels of the subnet, and nothing else
  pextra.cloud.subnet:
    name: front-v4
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such subnet
  pextra.cloud.subnet:
    name: front-v4
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The subnet as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: subnet
    metadata:
      name: front-v4
    spec:
      network: front
      cidr: 10.1.0.0/24
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: front-v4
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("subnet", "subnets"),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["gateway"]},
            "network": {"type": "str"},
            "cidr": {"type": "str"},
            "gateway": {"type": "str"},
            "dns_servers": {"type": "list", "elements": "str"},
            "routes": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "destination": {"type": "str", "required": True},
                    "next_hop": {"type": "str", "required": True},
                },
            },
        },
        ["network", "cidr", "gateway", "dns_servers", "routes"],
    )


if __name__ == "__main__":
    main()
