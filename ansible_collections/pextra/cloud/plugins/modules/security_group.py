#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: security_group
short_description: Manage security groups of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - What may reach the instances of the group, and what they may reach.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.security_group_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the security group.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the security group is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  rules:
    description:
      - What is let through.
      - At most 200.
    type: list
    elements: dict
    suboptions:
      direction:
        description:
          - Towards the instance or away from it.
        type: str
        required: true
        choices:
          - ingress
          - egress
      protocol:
        description:
          - What is let through.
          - Without it, V(any) holds.
        type: str
        choices:
          - tcp
          - udp
          - icmp
          - any
      port_min:
        description:
          - First port, with C(tcp) and C(udp); without it, all ports.
          - From 1 to 65535.
        type: int
      port_max:
        description:
          - Last port; without it, C(port_min) alone.
          - From 1 to 65535.
        type: int
      remote_cidr:
        description:
          - The other side's addresses; without it, C(remote_addresses) and C(remote_group), anyone's.
        type: str
      remote_addresses:
        description:
          - Or those of this address group.
          - Names an address group.
        type: str
      remote_group:
        description:
          - Or those of the instances in this security group, which may be the rule's own.
          - Names a security group.
        type: str
  description:
    description:
      - What the group is for.
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is a security group
  pextra.cloud.security_group:
    name: web
    tenant: acme
    rules:
      - direction: ingress
        protocol: tcp
        port_min: 80
      - direction: egress
    labels:
      made-by: ansible

- name: Change the labels of the security group, and nothing else
  pextra.cloud.security_group:
    name: web
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such security group
  pextra.cloud.security_group:
    name: web
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The security group as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: security_group
    metadata:
      name: web
    spec:
      rules:
        - direction: ingress
          protocol: tcp
          port_min: 80
        - direction: egress
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
        Kind("security_group", "security_groups", short_names=["sg"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "rules": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "direction": {"type": "str", "required": True, "choices": ["ingress", "egress"]},
                    "protocol": {"type": "str", "choices": ["tcp", "udp", "icmp", "any"]},
                    "port_min": {"type": "int"},
                    "port_max": {"type": "int"},
                    "remote_cidr": {"type": "str"},
                    "remote_addresses": {"type": "str"},
                    "remote_group": {"type": "str"},
                },
            },
            "description": {"type": "str"},
        },
        ["rules", "description"],
    )


if __name__ == "__main__":
    main()
