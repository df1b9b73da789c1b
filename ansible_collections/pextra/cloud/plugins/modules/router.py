#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: router
short_description: Manage routers of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - 'Joins networks of a tenant that span hosts: a packet between two of them passes on the sender''s
    host.'
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.router_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the router.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the router is to be there, and as the options say, or not to be there.
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
  interfaces:
    description:
      - The networks that it joins. What their security groups let through is decided by them still.
      - At most 64.
    type: list
    elements: dict
    suboptions:
      network:
        description:
          - The network, of the same tenant.
          - Names a network.
        type: str
        required: true
      addresses:
        description:
          - The router's own there; without them, it is the gateway of every subnet, which one router
            of a network can be.
          - At most 16.
        type: list
        elements: str
  routes:
    description:
      - Static routes; several of one destination share what is sent there. Its own networks need none.
      - At most 200.
    type: list
    elements: dict
    suboptions:
      destination:
        description:
          - The range, IPv4 or IPv6, without host bits.
        type: str
        required: true
      next_hop:
        description:
          - An address in one of the router's networks.
        type: str
        required: true
  gateway:
    description:
      - The way to everywhere that no network and no route of it leads to; without one, there is none.
      - To remove it, name it in O(unset).
    type: dict
    suboptions:
      pool:
        description:
          - Where it leads, and whence the router has an address outside, of each address family that
            the pool has.
          - Names an address pool.
        type: str
        required: true
      translate:
        description:
          - Whether what goes out from its networks is seen as the router's address outside; otherwise
            as what it is.
          - Without it, V(true) holds.
        type: bool
  description:
    description:
      - What the router is for.
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is a router
  pextra.cloud.router:
    name: core
    tenant: acme
    interfaces:
      - network: front
      - network: back
    gateway:
      pool: public
    labels:
      made-by: ansible

- name: Change the labels of the router, and nothing else
  pextra.cloud.router:
    name: core
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such router
  pextra.cloud.router:
    name: core
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The router as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: router
    metadata:
      name: core
    spec:
      interfaces:
        - network: front
        - network: back
      gateway:
        pool: public
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: core
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("router", "routers"),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["gateway"]},
            "interfaces": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "network": {"type": "str", "required": True},
                    "addresses": {"type": "list", "elements": "str"},
                },
            },
            "routes": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "destination": {"type": "str", "required": True},
                    "next_hop": {"type": "str", "required": True},
                },
            },
            "gateway": {
                "type": "dict",
                "options": {
                    "pool": {"type": "str", "required": True},
                    "translate": {"type": "bool"},
                },
            },
            "description": {"type": "str"},
        },
        ["interfaces", "routes", "gateway", "description"],
    )


if __name__ == "__main__":
    main()
