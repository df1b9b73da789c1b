#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: load_balancer
short_description: Manage load balancers of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - 'One address behind which several instances serve, on hosts of OVN: every host spreads the connections
    of its own guests.'
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.load_balancer_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the load balancer.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the load balancer is to be there, and as the options say, or not to be there.
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
      - network
      - address
  router:
    description:
      - 'By which it is reached: from all networks that the router joins, where members are, too.'
      - Needed when the object is made.
      - Names a router.
      - Cannot change in place; see O(replace).
    type: str
  network:
    description:
      - The network, one of the router's, that its address is in; without it, the address is of the pool
        that the router goes out to, and reached from outside.
      - Names a network.
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: str
  address:
    description:
      - A wanted address; without it, a free one.
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: str
  listeners:
    description:
      - Its ports.
      - Needed when the object is made.
      - At most 32.
    type: list
    elements: dict
    suboptions:
      protocol:
        description:
          - What is spread over the members.
          - Without it, V(tcp) holds.
        type: str
        choices:
          - tcp
          - udp
      port:
        description:
          - The port of the load balancer's address.
          - From 1 to 65535.
        type: int
        required: true
      to_port:
        description:
          - The port of the members; without it, the same.
          - From 1 to 65535.
        type: int
      affinity_s:
        description:
          - How long a client stays with a member after its last connection; with 0, each connection goes
            anywhere.
          - Without it, V(0) holds.
          - From 0 to 86400.
        type: int
      check:
        description:
          - How members are found to serve; without it, every one is taken to.
        type: dict
        suboptions:
          interval_s:
            description:
              - How often each is asked.
              - Without it, V(5) holds.
              - From 1 to 300.
            type: int
          timeout_s:
            description:
              - How long an answer may take.
              - Without it, V(20) holds.
              - From 1 to 300.
            type: int
          successes:
            description:
              - After so many answers in a row it serves.
              - Without it, V(3) holds.
              - From 1 to 10.
            type: int
          failures:
            description:
              - After so many that did not come, it is left out.
              - Without it, V(3) holds.
              - From 1 to 10.
            type: int
  members:
    description:
      - Instances that serve.
      - At most 250.
    type: list
    elements: dict
    suboptions:
      instance:
        description:
          - The instance, of the same tenant.
          - Names an instance.
        type: str
        required: true
      card:
        description:
          - The network card at which it serves, counted from 0.
          - Without it, V(0) holds.
          - From 0 to 15.
        type: int
  selector:
    description:
      - 'Labels: every instance of the tenant that has all of them serves, too, by its first card.'
    type: dict
  description:
    description:
      - What the load balancer is for.
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is a load balancer
  pextra.cloud.load_balancer:
    name: web
    tenant: acme
    router: core
    network: front
    listeners:
      - port: 80
        check: {}
    selector:
      app: web
    labels:
      made-by: ansible

- name: Change the labels of the load balancer, and nothing else
  pextra.cloud.load_balancer:
    name: web
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such load balancer
  pextra.cloud.load_balancer:
    name: web
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The load balancer as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: load_balancer
    metadata:
      name: web
    spec:
      router: core
      network: front
      listeners:
        - port: 80
          check: {}
      selector:
        app: web
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
        Kind("load_balancer", "load_balancers", short_names=["lb"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["network", "address"]},
            "router": {"type": "str"},
            "network": {"type": "str"},
            "address": {"type": "str"},
            "listeners": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "protocol": {"type": "str", "choices": ["tcp", "udp"]},
                    "port": {"type": "int", "required": True},
                    "to_port": {"type": "int"},
                    "affinity_s": {"type": "int"},
                    "check": {
                        "type": "dict",
                        "options": {
                            "interval_s": {"type": "int"},
                            "timeout_s": {"type": "int"},
                            "successes": {"type": "int"},
                            "failures": {"type": "int"},
                        },
                    },
                },
            },
            "members": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "instance": {"type": "str", "required": True},
                    "card": {"type": "int"},
                },
            },
            "selector": {"type": "dict"},
            "description": {"type": "str"},
        },
        ["router", "network", "address", "listeners", "members", "selector", "description"],
    )


if __name__ == "__main__":
    main()
