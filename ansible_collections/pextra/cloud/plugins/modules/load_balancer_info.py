#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: load_balancer_info
short_description: Read load balancers of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Reads load balancers.
  - 'One address behind which several instances serve, on hosts of OVN: every host spreads the connections
    of its own guests.'
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.reading
seealso:
  - module: pextra.cloud.load_balancer
options:
  name:
    description:
      - Reads the load balancer of this name only.
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
      - The tenant whose objects are read, by its path from the root.
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  recursive:
    description:
      - Reads the objects of the tenants below, too.
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: Read all load balancers
  pextra.cloud.load_balancer_info:
    tenant: acme
  register: found

- name: Read one load balancer
  pextra.cloud.load_balancer_info:
    name: web
    tenant: acme
  register: found

- name: Read what has a label
  pextra.cloud.load_balancer_info:
    tenant: acme
    label_selector: stage=test
"""

RETURN = r"""
---
objects:
  description:
    - The load balancers, in the order of tenants and names, each with C(metadata), C(spec), C(resolved)
      and C(status).
    - Empty when O(name) names none that may be seen.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: load_balancer
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
"""

from ansible_collections.pextra.cloud.plugins.module_utils.info import read
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind


def main() -> None:
    read(Kind("load_balancer", "load_balancers", short_names=["lb"]))


if __name__ == "__main__":
    main()
