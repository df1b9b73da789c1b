#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: floating_ip
short_description: Manage floating ips of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - 'An address outside a tenant''s networks that leads to an instance: one of an address pool, on hosts
    of OVN, or the host''s own, of which ports are forwarded.'
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.floating_ip_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the floating ip.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the floating ip is to be there, and as the options say, or not to be there.
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
      - pool
      - address
  instance:
    description:
      - The instance that it leads to.
      - Needed when the object is made.
      - Names an instance.
      - Cannot change in place; see O(replace).
    type: str
  card:
    description:
      - The network card that it leads to, counted from 0.
      - A new object has V(0).
      - From 0 to 15.
    type: int
  pool:
    description:
      - 'Where the address is from, on hosts of OVN: all of it leads to the instance, and what the instance
        sends out is seen as coming from there. Without one, ports of the instance''s host are forwarded.'
      - Names an address pool.
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: str
  address:
    description:
      - A wanted address of the pool; without it, a free one.
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: str
  ports:
    description:
      - The ports that lead to the instance, where there is no pool.
      - At most 32.
    type: list
    elements: dict
    suboptions:
      protocol:
        description:
          - What is forwarded.
          - Without it, V(tcp) holds.
        type: str
        choices:
          - tcp
          - udp
      port:
        description:
          - The port outside; without it, a free one is chosen.
          - From 1 to 65535.
        type: int
      to_port:
        description:
          - The port of the instance.
          - From 1 to 65535.
        type: int
        required: true
"""

EXAMPLES = r"""
---
- name: Make sure that there is a floating ip
  pextra.cloud.floating_ip:
    name: web
    tenant: acme
    instance: web-1
    ports:
      - to_port: 80
    labels:
      made-by: ansible

- name: Change the labels of the floating ip, and nothing else
  pextra.cloud.floating_ip:
    name: web
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such floating ip
  pextra.cloud.floating_ip:
    name: web
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The floating ip as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: floating_ip
    metadata:
      name: web
    spec:
      instance: web-1
      ports:
        - to_port: 80
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: web
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("floating_ip", "floating_ips", short_names=["fip"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["pool", "address"]},
            "instance": {"type": "str"},
            "card": {"type": "int"},
            "pool": {"type": "str"},
            "address": {"type": "str"},
            "ports": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "protocol": {"type": "str", "choices": ["tcp", "udp"]},
                    "port": {"type": "int"},
                    "to_port": {"type": "int", "required": True},
                },
            },
        },
        ["instance", "card", "pool", "address", "ports"],
    )


if __name__ == "__main__":
    main()
