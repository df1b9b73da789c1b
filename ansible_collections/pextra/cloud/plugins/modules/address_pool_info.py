#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: address_pool_info
short_description: Read address pools of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Reads address pools.
  - Addresses of a network outside, offered to every tenant's routers and floating IPs. Hosts of OVN reach
    it by a bridge of their own.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.reading
seealso:
  - module: pextra.cloud.address_pool
options:
  name:
    description:
      - Reads the address pool of this name only.
    type: str
  label_selector:
    description:
      - Reads only what has these labels, such as V(app=web,tier!=db,env in (a,b\),owner,!old).
    type: str
  filters:
    description:
      - Reads only what has these values, by the paths of fields that the API declares filterable, such
        as C(spec.size_gib).
    type: dict
  tenant:
    description:
      - Has no effect, for address pools are in no tenant. So it can be a default of all modules.
    type: str
"""

EXAMPLES = r"""
---
- name: Read all address pools
  pextra.cloud.address_pool_info: {}
  register: found

- name: Read one address pool
  pextra.cloud.address_pool_info:
    name: public
  register: found

- name: Read what has a label
  pextra.cloud.address_pool_info:
    label_selector: stage=test
"""

RETURN = r"""
---
objects:
  description:
    - The address pools, in the order of tenants and names, each with C(metadata), C(spec), C(resolved)
      and C(status).
    - Empty when O(name) names none that may be seen.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: address_pool
      metadata:
        name: public
      spec:
        physical: public
        ranges:
          - cidr: 203.0.113.0/24
            gateway: 203.0.113.1
            first: 203.0.113.10
"""

from ansible_collections.pextra.cloud.plugins.module_utils.info import read
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind


def main() -> None:
    read(Kind("address_pool", "address_pools", in_tenant=False))


if __name__ == "__main__":
    main()
