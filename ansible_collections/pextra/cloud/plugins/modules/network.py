#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: network
short_description: Manage networks of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - A tenant's own layer-2 segment; its addresses come from subnets.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.network_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the network.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the network is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  mtu:
    description:
      - Largest packet. The default leaves room for an overlay's header.
      - A new object has V(1442).
      - From 1280 to 9000.
    type: int
  description:
    description:
      - What the network is for.
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is a network
  pextra.cloud.network:
    name: front
    tenant: acme
    labels:
      made-by: ansible

- name: Change the labels of the network, and nothing else
  pextra.cloud.network:
    name: front
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such network
  pextra.cloud.network:
    name: front
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The network as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: network
    metadata:
      name: front
    spec: {}
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: front
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("network", "networks", short_names=["net"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "mtu": {"type": "int"},
            "description": {"type": "str"},
        },
        ["mtu", "description"],
    )


if __name__ == "__main__":
    main()
